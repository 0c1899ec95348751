"""A rule's statement may take so long and no longer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tandem.kernel.cut_short import CutShort, limited
from tandem.kernel.db import Query, Tx
from tandem.kernel.errors import Invalid

STREAMS = Query(
    """
    select set_config('enable_nestloop', :state, true),
           set_config('enable_hashagg', :state, true),
           set_config('enable_hashjoin', :state, true),
           set_config('max_parallel_workers_per_gather', '0', true)
    """,
    beyond_org="settings of this transaction alone; no row is read",
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
    """Statements in here go through all customers, in the order of their ids where an index has
    them so. PostgreSQL guesses badly how many a rule finds: it would look up each of a million by
    itself, hash as many people or groups that come in order already, or have every worker count
    them all."""
    await tx.value(STREAMS, state="off")
    yield
    await tx.value(STREAMS, state="on")
