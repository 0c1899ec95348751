"""A rule's statement may take so long and no longer: nobody's question stops the others' work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tandem.kernel.db import Query, Tx
from tandem.kernel.errors import Invalid

LIMIT_TIME = Query(
    "select set_config('statement_timeout', :milliseconds, true)",
    beyond_org="a setting of this transaction alone; no row is read",
)
MEMORY = Query(
    "select set_config('work_mem', '64MB', true)",
    beyond_org="a setting of this transaction alone; no row is read",
)


class RuleTooSlow(Invalid):
    """The answer would take too long; the transaction is over."""

    code = "rule_too_slow"


@asynccontextmanager
async def bounded(tx: Tx, *, seconds: float) -> AsyncIterator[None]:
    """Statements in here may take so many seconds each, with room to hash a million people."""
    await tx.value(LIMIT_TIME, milliseconds=str(int(seconds * 1000)))
    await tx.value(MEMORY)
    try:
        yield
    except asyncpg.QueryCanceledError as reason:
        raise RuleTooSlow(
            "Finding everybody takes too long. Ask for less, or narrow it first.", field="rule"
        ) from reason
    await tx.value(LIMIT_TIME, milliseconds="0")
