"""argon2id, off the event loop, a few at a time so that logins can fill neither memory nor time."""

import asyncio
import functools
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2.low_level import Type, hash_secret_raw
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tandem.kernel.errors import Unavailable

T = TypeVar("T")

AT_ONCE = 2
WAITING_MAX = 100
"""At some 25 ms each, two at a time, the last one in the queue waits about a second."""
TIME_COST, MEMORY_KIB = 2, 19_456
"""OWASP's argon2id minimum: two passes over 19 MiB."""
_hasher = PasswordHash((Argon2Hasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=1),))
_workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
_inside = 0


class TooManyAtOnce(Unavailable):
    """The queue is full: sooner a plain no than memory and time without end."""

    code = "too_many_sign_ins"


async def hash_password(password: str) -> str:
    return await _in_turn(lambda: _hasher.hash(password))


async def is_password(password: str, hashed: str | None) -> bool:
    """Takes as long for an unknown person as for a known one."""
    return (await verify_password(password, hashed))[0]


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Whether it is right, and a new hash where the stored one has yesterday's parameters."""
    found, fresh = await _in_turn(lambda: _hasher.verify_and_update(password, hashed or _nobody()))
    is_right = found and hashed is not None
    return is_right, fresh if is_right else None


async def stretch(secret: str, salt: bytes) -> bytes:
    """argon2id without a salt of its own: for what is looked up by its hash. 32 bytes."""
    return await _in_turn(
        lambda: hash_secret_raw(
            secret.encode(),
            salt,
            time_cost=TIME_COST,
            memory_cost=MEMORY_KIB,
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )
    )


async def _in_turn(work: Callable[[], T]) -> T:
    global _inside
    if _inside >= AT_ONCE + WAITING_MAX:
        refusal = TooManyAtOnce("Many people sign in right now. Try again in a few seconds.")
        refusal.headers = {"retry-after": "3"}
        raise refusal
    _inside += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_workers, work)
    finally:
        _inside -= 1


@functools.cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
