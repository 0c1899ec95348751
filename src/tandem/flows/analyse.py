"""Counting for each company, in its own days and money."""

from collections.abc import Callable
from datetime import datetime

from tandem.crm.analytics import service as analytics
from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work, every, job

PASSES_MAX = 10
"""Batches of one company in one round; what is left comes in the next."""


async def digest(tx: Tx, *, now: datetime) -> int:
    """Count what came in since; how many events that were, at most one batch."""
    company = await identity.get_organisation(tx)
    return await analytics.digest(tx, zone=company.time_zone, currency=company.currency, now=now)


async def rebuild(
    tx: Tx, *, now: datetime, progress: Callable[[int, int], None] = lambda *_: None
) -> int:
    """All facts anew from the event log; how many moments had recorded something. `progress` hears
    how many of how many are done."""
    company = await identity.get_organisation(tx)
    return await analytics.rebuild(
        tx, zone=company.time_zone, currency=company.currency, now=now, progress=progress
    )


@every(5, "analytics.digest")
async def digest_regularly(work: Work) -> None:
    for _ in range(PASSES_MAX):
        async with work.transaction() as tx:
            if not await digest(tx, now=work.now()):
                break


@job("analytics.rebuild")
async def rebuild_once(work: Work) -> None:
    async with work.transaction() as tx:
        await rebuild(tx, now=work.now())
