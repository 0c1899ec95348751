"""A receiver on loopback that keeps what it gets and answers what it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec


class Got(msgspec.Struct):
    headers: dict[str, str]
    body: bytes


class Receiver:
    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answer: Callable[[Got], int] = lambda _: 204
        """With 0 it takes what comes and says nothing, until the caller hangs up; below it
        hangs up itself."""
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {
            name.lower(): value
            for name, _, value in (line.partition(": ") for line in head.splitlines()[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        got = Got(headers, body)
        self.got.append(got)
        status = self.answer(got)
        if status <= 0:
            if status == 0:
                await reader.read()
            writer.close()
            return
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    running = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/hooks"
    try:
        yield made
    finally:
        running.close()
