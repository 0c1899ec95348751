"""Asking the facts: who may how much at once, for how long, and what comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tandem.crm.analytics.domain.asking import QueryTooSlow, TooManyQueries
from tandem.kernel.db import Query, Tx
from tandem.kernel.rules import Compiled, RuleTooSlow, bounded

AT_ONCE = 6
"""Questions of one company that are worked on at the same time."""
SECONDS = 8

SLOT = Query(
    """
    select slot from generate_series(1, :slots::int) as slot
     where pg_try_advisory_xact_lock(hashtextextended('analytics ' || :org_id::uuid, slot))
     limit 1
    """
)


@asynccontextmanager
async def guarded(tx: Tx, *, seconds: float = SECONDS) -> AsyncIterator[None]:
    """A place among the company's questions until the transaction ends, and a limit of time for
    each statement. Refuses with TooManyQueries, and QueryTooSlow after giving up."""
    if await tx.value(SLOT, slots=AT_ONCE) is None:
        refusal = TooManyQueries("The company asks for many numbers just now. Try again shortly.")
        refusal.headers["Retry-After"] = "2"
        raise refusal
    try:
        async with bounded(tx, seconds=seconds):
            yield
    except RuleTooSlow as reason:
        raise QueryTooSlow(
            "This takes too long. Ask for fewer days, or cut it less finely.", field="measures"
        ) from reason


async def read(tx: Tx, statement: Compiled) -> list[Any]:
    return await tx.records(statement)


async def count(tx: Tx, statement: Compiled) -> int:
    number: int = await tx.value(statement)
    return number
