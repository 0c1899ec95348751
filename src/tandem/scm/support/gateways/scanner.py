"""Looking into files for viruses: a port, and clamd behind it.

clamd's INSTREAM: https://docs.clamav.net/manual/Usage/Scanning.html and `man 8 clamd`, COMMANDS.
"""

import asyncio
import struct
from typing import Protocol
from urllib.parse import urlsplit

CHUNK = 64 * 1024
SECONDS_MAX = 60.0
ANSWER_MAX = 4_096


class ScannerAway(Exception):
    """No verdict: it is not there, did not answer in time, or said something else."""


class Scanner(Protocol):
    @property
    def is_configured(self) -> bool: ...

    async def is_clean(self, content: bytes) -> bool:
        """Raises ScannerAway where there is no verdict."""


class ClamdScanner:
    """`tcp://host:3310`, or nothing: then it is not configured and never asked."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 3310

    @property
    def is_configured(self) -> bool:
        return bool(self._host)

    async def is_clean(self, content: bytes) -> bool:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                answer = await self._ask(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as reason:
            raise ScannerAway(f"clamd at {self._host}:{self._port}: {reason!r}") from reason
        if answer.endswith("FOUND"):
            return False
        if answer.endswith("OK"):
            return True
        raise ScannerAway(f"clamd said {answer[:200]!r}")

    async def _ask(self, content: bytes) -> str:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                part = content[start : start + CHUNK]
                writer.write(struct.pack("!L", len(part)) + part)
                await writer.drain()
            writer.write(struct.pack("!L", 0))
            await writer.drain()
            said = await reader.read(ANSWER_MAX)
        finally:
            writer.close()
        return said.rstrip(b"\0\r\n").decode(errors="replace")
