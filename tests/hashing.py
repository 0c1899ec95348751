"""What a password's hash costs in the tests: next to nothing, but where the cost is the matter."""

from collections.abc import Iterator
from contextlib import contextmanager

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tandem.crm.identity import passwords

FULL = (passwords.TIME_COST, passwords.MEMORY_KIB)
CHEAP = (1, 8)
"""argon2's own least: microseconds instead of 25 ms."""


def set_cost(time_cost: int, memory_kib: int) -> None:
    passwords.TIME_COST, passwords.MEMORY_KIB = time_cost, memory_kib
    hasher = Argon2Hasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
    passwords._hasher = PasswordHash((hasher,))
    passwords._nobody.cache_clear()


@contextmanager
def at_full_cost() -> Iterator[None]:
    """As the product hashes. What was hashed before is of yesterday's parameters to it."""
    set_cost(*FULL)
    try:
        yield
    finally:
        set_cost(*CHEAP)
