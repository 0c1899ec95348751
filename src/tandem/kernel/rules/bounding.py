"""A rule's statement may take so long and no longer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tandem.kernel.cut_short import CutShort, limited
from tandem.kernel.db import Query, Tx
from tandem.kernel.errors import Invalid

LOOPS = Query(
    "select set_config('enable_nestloop', :state, true)",
    beyond_org="a setting of this transaction alone; no row is read",
)


class RuleTooSlow(Invalid):
    """The answer would take too long; the transaction is over."""

    code = "rule_too_slow"


@asynccontextmanager
async def bounded(tx: Tx, *, seconds: float) -> AsyncIterator[None]:
    try:
        async with limited(tx, seconds=seconds):
            yield
    except CutShort as reason:
        raise RuleTooSlow(
            "Finding everybody takes too long. Ask for less, or narrow it first.", field="rule"
        ) from reason


@asynccontextmanager
async def everybody(tx: Tx) -> AsyncIterator[None]:
    """Statements in here go through all customers: tables are joined by hash. PostgreSQL guesses
    badly how many a rule finds, and would look up each of a million by itself."""
    await tx.value(LOOPS, state="off")
    yield
    await tx.value(LOOPS, state="on")
