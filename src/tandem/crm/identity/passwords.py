"""argon2id, off the event loop, a few at a time so that logins cannot fill the memory."""

import asyncio
import functools
import secrets

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

AT_ONCE = 2
_gate = asyncio.Semaphore(AT_ONCE)
_hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
"""OWASP's argon2id minimum: 19 MiB, two passes."""


async def hash_password(password: str) -> str:
    async with _gate:
        return await asyncio.to_thread(_hasher.hash, password)


async def is_password(password: str, hashed: str | None) -> bool:
    """Takes as long for an unknown person as for a known one."""
    async with _gate:
        found = await asyncio.to_thread(_hasher.verify, password, hashed or _nobody())
    return found and hashed is not None


@functools.cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
