"""An answer leaves in one write: uvicorn writes its head and its body apart, uvloop sends each at
once, and a system call costs as much as all that the suite does to a short answer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = b"HTTP/1.1 "


class Joining:
    """A transport that keeps an answer's head back until the next write, or until the event loop
    has its turn again: a stream's head goes out at once although its body comes much later."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def write(self, data: bytes) -> None:
        held = self._held
        if held is None:
            if not data.startswith(HEAD):
                if not self._transport.is_closing():
                    self._transport.write(data)
                return
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._held = None
            self._transport.writelines((held, data))

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, None
        if held is not None and not self._transport.is_closing():
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport can do, but never past what is still held."""
        self._flush()
        return getattr(self._transport, name)


class OneWrite(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 on a transport that joins writes."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Joining(transport, asyncio.get_running_loop()))  # type: ignore[arg-type]  # a transport in all it does
