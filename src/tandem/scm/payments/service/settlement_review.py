"""Comparing settlements with what we know, and raising what does not fit."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.payments import SettlementExceptionRaised
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.money import in_figures
from tandem.scm.payments.domain import (
    CLEARED,
    ROWS_LATE_BY,
    SETTLED_WITHIN,
    Compared,
    Finding,
    Mode,
    Settlement,
    SettlementException,
    SettlementExceptionKind,
    SettlementStatus,
    findings_of,
    imbalance,
)
from tandem.scm.payments.store import settlement_inbox, settlement_rows, settlements

BATCH = 100


async def review(tx: Tx, settlement: Settlement, *, now: datetime) -> None:
    """Raise what does not fit and is not raised yet; close what fits by now."""
    found = await _find(tx, settlement, now=now)
    for one in await settlement_inbox.list_open_of(tx, settlement.id):
        if (one.kind, one.subject_id) not in found:
            await settlement_inbox.resolve(tx, one.id, resolution=CLEARED, note="", now=now)
    for raised in found.values():
        await _raise(tx, raised)
    await settlement_inbox.clear_settled(tx, now=now)


async def raise_never_settled(tx: Tx, *, provider: str, mode: Mode, now: datetime) -> int:
    """Raise what was captured a week ago and is in no settlement.

    Not for a test account that never settled anything: the gateway settles no test payments, the
    stand-in does.
    """
    if mode == "test" and not await settlements.has_any(tx, provider=provider, mode=mode):
        return 0
    found = await settlements.list_unsettled(
        tx, provider=provider, mode=mode, before=now - SETTLED_WITHIN, count=BATCH
    )
    for payment in found:
        amount = in_figures(payment.captured_minor, payment.currency)
        await _raise(
            tx,
            SettlementException(
                id=new_id(),
                settlement_id=None,
                row_id=None,
                payment_id=payment.id,
                order_id=payment.order_id,
                order_number=payment.order_number,
                subject_id=payment.id,
                entity_id=payment.provider_payment_id,
                kind=SettlementExceptionKind.NEVER_SETTLED,
                detail=f"{amount} was captured more than {SETTLED_WITHIN.days} days ago and is in "
                "no settlement.",
                raised_at=now,
            ),
        )
    return len(found)


async def _find(
    tx: Tx, settlement: Settlement, *, now: datetime
) -> dict[tuple[SettlementExceptionKind, UUID], SettlementException]:
    found = {}
    for row in await settlement_rows.compare(tx, settlement.id):
        for finding in findings_of(row):
            found[finding.kind, row.id] = _about_row(settlement, row, finding, now)
            if finding.kind is SettlementExceptionKind.UNKNOWN_ENTITY:
                await _ask_about(tx, row)
    is_paid = settlement.status is SettlementStatus.PROCESSED
    if is_paid and not settlement.is_balanced and now - settlement.made_at > ROWS_LATE_BY:
        finding = imbalance(settlement)
        found[finding.kind, settlement.id] = _about_settlement(settlement, finding, now)
    return found


async def _ask_about(tx: Tx, row: Compared) -> None:
    """A payment of ours may be unknown only because nobody told of it."""
    if row.provider_payment_id:
        await jobs.enqueue(
            tx,
            "payments.fetch_payment",
            dedupe=row.provider_payment_id,
            provider_payment_id=row.provider_payment_id,
        )


def _about_row(
    settlement: Settlement, row: Compared, finding: Finding, now: datetime
) -> SettlementException:
    return SettlementException(
        id=new_id(),
        settlement_id=settlement.id,
        row_id=row.id,
        payment_id=row.payment_id,
        order_id=row.order_id,
        order_number=row.order_number,
        subject_id=row.id,
        entity_id=row.entity_id,
        kind=finding.kind,
        detail=finding.detail,
        raised_at=now,
    )


def _about_settlement(
    settlement: Settlement, finding: Finding, now: datetime
) -> SettlementException:
    return SettlementException(
        id=new_id(),
        settlement_id=settlement.id,
        row_id=None,
        payment_id=None,
        order_id=None,
        order_number="",
        subject_id=settlement.id,
        entity_id=settlement.provider_settlement_id,
        kind=finding.kind,
        detail=finding.detail,
        raised_at=now,
    )


async def _raise(tx: Tx, raised: SettlementException) -> None:
    if await settlement_inbox.put(tx, raised):
        await tx.publish(
            SettlementExceptionRaised(
                exception_id=raised.id,
                settlement_id=raised.settlement_id,
                order_id=raised.order_id,
                kind=raised.kind,
                detail=raised.detail,
            )
        )
