"""Razorpay's webhooks: what an envelope tells, and whose it may be.

The event's name decides, never the snapshot inside: Razorpay's samples carry `captured: true` under
`payment.authorized`, and a payment may be further along than the event by the time it is sent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.scm.payments.domain import DisputeStatus, Fact, RefundStatus, Source, Status
from tandem.scm.payments.gateways.razorpay.settled import WireSettlement
from tandem.scm.payments.gateways.razorpay.wire import (
    PROVIDER,
    Name,
    WireDispute,
    WireOrder,
    WirePayment,
    WireRefund,
    dispute_fact,
    moment,
    note_id,
    payment_fact,
    refund_fact,
)

PAYMENT_EVENTS = {
    "payment.authorized": Status.AUTHORIZED,
    "payment.captured": Status.CAPTURED,
    "payment.failed": Status.FAILED,
    "order.paid": Status.CAPTURED,
}

REFUND_EVENTS = {
    "refund.created": RefundStatus.PENDING,
    "refund.processed": RefundStatus.PROCESSED,
    "refund.failed": RefundStatus.FAILED,
}


DISPUTE_EVENTS = {
    "payment.dispute.created": DisputeStatus.OPEN,
    "payment.dispute.under_review": DisputeStatus.UNDER_REVIEW,
    "payment.dispute.action_required": DisputeStatus.ACTION_REQUIRED,
    "payment.dispute.won": DisputeStatus.WON,
    "payment.dispute.lost": DisputeStatus.LOST,
    "payment.dispute.closed": DisputeStatus.CLOSED,
}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """`references` are ids of ours the notice names (kind and id), the surest of its owner first;
    `subject` is what it is about, so that notices about one thing are read in turn. A settlement is
    the account's and names nothing of ours."""

    event: str
    subject: str
    org_id: UUID | None
    references: Sequence[tuple[str, str]]
    is_about_account: bool = False


class _Part(msgspec.Struct, kw_only=True):
    entity: msgspec.Raw


class _Named(msgspec.Struct, kw_only=True):
    id: Name


class _Envelope(msgspec.Struct, kw_only=True):
    """`created_at` is Unix seconds and missing in some of the vendor's samples."""

    event: str
    payload: dict[str, _Part] = {}
    created_at: int | None = None


class NotANotice(ValueError):
    """Signed, and yet nothing that can be read as one of Razorpay's events."""


def read_notice(body: bytes) -> Notice:
    envelope = _open(body)
    order = _part(envelope, "order", WireOrder)
    payment = _part(envelope, "payment", WirePayment)
    refund = _part(envelope, "refund", WireRefund)
    settlement = _part(envelope, "settlement", WireSettlement)
    link_id = link_named_in(envelope)
    dispute = _part(envelope, "dispute", WireDispute)
    about = refund or dispute
    payment_id = payment.id if payment else about.payment_id if about else ""
    order_id = order.id if order else (payment.order_id if payment else None) or ""
    named = [
        ("link", link_id),
        ("order", order_id),
        ("payment", payment_id),
        ("refund", refund.id if refund else ""),
        ("dispute", dispute.id if dispute else ""),
    ]
    notes = [part.notes for part in (order, payment, refund) if part]
    return Notice(
        event=envelope.event[:100],
        subject=(link_id or payment_id or order_id or envelope.event)[:100],
        org_id=next((found for part in notes if (found := note_id(part, "org_id"))), None),
        references=[(kind, external_id) for kind, external_id in named if external_id],
        is_about_account=settlement is not None,
    )


def link_of(body: bytes) -> str:
    """The payment link or QR code a notice names; empty for others."""
    return link_named_in(_open(body))


def link_named_in(envelope: _Envelope) -> str:
    named = _part(envelope, "payment_link", _Named) or _part(envelope, "qr_code", _Named)
    return named.id if named else ""


def is_about_settlements(body: bytes) -> bool:
    """`settlement.processed`: money went to the bank, and its rows can be fetched."""
    return _open(body).event.startswith("settlement.")


def facts_of(body: bytes, *, event_id: str, received_at: datetime) -> list[Fact]:
    """What this notice tells about payments; nothing for events that are not about them."""
    envelope = _open(body)
    occurred_at = moment(envelope.created_at) or received_at
    if envelope.event in PAYMENT_EVENTS:
        payment = _part(envelope, "payment", WirePayment)
        if payment is None:
            return []
        fact = payment_fact(payment, PAYMENT_EVENTS[envelope.event])
        return [_fact(envelope.event, event_id, payment.id, occurred_at, payment=fact)]
    if envelope.event in REFUND_EVENTS:
        refund = _part(envelope, "refund", WireRefund)
        if refund is None:
            return []
        told = refund_fact(refund, REFUND_EVENTS[envelope.event])
        return [_fact(envelope.event, event_id, refund.payment_id, occurred_at, refund=told)]
    if envelope.event in DISPUTE_EVENTS:
        dispute = _part(envelope, "dispute", WireDispute)
        if dispute is None:
            return []
        claim = dispute_fact(dispute, DISPUTE_EVENTS[envelope.event])
        return [_fact(envelope.event, event_id, dispute.payment_id, occurred_at, dispute=claim)]
    return []


def _open(body: bytes) -> _Envelope:
    """No text of theirs holds the character that no table takes."""
    if b"\\u0000" in body:
        raise NotANotice("It holds a null character.")
    try:
        return msgspec.json.decode(body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
        raise NotANotice(str(reason)) from reason


def _part(envelope: _Envelope, name: str, kind: type[Any]) -> Any:
    part = envelope.payload.get(name)
    if part is None:
        return None
    try:
        return msgspec.json.decode(part.entity, type=kind)
    except msgspec.MsgspecError as reason:
        raise NotANotice(f"{name}: {reason}") from reason


def _fact(event: str, event_id: str, payment_id: str, occurred_at: datetime, **told: Any) -> Fact:
    return Fact(
        provider=PROVIDER,
        provider_payment_id=payment_id,
        source=Source.WEBHOOK,
        event_id=event_id,
        kind=event,
        occurred_at=occurred_at,
        **told,
    )
