"""Razorpay's entities as they come over the wire, and what they say in our words.

Fields are lenient on purpose: the vendor's own samples miss some and disagree on others.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tandem.kernel.ids import parse_id
from tandem.kernel.patterns import whole
from tandem.scm.payments.domain import (
    DisputeFact,
    DisputeStatus,
    Fact,
    PaymentFact,
    RefundFact,
    RefundStatus,
    Source,
    Status,
)

PROVIDER = "razorpay"
EPOCH = datetime.fromtimestamp(0, UTC)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""Theirs have 14 to 20 characters: `pay_` and the like, and fourteen more."""

Amount = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
Currency = Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z]{3}"))]


class WireOrder(msgspec.Struct, kw_only=True):
    """`notes` is an object, or `[]` when it is empty."""

    id: Name
    amount: Amount
    currency: Currency
    receipt: str | None = None
    status: str = "created"
    notes: Any = None


class WirePayment(msgspec.Struct, kw_only=True):
    id: Name
    amount: Amount
    currency: Currency
    status: str = "created"
    order_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    method: str | None = None
    captured: bool | None = None
    amount_refunded: Amount | None = None
    fee: Amount | None = None
    tax: Amount | None = None
    error_description: str | None = None
    notes: Any = None


class WireRefund(msgspec.Struct, kw_only=True):
    id: Name
    amount: Amount
    currency: Currency
    payment_id: Name
    status: str = "pending"
    notes: Any = None


class WireEvidence(msgspec.Struct, kw_only=True):
    submitted_at: int | None = None


class WireDocument(msgspec.Struct, kw_only=True):
    id: Name


class WireDispute(msgspec.Struct, kw_only=True):
    """`amount_deducted` is 0 until it is lost (https://razorpay.com/docs/api/disputes/entity)."""

    id: Name
    payment_id: Name
    amount: Amount
    currency: Currency
    amount_deducted: Amount | None = None
    reason_code: str | None = None
    respond_by: int | None = None
    phase: str | None = None
    status: str = "open"
    created_at: int
    evidence: WireEvidence | None = None


class WireOrders(msgspec.Struct, kw_only=True):
    items: list[WireOrder]


class WirePayments(msgspec.Struct, kw_only=True):
    items: list[WirePayment]


class WireDisputes(msgspec.Struct, kw_only=True):
    items: list[WireDispute]


class WireRefunds(msgspec.Struct, kw_only=True):
    items: list[WireRefund]


STATUSES = {
    "created": Status.CREATED,
    "authorized": Status.AUTHORIZED,
    "captured": Status.CAPTURED,
    "failed": Status.FAILED,
}

DISPUTE_STATUSES = {status.value: status for status in DisputeStatus}

REFUND_STATUSES = {
    "pending": RefundStatus.PENDING,
    "processed": RefundStatus.PROCESSED,
    "failed": RefundStatus.FAILED,
}


def note(notes: Any, name: str) -> str:
    found = notes.get(name) if isinstance(notes, dict) else None
    return found if isinstance(found, str) else ""


def note_id(notes: Any, name: str) -> UUID | None:
    return parse_id(note(notes, name))


def status_of(payment: WirePayment) -> Status:
    """`refunded` without a capture is the gateway giving back an authorisation nobody took."""
    if payment.status == "refunded":
        return Status.AUTO_REFUNDED if payment.captured is False else Status.CAPTURED
    return STATUSES.get(payment.status, Status.CREATED)


def payment_fact(payment: WirePayment, status: Status) -> PaymentFact:
    return PaymentFact(
        provider_order_id=payment.order_id,
        status=status,
        amount_minor=payment.amount,
        currency=payment.currency,
        method=payment.method or "",
        fee_minor=payment.fee,
        tax_minor=payment.tax,
        error=(payment.error_description or "")[:500] if status is Status.FAILED else "",
    )


def refund_fact(refund: WireRefund, status: RefundStatus) -> RefundFact:
    return RefundFact(
        provider_refund_id=refund.id,
        refund_id=note_id(refund.notes, "refund_id"),
        status=status,
        amount_minor=refund.amount,
        currency=refund.currency,
    )


def dispute_fact(dispute: WireDispute, status: DisputeStatus) -> DisputeFact:
    return DisputeFact(
        provider_dispute_id=dispute.id,
        status=status,
        phase=(dispute.phase or "")[:50],
        reason=(dispute.reason_code or "")[:200],
        amount_minor=dispute.amount,
        currency=dispute.currency,
        deducted_minor=dispute.amount_deducted or 0,
        respond_by=moment(dispute.respond_by),
        opened_at=moment(dispute.created_at) or EPOCH,
    )


def moment(seconds: int | None) -> datetime | None:
    """None for what is no time of ours: missing, or before 1970 or after the year 3000."""
    if seconds is None or not 0 < seconds < 32_503_680_000:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def fact_of_payment(payment: WirePayment, *, source: Source, seen_at: datetime) -> Fact:
    """What the gateway says when asked. Seeing the same again is the same event."""
    status = status_of(payment)
    return Fact(
        provider=PROVIDER,
        provider_payment_id=payment.id,
        source=source,
        event_id=f"{payment.id}:{status}:{payment.amount}:{payment.fee}:{payment.tax}",
        kind=f"payment.{status}",
        occurred_at=seen_at,
        payment=payment_fact(payment, status),
    )


def fact_of_refund(refund: WireRefund, *, source: Source, seen_at: datetime) -> Fact:
    status = REFUND_STATUSES.get(refund.status, RefundStatus.PENDING)
    return Fact(
        provider=PROVIDER,
        provider_payment_id=refund.payment_id,
        source=source,
        event_id=f"{refund.id}:{status}",
        kind=f"refund.{status}",
        occurred_at=seen_at,
        refund=refund_fact(refund, status),
    )


def fact_of_dispute(
    dispute: WireDispute, *, seen_at: datetime, source: Source = Source.FETCH
) -> Fact:
    """What the gateway shows when asked. It shows one that needs more evidence as open, so `open`
    says no more than that there is one: it counts as said when it began."""
    status = DISPUTE_STATUSES.get(dispute.status, DisputeStatus.OPEN)
    told = dispute_fact(dispute, status)
    return Fact(
        provider=PROVIDER,
        provider_payment_id=dispute.payment_id,
        source=source,
        event_id=f"{dispute.id}:{status}:{dispute.phase}:{told.deducted_minor}"[:200],
        kind=f"payment.dispute.{status}",
        occurred_at=told.opened_at if status is DisputeStatus.OPEN else seen_at,
        dispute=told,
    )
