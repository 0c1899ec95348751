"""The one forward-only machine. Webhook, browser return and fetch all end here.

`advance`, `advance_refund` and `settle` together are a join: what is told may come in any order and
any number of times, and the end is the same (spec P4; the 720 orders of AP3 are tested one by one).
"""

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from tandem.scm.payments.domain.facts import PaymentFact, RefundFact
from tandem.scm.payments.domain.payments import Payment, Refund
from tandem.scm.payments.domain.statuses import RANK, REFUND_RANK, RefundStatus, Status

replace = msgspec.structs.replace


def is_captured(payment: Payment) -> bool:
    return RANK[payment.status] >= RANK[Status.CAPTURED]


def advance(payment: Payment, fact: PaymentFact, *, occurred_at: datetime) -> Payment:
    """The payment, knowing this too. Never moves back; call `settle` afterwards."""
    status = max(payment.status, fact.status, key=RANK.__getitem__)
    amount = payment.amount_minor if payment.amount_minor is not None else fact.amount_minor
    has_money = RANK[status] >= RANK[Status.CAPTURED]
    error, failed_at = _last_failure(payment, fact, status, occurred_at)
    return replace(
        payment,
        status=status,
        method=payment.method or fact.method,
        amount_minor=amount,
        currency=payment.currency or fact.currency,
        captured_minor=(amount or 0) if has_money else 0,
        fee_minor=_larger(payment.fee_minor, fact.fee_minor),
        tax_minor=_larger(payment.tax_minor, fact.tax_minor),
        error=error,
        failed_at=failed_at,
        authorized_at=_first(payment.authorized_at, fact, Status.AUTHORIZED, occurred_at),
        captured_at=_first(payment.captured_at, fact, Status.CAPTURED, occurred_at),
    )


def advance_refund(refund: Refund, fact: RefundFact, *, occurred_at: datetime) -> Refund:
    status = max(refund.status, fact.status, key=REFUND_RANK.__getitem__)
    processed_at = refund.processed_at
    if fact.status is RefundStatus.PROCESSED:
        processed_at = min(processed_at or occurred_at, occurred_at)
    return replace(
        refund,
        status=status,
        provider_refund_id=refund.provider_refund_id or fact.provider_refund_id,
        error=(fact.error or refund.error) if status is RefundStatus.FAILED else "",
        processed_at=processed_at,
    )


def match_refund(refunds: Collection[Refund], fact: RefundFact) -> Refund | None:
    """The refund this is about: by the gateway's id, else by ours where it has none yet."""
    for refund in refunds:
        if refund.provider_refund_id == fact.provider_refund_id:
            return refund
    for refund in refunds:
        if refund.id == fact.refund_id and refund.provider_refund_id is None:
            return refund
    return None


def settle(payment: Payment, refunds: Iterable[Refund]) -> Payment:
    """Derive what was given back. Refunds of a payment not known as captured wait: they show once
    the capture is told, so a refund that is told first is neither lost nor early."""
    if not is_captured(payment):
        return payment
    refunded = sum(
        refund.amount_minor for refund in refunds if refund.status is RefundStatus.PROCESSED
    )
    if not refunded:
        status = Status.CAPTURED
    elif refunded < payment.captured_minor:
        status = Status.PARTIALLY_REFUNDED
    else:
        status = Status.REFUNDED
    return replace(payment, status=status, refunded_minor=refunded)


def _last_failure(
    payment: Payment, fact: PaymentFact, status: Status, occurred_at: datetime
) -> tuple[str, datetime | None]:
    """The latest failure's words, and none once the payment got further."""
    failed_at, error = payment.failed_at, payment.error
    if fact.status is Status.FAILED and (
        failed_at is None or (occurred_at, fact.error) > (failed_at, error)
    ):
        failed_at, error = occurred_at, fact.error
    return (error if status is Status.FAILED else ""), failed_at


def _larger(known: int | None, told: int | None) -> int | None:
    """Fees are told late and some samples say 0 first; the larger one is the same in any order."""
    if known is None or told is None:
        return told if known is None else known
    return max(known, told)


def _first(
    known: datetime | None, fact: PaymentFact, status: Status, occurred_at: datetime
) -> datetime | None:
    if RANK[fact.status] < RANK[status]:
        return known
    return min(known or occurred_at, occurred_at)
