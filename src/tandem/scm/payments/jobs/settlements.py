"""Fetching settlements: which there are, then their rows, then what of them is ours."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

import structlog

from tandem.kernel import jobs, references
from tandem.kernel.jobs import Work, every, job
from tandem.kernel.outbound import OutcomeUnknown
from tandem.scm.payments import service
from tandem.scm.payments.domain import ToldRow
from tandem.scm.payments.gateways.port import GatewayRefused, PaymentGateway, TryLater

log = structlog.get_logger()

NO_ANSWER = (GatewayRefused, TryLater, OutcomeUnknown, TimeoutError)
CALL_SECONDS_MAX = 300.0
"""A day of a busy shop is many pages. Nothing is claimed meanwhile: a repeat finds the same."""


@job("payments.fetch_settlements")
async def fetch_settlements(work: Work) -> None:
    """Now: somebody asked, or the gateway told of one."""
    await _fetch(work, is_asked=True)


@every(300, "payments.watch_settlements")
async def watch_settlements(work: Work) -> None:
    """Each hour; compare anew what was open, and raise what should have been settled by now."""
    if not await _fetch(work, is_asked=False):
        return
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        open_ones = await service.settlements_to_review(tx)
        await service.raise_never_settled(
            tx, provider=gateway.provider, mode=gateway.mode, now=work.now()
        )
    for settlement_id in open_ones:
        async with work.transaction() as tx:
            await service.review_again(tx, settlement_id, now=work.now())


async def _fetch(work: Work, *, is_asked: bool) -> bool:
    """False when it is not the time, or the gateway gave no answer."""
    gateway = work.get(PaymentGateway)
    provider, mode, now = gateway.provider, gateway.mode, work.now()
    async with work.transaction() as tx:
        since = await service.settlements_since(
            tx, provider=provider, mode=mode, is_asked=is_asked, now=now
        )
    if since is None:
        return False
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            told = await gateway.list_settlements(since=since, until=now)
            async with work.transaction() as tx:
                await service.keep_settlements(tx, told, provider=provider, mode=mode, now=now)
                due = await service.days_to_read(tx, provider=provider, mode=mode, now=now)
            rows = await _read_days(gateway, {day for days in due.values() for day in days})
    except NO_ANSWER as trouble:
        log.warning("settlements_not_fetched", error=f"{type(trouble).__name__}: {trouble}"[:500])
        return False
    await _record(work, gateway, due, rows)
    return True


async def _read_days(gateway: PaymentGateway, days: Iterable[date]) -> Mapping[str, list[ToldRow]]:
    """The rows of these days by their settlement."""
    found: defaultdict[str, list[ToldRow]] = defaultdict(list)
    for day in sorted(days):
        for row in await gateway.list_settled(day):
            found[row.provider_settlement_id].append(row)
    return found


async def _record(
    work: Work,
    gateway: PaymentGateway,
    due: Mapping[str, list[date]],
    rows: Mapping[str, list[ToldRow]],
) -> None:
    companies = await jobs.organisations(work.database)
    for name in due:
        ours, elsewhere = rows.get(name, []), service.NOTHING_ELSEWHERE
        if len(companies) > 1:
            ours, elsewhere = await _part(work, gateway.provider, ours)
        async with work.transaction() as tx:
            await service.record_settlement(
                tx,
                provider=gateway.provider,
                provider_settlement_id=name,
                rows=ours,
                elsewhere=elsewhere,
                now=work.now(),
            )


async def _part(
    work: Work, provider: str, rows: list[ToldRow]
) -> tuple[list[ToldRow], service.Elsewhere]:
    """Where companies share a gateway account, each sees its own rows and those nobody answers to;
    of the others' it learns the sum, so that the books still balance."""
    ours: list[ToldRow] = []
    others: list[ToldRow] = []
    for row in {(row.kind, row.entity_id): row for row in rows}.values():
        owner = await _owner_of(work, provider, row)
        (ours if owner in {None, work.org_id} else others).append(row)
    elsewhere = service.Elsewhere(net_minor=sum(row.net_minor for row in others), count=len(others))
    return ours, elsewhere


async def _owner_of(work: Work, provider: str, row: ToldRow) -> UUID | None:
    named = (
        (str(row.kind), row.entity_id),
        ("payment", row.provider_payment_id),
        ("order", row.provider_order_id),
        ("dispute", row.provider_dispute_id),
    )
    for kind, external_id in named:
        if external_id:
            found = await references.find_org(work.database, provider, kind, external_id)
            if found is not None:
                return found
    return None
