"""A sandbox in a thread of its own, on free ports, for as long as a test needs it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import msgspec
import uvicorn
from litestar import Litestar

from tandem.app.loading import hold_collector, keep_what_is_loaded
from tandem.sandbox.server import build, equip, served
from tandem.sandbox.settings import SandboxSettings
from tests.waiting import until

STOP_SECONDS = 15.0
IDLE: list[Litestar] = []
"""Applications that no test uses: setting up their routes takes a quarter of a second of CPU, a new
state some milliseconds."""


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    settings: SandboxSettings
    http: httpx2.Client

    def break_next(self, target: str, kind: str, **more: object) -> None:
        answer = self.http.post("/sandbox/faults", json={"target": target, "kind": kind, **more})
        assert answer.status_code == 201, answer.text


@contextmanager
def running_sandbox(folder: Path) -> Iterator[Sandbox]:
    settings = SandboxSettings(
        port=free_port(),
        smtp_port=free_port(),
        data=folder / "data",
        clock_file=folder / "clock.json",
    )
    app = IDLE.pop() if IDLE else _build()
    equip(app, settings)
    server = uvicorn.Server(served(app, settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started, "the sandbox did not start"
        with httpx2.Client(base_url=settings.base_url, trust_env=False, timeout=10) as http:
            yield Sandbox(settings=settings, http=http)
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
    assert not thread.is_alive(), "the sandbox did not stop"
    IDLE.append(app)


def _build() -> Litestar:
    hold_collector()
    made = build()
    keep_what_is_loaded()
    return made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
