"""Asking for refunds of a payment whose row is locked. The lock reserves the balance."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.payments import RefundRequested
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.money import in_figures
from tandem.scm.payments.domain import (
    ExceptionKind,
    NotRefundable,
    Payment,
    Refund,
    RefundExceedsBalance,
    RefundStatus,
    is_captured,
    next_try,
    refundable,
)
from tandem.scm.payments.service.exceptions import raise_about
from tandem.scm.payments.store import refunds

CASH = "cash"


async def give_back(
    tx: Tx,
    payment: Payment,
    *,
    amount_minor: int | None,
    reason: str,
    now: datetime,
    key: str | None = None,
    retries_id: UUID | None = None,
) -> Refund | None:
    """Write the refund down and queue its call. Without an amount, all that is left of the payment;
    None when nothing is. The same `key` again answers the first refund.

    Refuses NotRefundable and RefundExceedsBalance.
    """
    if key and (found := await refunds.find_by_key(tx, key)):
        return found
    if not is_captured(payment):
        raise NotRefundable(f"The payment is {payment.status}; only captured money can go back.")
    left = refundable(payment, await refunds.list_of_payment(tx, payment.id))
    amount = left if amount_minor is None else amount_minor
    currency = payment.currency or ""
    if amount > left:
        raise RefundExceedsBalance(amount, left, currency)
    if amount == 0:
        return None
    refund_id = new_id()
    refund = Refund(
        id=refund_id,
        payment_id=payment.id,
        order_id=payment.order_id,
        amount_minor=amount,
        currency=currency,
        reason=reason,
        status=RefundStatus.REQUESTED,
        is_ours=True,
        idempotency_key=key or str(refund_id),
        retries_id=retries_id,
        requested_at=now,
    )
    await _put(tx, payment, refund, now=now)
    return refund


def first_look(refund: Refund, now: datetime) -> datetime | None:
    """When to ask about a refund we learnt of from the gateway; never once it is decided."""
    is_decided = refund.status in {RefundStatus.PROCESSED, RefundStatus.FAILED}
    return None if is_decided else next_try(tries=3, now=now)


async def _put(tx: Tx, payment: Payment, refund: Refund, *, now: datetime) -> None:
    by_hand = payment.provider == CASH
    await refunds.insert(tx, refund, due_at=None if by_hand else now)
    await tx.publish(
        RefundRequested(
            order_id=refund.order_id,
            refund_id=refund.id,
            payment_id=refund.payment_id,
            amount_minor=refund.amount_minor,
            reason=refund.reason,
        )
    )
    if by_hand:
        await raise_about(
            tx,
            ExceptionKind.REFUND_BY_HAND,
            payment,
            detail=f"Cash was paid: hand back {in_figures(refund.amount_minor, refund.currency)}, "
            "then say so here.",
            now=now,
            subject_id=refund.id,
        )
    else:
        await jobs.enqueue(tx, "payments.send_refund", dedupe=str(refund.id), refund_id=refund.id)
