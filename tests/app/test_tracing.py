import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import msgspec
import pytest

from tandem.app.asgi import create_app
from tandem.app.settings import Settings
from tandem.kernel.db import Database
from tests.givens import visitor


class Collector(BaseHTTPRequestHandler):
    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[str]:
    Collector.received = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


async def test_a_request_becomes_a_span_named_by_its_route(
    settings: Settings, database: Database, collector: str
) -> None:
    traced = msgspec.structs.replace(settings, otlp_endpoint=collector)
    async with visitor(create_app(traced, database)) as browser:
        assert (await browser.get("/healthz")).status_code == 200
    async with asyncio.timeout(15):
        while not Collector.received:  # noqa: ASYNC110  the exporter's own thread has no event
            await asyncio.sleep(0.05)
    path, body = Collector.received[0]
    assert path == "/v1/traces"
    assert b"GET /healthz" in body
