"""Razorpay's entities as they come over the wire, and what they say in our words.

Fields are lenient on purpose: the vendor's own samples miss some and disagree on others.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.ids import parse_id
from tandem.scm.payments.domain import (
    Fact,
    PaymentFact,
    RefundFact,
    RefundStatus,
    Source,
    Status,
)

PROVIDER = "razorpay"


class WireOrder(msgspec.Struct, kw_only=True):
    """`notes` is an object, or `[]` when it is empty."""

    id: str
    amount: int
    currency: str
    receipt: str | None = None
    status: str = "created"
    notes: Any = None


class WirePayment(msgspec.Struct, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str = "created"
    order_id: str | None = None
    method: str | None = None
    captured: bool | None = None
    amount_refunded: int | None = None
    fee: int | None = None
    tax: int | None = None
    error_description: str | None = None
    notes: Any = None


class WireRefund(msgspec.Struct, kw_only=True):
    id: str
    amount: int
    currency: str
    payment_id: str
    status: str = "pending"
    notes: Any = None


class WireOrders(msgspec.Struct, kw_only=True):
    items: list[WireOrder]


class WirePayments(msgspec.Struct, kw_only=True):
    items: list[WirePayment]


class WireRefunds(msgspec.Struct, kw_only=True):
    items: list[WireRefund]


STATUSES = {
    "created": Status.CREATED,
    "authorized": Status.AUTHORIZED,
    "captured": Status.CAPTURED,
    "failed": Status.FAILED,
}

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
