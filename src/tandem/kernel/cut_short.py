"""Statements that may take so long and no longer: nobody's question stops the others' work."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal


class CutShort(Exception):
    """A statement took too long, or somebody gave it up."""


_LIMITS = (
    "set local work_mem = '64MB'; set local plan_cache_mode = force_custom_plan;"
    " set local statement_timeout = {milliseconds}"
)
"""Room to hash a million rows; plans for the values that are asked for, because a day and three
years are not read alike; and the time."""
_NO_LIMIT = "set local statement_timeout = 0"
_READ_ONLY = "savepoint looking; set local transaction_read_only = on;"
_BACK = "rollback to savepoint looking; release savepoint looking"
"""Nothing was written; going back is what brings the settings of before with it."""


@asynccontextmanager
async def limited(tx: Tx, *, seconds: float) -> AsyncIterator[None]:
    """Statements in here may take so many seconds each. CutShort: the transaction is over."""
    await tx.connection.execute(_limits(seconds))
    with _saying_so():
        yield
    await tx.connection.execute(_NO_LIMIT)


@asynccontextmanager
async def read_only(tx: Tx, *, seconds: float) -> AsyncIterator[None]:
    """As `limited`, and they write nothing: PostgreSQL refuses.

    Plans are made for the values that are asked for: a day and three years are not read alike.
    What is cut short leaves the transaction as it was. Whatever else goes wrong is left to the
    transaction's own end.
    """
    await tx.connection.execute(_READ_ONLY + _limits(seconds))
    try:
        with _saying_so():
            yield
    except (Refusal, CutShort):
        await tx.connection.execute(_BACK)
        raise
    await tx.connection.execute(_BACK)


def _limits(seconds: float) -> str:
    return _LIMITS.format(milliseconds=max(1, int(seconds * 1000)))


@contextmanager
def _saying_so() -> Iterator[None]:
    try:
        yield
    except asyncpg.QueryCanceledError as reason:
        raise CutShort from reason
