"""Settlements as the gateway tells them: kept once, added up, and compared with what we know."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.payments import SettlementReceived
from tandem.kernel import jobs, references
from tandem.kernel.db import Tx
from tandem.kernel.references import Reference
from tandem.scm.payments.domain import (
    FETCH_GAP,
    LOOK_BACK,
    LOOK_BACK_MAX,
    Mode,
    Settlement,
    SettlementStatus,
    ToldRow,
    ToldSettlement,
    distinct,
    next_settlement_check,
)
from tandem.scm.payments.service.settlement_review import review
from tandem.scm.payments.store import settlement_inbox, settlement_rows, settlements

BATCH = 50
INDIA = ZoneInfo("Asia/Kolkata")
"""The gateway's days are India's, whatever the company's own time zone is."""


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """What of a settlement belongs to other companies that share the gateway account."""

    net_minor: int = 0
    count: int = 0


NOTHING_ELSEWHERE = Elsewhere()


async def request_settlements(tx: Tx) -> None:
    """Fetch now instead of at the next hour. Asking twice is one fetch."""
    tx.actor.require("payments.reconcile")
    await jobs.enqueue(tx, "payments.fetch_settlements", dedupe="settlements")


async def settlements_since(
    tx: Tx, *, provider: str, mode: Mode, is_asked: bool, now: datetime
) -> datetime | None:
    """From when on settlements are to be listed now. None when it was done within the hour, or when
    nothing was ever captured here; `is_asked` does not wait for the hour."""
    fetched_at = await settlements.fetched_at(tx, provider=provider, mode=mode)
    if fetched_at is not None and not is_asked and now - fetched_at < FETCH_GAP:
        return None
    first = await settlements.first_capture(tx, provider=provider, mode=mode)
    if first is None:
        return None
    start = first if fetched_at is None else max(first, fetched_at - LOOK_BACK)
    return max(start - timedelta(days=1), now - LOOK_BACK_MAX)


async def keep_settlements(
    tx: Tx, told: Sequence[ToldSettlement], *, provider: str, mode: Mode, now: datetime
) -> None:
    """Write down which settlements there are; those without their rows are due at once."""
    for one in told:
        kept = await settlements.put(tx, one, provider=provider, mode=mode, now=now)
        if kept.checked_at is None or (_is_paid(kept) and not kept.is_balanced):
            await settlements.set_check(tx, kept.id, now)
    await settlements.note_fetched(tx, provider=provider, mode=mode, now=now)


async def days_to_read(
    tx: Tx, *, provider: str, mode: Mode, now: datetime
) -> Mapping[str, list[date]]:
    """For each settlement that is due, the days its rows may be listed under."""
    due = await settlements.list_to_check(tx, provider=provider, mode=mode, now=now, count=BATCH)
    return {one.provider_settlement_id: _days_of(one.made_at, one.checks) for one in due}


async def record_settlement(
    tx: Tx,
    *,
    provider: str,
    provider_settlement_id: str,
    rows: Sequence[ToldRow],
    elsewhere: Elsewhere = NOTHING_ELSEWHERE,
    now: datetime,
) -> Settlement:
    """The rows of a kept settlement as they are known by now. Any number of times."""
    settlement = await settlements.lock_by_provider(tx, provider, provider_settlement_id)
    assert settlement, "rows are recorded of settlements that were kept"
    was_balanced = settlement.is_balanced and settlement.checked_at is not None
    await settlement_rows.put(tx, settlement.id, distinct(rows))
    await settlement_rows.tie(tx, settlement.id, provider=provider)
    checks = await settlements.add_up(
        tx,
        settlement.id,
        elsewhere_minor=elsewhere.net_minor,
        elsewhere_count=elsewhere.count,
        now=now,
    )
    after = await settlements.find(tx, settlement.id)
    assert after, "it is locked"
    is_done = after.is_balanced or after.status is SettlementStatus.FAILED
    check_at = None if is_done else next_settlement_check(checks=checks, now=now)
    await settlements.set_check(tx, after.id, check_at)
    await review(tx, after, now=now)
    is_news = after.is_balanced and not was_balanced and not after.is_others
    if is_news and _is_paid(after):
        await _tell(tx, after)
    return after


async def settlements_to_review(tx: Tx) -> list[UUID]:
    """Those in which something is open that later news may settle."""
    return await settlement_inbox.list_settlements(tx, count=BATCH)


async def review_again(tx: Tx, settlement_id: UUID, *, now: datetime) -> None:
    """Compare anew: a payment may have become known, or a fee been told, since."""
    settlement = await settlements.find(tx, settlement_id)
    assert settlement, "its exceptions point at it"
    await settlement_rows.tie(tx, settlement_id, provider=settlement.provider)
    await review(tx, settlement, now=now)


def _is_paid(settlement: Settlement) -> bool:
    return settlement.status is SettlementStatus.PROCESSED


def _days_of(made_at: datetime, checks: int) -> list[date]:
    """The day it was made; where that was not all of it, also the next one."""
    day = made_at.astimezone(INDIA).date()
    return [day] if checks == 0 else [day, day + timedelta(days=1)]


async def _tell(tx: Tx, settlement: Settlement) -> None:
    await references.add(
        tx,
        Reference(
            system=settlement.provider,
            kind="settlement",
            external_id=settlement.provider_settlement_id,
            entity_kind="settlement",
            entity_id=settlement.id,
        ),
    )
    await tx.publish(
        SettlementReceived(
            settlement_id=settlement.id,
            provider_settlement_id=settlement.provider_settlement_id,
            utr=settlement.utr,
            amount_minor=settlement.amount_minor,
            fee_minor=settlement.fee_minor,
            tax_minor=settlement.tax_minor,
            currency=settlement.currency,
        )
    )
