"""Asking much of the database without being able to change it, or to hold it up for long."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal


class CutShort(Exception):
    """A statement took too long, or somebody gave it up."""


_BEGIN = (
    "savepoint reading;"
    " set local transaction_read_only = on;"
    " set local work_mem = '64MB';"
    " set local plan_cache_mode = force_custom_plan;"
    " set local statement_timeout = {milliseconds}"
)
_END = "rollback to savepoint reading; release savepoint reading"
"""Nothing was written; going back is what brings the settings of before with it."""


@asynccontextmanager
async def reading(tx: Tx, *, seconds: float) -> AsyncIterator[None]:
    """Statements in here may take so many seconds each and write nothing: PostgreSQL refuses.

    Plans are made for the values that are asked for: a day and three years are not read alike.
    What is cut short raises CutShort and leaves the transaction as it was. Whatever else goes
    wrong is left to the transaction's own end.
    """
    await tx.connection.execute(_BEGIN.format(milliseconds=max(1, int(seconds * 1000))))
    try:
        yield
    except Refusal:
        await tx.connection.execute(_END)
        raise
    except asyncpg.QueryCanceledError as reason:
        await tx.connection.execute(_END)
        raise CutShort from reason
    await tx.connection.execute(_END)
