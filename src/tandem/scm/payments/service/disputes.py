"""Disputes: followed as the gateway tells of them, and answered by people."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.payments import (
    DisputeChanged,
    DisputeDecided,
    DisputeOpened,
    PaymentEvent,
)
from tandem.kernel import audit, references
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.money import in_figures
from tandem.kernel.ownership import sees_order
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.kernel.references import Reference
from tandem.scm.payments.domain import (
    DECIDED,
    AlreadyDecided,
    Dispute,
    DisputeFact,
    DisputeStatus,
    Evidence,
    ExceptionKind,
    Payment,
    advance_dispute,
    lost_of,
)
from tandem.scm.payments.service.exceptions import raise_about
from tandem.scm.payments.store import disputes, exceptions
from tandem.scm.payments.store.disputes import DisputeFilter as DisputeFilter


async def list_disputes(
    tx: Tx, wanted: DisputeFilter, *, limit: int, cursor: str | None = None
) -> Page[Dispute]:
    """Newest first."""
    tx.actor.require("payments.read")
    before = tuple(decode_cursor(cursor, datetime, UUID)) if cursor else None
    rows = await disputes.list_page(tx, wanted, before=before, count=limit + 1)
    return page_of(rows, limit, lambda row: (row.opened_at, row.id))


async def get_dispute(tx: Tx, dispute_id: UUID) -> Dispute:
    tx.actor.require("payments.read")
    return await _seen(tx, await disputes.find(tx, dispute_id))


async def lock_dispute(tx: Tx, dispute_id: UUID) -> Dispute:
    """Refuses NotFound to whoever does not see its order."""
    return await _seen(tx, await disputes.lock(tx, dispute_id))


async def note_evidence(
    tx: Tx,
    dispute_id: UUID,
    change: Evidence,
    *,
    is_current: Callable[[int], None],
    now: datetime,
) -> Dispute:
    """Keep what speaks for us. Refuses AlreadyDecided; `is_current` refuses a stale version."""
    tx.actor.require("payments.resolve")
    before = await lock_dispute(tx, dispute_id)
    is_current(before.version)
    if before.is_decided:
        raise AlreadyDecided(f"The dispute is {before.status}: evidence changes nothing now.")
    if change.evidence_note == before.evidence_note:
        return before
    after = msgspec.structs.replace(
        before, evidence_note=change.evidence_note, version=before.version + 1
    )
    await disputes.update(tx, after)
    await audit.write(
        tx,
        action="payments.note_evidence",
        subject_kind="payment_dispute",
        subject_id=dispute_id,
        now=now,
        before={"evidence_note": before.evidence_note},
        after={"evidence_note": after.evidence_note},
    )
    return after


async def follow_dispute(
    tx: Tx, payment: Payment, told: DisputeFact, *, occurred_at: datetime, now: datetime
) -> Payment:
    """Write down what was told of a dispute of this locked payment; the payment as it then is.

    The order's money stays as it was received: a lost dispute is a loss, not a refund, and the
    invoice stands. What it took can no longer be given back.
    """
    before = await disputes.lock_by_provider(
        tx, provider=payment.provider, provider_dispute_id=told.provider_dispute_id
    )
    if before is None:
        after = _opened(payment, told, occurred_at)
        await disputes.insert(tx, after)
        await references.add(tx, _reference_of(after))
    else:
        after = advance_dispute(before, told, occurred_at=occurred_at)
        if after == before:
            return payment
        await disputes.update(tx, after)
    await tx.publish(*_news(before, after))
    await _put_before_somebody(tx, payment, before, after, now=now)
    status, lost = await disputes.mark_payment(tx, after)
    return msgspec.structs.replace(payment, dispute_status=status, charged_back_minor=lost)


def _opened(payment: Payment, told: DisputeFact, occurred_at: datetime) -> Dispute:
    return Dispute(
        id=new_id(),
        payment_id=payment.id,
        order_id=payment.order_id,
        order_number=payment.order_number,
        provider=payment.provider,
        provider_payment_id=payment.provider_payment_id,
        told_at=occurred_at,
        decided_at=occurred_at if told.status in DECIDED else None,
        **msgspec.structs.asdict(told),
    )


def _reference_of(dispute: Dispute) -> Reference:
    return Reference(
        system=dispute.provider,
        kind="dispute",
        external_id=dispute.provider_dispute_id,
        entity_kind="dispute",
        entity_id=dispute.id,
        order_id=dispute.order_id,
    )


def _news(before: Dispute | None, after: Dispute) -> list[PaymentEvent]:
    """That there is one is told first, also when its verdict was the first we heard of it."""
    events: list[PaymentEvent] = []
    if before is None:
        events.append(
            DisputeOpened(
                order_id=after.order_id,
                dispute_id=after.id,
                payment_id=after.payment_id,
                amount_minor=after.amount_minor,
                currency=after.currency,
                reason=after.reason,
                respond_by=after.respond_by,
            )
        )
    was = before.status if before else DisputeStatus.OPEN
    if after.is_decided and (after.status != was or (before and lost_of(before) != lost_of(after))):
        events.append(
            DisputeDecided(
                order_id=after.order_id,
                dispute_id=after.id,
                payment_id=after.payment_id,
                outcome=after.status,
                amount_minor=after.amount_minor,
                deducted_minor=lost_of(after),
                currency=after.currency,
            )
        )
    elif after.status != was:
        events.append(
            DisputeChanged(
                order_id=after.order_id,
                dispute_id=after.id,
                payment_id=after.payment_id,
                status=after.status,
                respond_by=after.respond_by,
            )
        )
    return events


async def _put_before_somebody(
    tx: Tx, payment: Payment, before: Dispute | None, after: Dispute, *, now: datetime
) -> None:
    """An entry of the inbox until it is decided, and one more about what it cost."""
    amount = in_figures(after.amount_minor, after.currency)
    if before is None:
        reason = after.reason.replace("_", " ")
        await raise_about(
            tx,
            ExceptionKind.DISPUTED,
            payment,
            detail=f"The buyer's bank disputes {amount}: {reason}.",
            now=now,
            subject_id=after.id,
        )
    if after.is_decided:
        await exceptions.resolve_of_subject(
            tx,
            kind=ExceptionKind.DISPUTED,
            subject_id=after.id,
            resolution=after.status,
            now=now,
        )
    if lost_of(after):
        taken = in_figures(lost_of(after), after.currency)
        await raise_about(
            tx,
            ExceptionKind.DISPUTE_LOST,
            payment,
            detail=f"The dispute was lost: {taken} went back to the buyer's bank.",
            now=now,
            subject_id=after.id,
        )


async def _seen(tx: Tx, dispute: Dispute | None) -> Dispute:
    if dispute is None or not await sees_order(tx, "payments.read", dispute.order_id):
        raise NotFound("There is no such dispute.")
    return dispute
