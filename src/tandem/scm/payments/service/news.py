"""What a change of a payment tells the rest of the suite, each thing once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    PaymentFailed,
    RefundFailed,
    RefundProcessed,
    SurplusRefunded,
)
from tandem.kernel.db import Tx
from tandem.scm.payments.domain import (
    ExceptionKind,
    Payment,
    Refund,
    RefundStatus,
    Standing,
    Status,
    is_captured,
)
from tandem.scm.payments.service.exceptions import raise_about
from tandem.scm.payments.store import payments


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A payment and its refunds before and after something was told."""

    before: Payment
    after: Payment
    refunds_before: Mapping[UUID, Refund]
    refunds_after: Mapping[UUID, Refund]

    def new_refunds(self) -> list[Refund]:
        return [
            refund
            for refund in self.refunds_after.values()
            if refund.id not in self.refunds_before or not is_captured(self.before)
        ]


async def tell(tx: Tx, change: Change, *, now: datetime) -> None:
    """Publish what is new, in the order in which it makes sense: authorised, captured, refunded."""
    events: list[PaymentEvent] = [*_about_payment(change), *await _about_capture(tx, change)]
    processed = [
        refund for refund in change.refunds_after.values() if _is_newly_processed(change, refund)
    ]
    if processed:
        events += await _about_refunds(tx, change.after, processed)
    failed = [
        refund for refund in change.refunds_after.values() if _is_newly_failed(change, refund)
    ]
    events += [_failure(change.after, refund) for refund in failed]
    await tx.publish(*events)
    for refund in failed:
        await raise_about(
            tx,
            ExceptionKind.REFUND_FAILED,
            change.after,
            detail=refund.error or "The gateway could not give the money back.",
            now=now,
            subject_id=refund.id,
        )


def _about_payment(change: Change) -> list[PaymentEvent]:
    before, after = change.before, change.after
    if after.status is Status.FAILED and before.status is not Status.FAILED:
        return [PaymentFailed(order_id=after.order_id, payment_id=after.id, reason=after.error)]
    if _is_authorized(after) and not _is_authorized(before):
        assert after.amount_minor is not None and after.currency, "judged payments know their money"
        return [
            PaymentAuthorized(
                order_id=after.order_id,
                payment_id=after.id,
                amount_minor=after.amount_minor,
                currency=after.currency,
            )
        ]
    return []


def _is_authorized(payment: Payment) -> bool:
    return payment.status is Status.AUTHORIZED and payment.standing is Standing.COUNTED


def _counts(payment: Payment) -> bool:
    return is_captured(payment) and payment.standing is Standing.COUNTED


async def _about_capture(tx: Tx, change: Change) -> list[PaymentEvent]:
    after = change.after
    if not _counts(after) or _counts(change.before):
        return []
    assert after.amount_minor is not None and after.currency, "judged payments know their money"
    sums = await payments.totals(tx, after.order_id)
    return [
        PaymentCaptured(
            order_id=after.order_id,
            payment_id=after.id,
            provider_payment_id=after.provider_payment_id,
            method=after.method,
            amount_minor=after.amount_minor,
            captured_minor=sums.captured_minor,
            currency=after.currency,
        )
    ]


def _is_newly_processed(change: Change, refund: Refund) -> bool:
    """Told once the money had been ours: a refund that was told first waits for the capture."""
    before = change.refunds_before.get(refund.id)
    was = (
        is_captured(change.before)
        and before is not None
        and before.status is RefundStatus.PROCESSED
    )
    return is_captured(change.after) and refund.status is RefundStatus.PROCESSED and not was


def _is_newly_failed(change: Change, refund: Refund) -> bool:
    before = change.refunds_before.get(refund.id)
    was = before is not None and before.status is RefundStatus.FAILED
    return refund.is_ours and refund.status is RefundStatus.FAILED and not was


async def _about_refunds(tx: Tx, payment: Payment, processed: list[Refund]) -> list[PaymentEvent]:
    if payment.standing is Standing.MISFIT:
        return [
            SurplusRefunded(
                order_id=payment.order_id,
                refund_id=refund.id,
                payment_id=payment.id,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
            )
            for refund in processed
        ]
    sums = await payments.totals(tx, payment.order_id)
    return [
        RefundProcessed(
            order_id=payment.order_id,
            refund_id=refund.id,
            payment_id=payment.id,
            amount_minor=refund.amount_minor,
            refunded_minor=sums.refunded_minor,
            currency=refund.currency,
        )
        for refund in processed
    ]


def _failure(payment: Payment, refund: Refund) -> RefundFailed:
    return RefundFailed(
        order_id=payment.order_id,
        refund_id=refund.id,
        amount_minor=refund.amount_minor,
        reason=refund.error,
    )
