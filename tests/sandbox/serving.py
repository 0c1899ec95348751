"""A sandbox in a thread of its own, on free ports, for as long as a test needs it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import msgspec
import uvicorn

from tandem.sandbox.server import serving
from tandem.sandbox.settings import SandboxSettings
from tests.waiting import until

STOP_SECONDS = 15.0


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
    server = uvicorn.Server(serving(settings))
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
