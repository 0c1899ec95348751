"""The sandbox as a process of its own: on loopback only, and nothing lost when it is killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tandem.sandbox.__main__ import read_settings
from tandem.sandbox.settings import SandboxSettings
from tests.sandbox.listening import Listener
from tests.sandbox.serving import Sandbox, free_port
from tests.sandbox.test_mailbox import inbox, letter, send
from tests.sandbox.test_sms import TEXT, post
from tests.waiting import until


@contextmanager
def process(settings: SandboxSettings) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "tandem.sandbox"),
            *("--port", str(settings.port), "--smtp-port", str(settings.smtp_port)),
            *("--data", str(settings.data), "--clock-file", str(settings.clock_file)),
        ]
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def answers(sandbox: Sandbox) -> bool:
    try:
        return sandbox.http.get("/sandbox/health").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Sandbox]:
    settings = SandboxSettings(
        port=free_port(),
        smtp_port=free_port(),
        data=tmp_path / "data",
        clock_file=tmp_path / "clock.json",
    )
    with httpx2.Client(base_url=settings.base_url, trust_env=False, timeout=10) as http:
        yield Sandbox(settings=settings, http=http)


def test_nothing_acknowledged_is_lost_to_a_kill(outside: Sandbox, listener: Listener) -> None:
    listener.answers += [503] * 2
    with process(outside.settings) as running:
        until(lambda: answers(outside))
        outside.http.post("/sandbox/clock", json={"advance": "2h"})
        outside.break_next("smtp", "550", count=3, match="ravi@")
        send(outside, letter())
        post(outside, data=TEXT | {"StatusCallback": listener.url})
        until(lambda: len(listener.calls) == 2)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()

    with process(outside.settings):
        until(lambda: answers(outside))
        assert [message["kind"] for message in inbox(outside)] == ["sms", "email"]
        assert outside.http.get("/sandbox/faults").json()[0]["left"] == 3
        assert outside.http.get("/sandbox/clock").json()["offset_seconds"] == 7200
        until(lambda: len(listener.calls) == 4)
        statuses = sorted(call.form["MessageStatus"] for call in listener.calls[2:])
        assert statuses == ["delivered", "sent"]


def test_it_stops_at_once_when_asked(outside: Sandbox) -> None:
    with process(outside.settings) as running:
        until(lambda: answers(outside))
        running.terminate()
        running.wait(5)


def test_a_taken_mail_port_stops_the_start(outside: Sandbox) -> None:
    with socket.socket() as taken, process(outside.settings) as running:
        taken.bind(("127.0.0.1", outside.settings.smtp_port))
        taken.listen()
        assert running.wait(15) != 0


def test_it_listens_on_loopback_and_takes_no_other_address(outside: Sandbox) -> None:
    with process(outside.settings):
        until(lambda: answers(outside))
        for port in (outside.settings.port, outside.settings.smtp_port):
            socket.create_connection(("127.0.0.1", port), 2).close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), 2)
    arguments = ["--port", "1", "--smtp-port", "2", "--data", "d", "--clock-file", "c"]
    assert read_settings(arguments).base_url == "http://127.0.0.1:1"
    with pytest.raises(SystemExit):
        read_settings([*arguments, "--host", "192.0.2.1"])
