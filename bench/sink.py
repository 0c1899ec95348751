"""A mail server that keeps nothing but who came when, by Message-ID. Loopback only."""

import asyncio
import threading
import time
from collections import Counter

HELLO = b"220 sink\r\n"
READY = b"250 sink\r\n"
GO_ON = b"354 go on\r\n"
DONE = b"250 taken\r\n"
BYE = b"221 bye\r\n"
END = b"\r\n.\r\n"


class Sink:
    """`arrived` counts by Message-ID; `times` are when, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.times: dict[str, float] = {}
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10), "the sink did not start"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def take(self, message_id: str) -> None:
        self.arrived[message_id] += 1
        self.times.setdefault(message_id, time.monotonic())

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        opened = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Line(self), "127.0.0.1", 0)
        )
        self.port = opened.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        opened.close()


class _Line(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""
        self._is_data = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(HELLO)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        assert self._transport is not None
        mark = END if self._is_data else b"\r\n"
        text, found, rest = self._buffer.partition(mark)
        if not found:
            return False
        self._buffer = rest
        if self._is_data:
            self._is_data = False
            self._sink.take(_message_id(text))
            self._transport.write(DONE)
            return True
        verb = text[:4].upper()
        if verb == b"QUIT":
            self._transport.write(BYE)
            self._transport.close()
            return False
        self._is_data = verb == b"DATA"
        self._transport.write(GO_ON if self._is_data else READY)
        return True


def _message_id(letter: bytes) -> str:
    for line in letter.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"message-id":
            return value.strip().decode("ascii", "replace")
    return ""
