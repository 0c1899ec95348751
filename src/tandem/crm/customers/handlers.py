"""Customers' side of what other services tell: the timeline, and what each order came to.

One subscriber name for all topics keeps the events of an order in order. Whatever comes early,
late or twice ends the same: lines are written once, totals only grow.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.contracts.customers import SegmentEntered, SegmentLeft
from tandem.contracts.delivery import DeliveryStatusChanged
from tandem.contracts.invoicing import CreditNoteIssued, InvoiceIssued
from tandem.contracts.marketing import CampaignClicked, CampaignOpened
from tandem.contracts.notifications import MessageFailed, MessageSent
from tandem.contracts.orders import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderExpired,
    OrderPlaced,
)
from tandem.contracts.payments import PaymentCaptured, PaymentFailed, RefundProcessed
from tandem.contracts.shipping import ShipmentReady
from tandem.contracts.support import ComplaintOpened, ComplaintRated, ComplaintStatusChanged
from tandem.crm.customers.domain.timeline import NewActivity
from tandem.crm.customers.store import segments
from tandem.crm.customers.store import timeline as store
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe, subscribe_many
from tandem.kernel.wording import words

TIMELINE = "customers.timeline"
MOVES_SHOWN = frozenset({"assigned", "picked_up", "en_route", "delivered", "failed", "returned"})


async def _write(
    tx: Tx, kind: str, thing: object, at: datetime, order_id: UUID | None, **facts: Any
) -> None:
    await store.write(
        tx,
        NewActivity(
            kind=kind, dedupe=f"{kind}:{thing}", occurred_at=at, order_id=order_id, facts=facts
        ),
    )


@subscribe(OrderPlaced, TIMELINE)
async def order_placed(tx: Tx, event: OrderPlaced, now: datetime) -> None:
    await store.place(
        tx,
        order_id=event.order_id,
        customer_id=event.customer_id,
        number=event.number,
        placed_at=now,
        total_minor=event.total_minor,
        currency=event.currency,
    )
    money = {"amount_minor": event.total_minor, "currency": event.currency}
    await _write(
        tx,
        "order_placed",
        event.order_id,
        now,
        event.order_id,
        number=event.number,
        method=event.payment_method,
        **money,
    )


@subscribe(OrderConfirmed, TIMELINE)
async def order_confirmed(tx: Tx, event: OrderConfirmed, now: datetime) -> None:
    """A late payment brings an expired order back."""
    await store.move(tx, event.order_id, "placed", ["expired"])
    await _write(tx, "order_confirmed", event.order_id, now, event.order_id, number=event.number)


@subscribe(OrderCompleted, TIMELINE)
async def order_completed(tx: Tx, event: OrderCompleted, now: datetime) -> None:
    await store.move(tx, event.order_id, "completed", ["placed", "expired"])
    await _write(tx, "order_completed", event.order_id, now, event.order_id, number=event.number)


@subscribe(OrderCancelled, TIMELINE)
async def order_cancelled(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    await store.move(tx, event.order_id, "cancelled", ["placed", "expired"])
    await _write(
        tx,
        "order_cancelled",
        event.order_id,
        now,
        event.order_id,
        number=event.number,
        detail=event.reason[:200],
    )


@subscribe(OrderExpired, TIMELINE)
async def order_expired(tx: Tx, event: OrderExpired, now: datetime) -> None:
    await store.move(tx, event.order_id, "expired", ["placed"])
    await _write(tx, "order_expired", event.order_id, now, event.order_id, number=event.number)


@subscribe(PaymentCaptured, TIMELINE)
async def payment_captured(tx: Tx, event: PaymentCaptured, now: datetime) -> None:
    await store.money(tx, event.order_id, paid_minor=event.captured_minor)
    await _write(
        tx,
        "payment_captured",
        event.payment_id,
        now,
        event.order_id,
        payment_id=str(event.payment_id),
        amount_minor=event.amount_minor,
        currency=event.currency,
        method=event.method,
    )


@subscribe(PaymentFailed, TIMELINE)
async def payment_failed(tx: Tx, event: PaymentFailed, now: datetime) -> None:
    await _write(
        tx,
        "payment_failed",
        event.payment_id,
        now,
        event.order_id,
        payment_id=str(event.payment_id),
        detail=event.reason[:200],
    )


@subscribe(RefundProcessed, TIMELINE)
async def refund_processed(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    await store.money(tx, event.order_id, refunded_minor=event.refunded_minor)
    await _write(
        tx,
        "refund_processed",
        event.refund_id,
        now,
        event.order_id,
        payment_id=str(event.payment_id),
        amount_minor=event.amount_minor,
        currency=event.currency,
    )


@subscribe(InvoiceIssued, TIMELINE)
async def invoice_issued(tx: Tx, event: InvoiceIssued, now: datetime) -> None:
    await _write(tx, "invoice_issued", event.invoice_id, now, event.order_id, **_paper(event))


@subscribe(CreditNoteIssued, TIMELINE)
async def credit_note_issued(tx: Tx, event: CreditNoteIssued, now: datetime) -> None:
    await _write(tx, "credit_note_issued", event.invoice_id, now, event.order_id, **_paper(event))


def _paper(event: InvoiceIssued | CreditNoteIssued) -> dict[str, Any]:
    return {
        "invoice_id": str(event.invoice_id),
        "number": event.number,
        "amount_minor": event.total_minor,
        "currency": event.currency,
    }


@subscribe(ShipmentReady, TIMELINE)
async def shipment_ready(tx: Tx, event: ShipmentReady, now: datetime) -> None:
    await _write(
        tx,
        "shipment_ready",
        event.shipment_id,
        now,
        event.order_id,
        shipment_id=str(event.shipment_id),
    )


@subscribe(DeliveryStatusChanged, TIMELINE)
async def delivery_moved(tx: Tx, event: DeliveryStatusChanged, now: datetime) -> None:
    """The steps a person would tell of; the others are on the delivery's own page."""
    if event.status not in MOVES_SHOWN:
        return
    await _write(
        tx,
        "delivery_moved",
        f"{event.delivery_id}:{event.status}:{event.occurred_at.timestamp()}",
        event.occurred_at,
        event.order_id,
        status=event.status,
        shipment_id=str(event.shipment_id),
        detail=event.reason[:200],
    )


@subscribe_many(MessageSent, TIMELINE)
async def messages_sent(tx: Tx, events: Sequence[MessageSent], now: datetime) -> None:
    await _messages(tx, "message_sent", events, now)


@subscribe_many(MessageFailed, TIMELINE)
async def messages_failed(tx: Tx, events: Sequence[MessageFailed], now: datetime) -> None:
    await _messages(tx, "message_failed", events, now)


async def _messages(
    tx: Tx, kind: str, events: Sequence[MessageSent | MessageFailed], now: datetime
) -> None:
    """About an order, or, of a campaign, a journey or any other, to a customer we know."""
    lines = [
        NewActivity(
            kind=kind,
            dedupe=f"{kind}:{event.message_id}",
            occurred_at=now,
            order_id=event.order_id,
            customer_id=None if event.order_id else event.customer_id,
            facts={
                "message_id": str(event.message_id),
                "detail": f"{words(event.template)}, {words(event.channel)}",
            },
        )
        for event in events
        if event.order_id or event.customer_id
    ]
    if lines:
        await store.write_many(tx, lines)


@subscribe(ComplaintOpened, TIMELINE)
async def complaint_opened(tx: Tx, event: ComplaintOpened, now: datetime) -> None:
    await store.write(
        tx,
        NewActivity(
            kind="complaint_opened",
            dedupe=f"complaint_opened:{event.complaint_id}",
            occurred_at=now,
            customer_id=event.customer_id,
            order_id=event.order_id,
            facts={
                "complaint_id": str(event.complaint_id),
                "number": event.number,
                "category": event.category,
                "severity": event.severity,
            },
        ),
    )


@subscribe(ComplaintStatusChanged, TIMELINE)
async def complaint_moved(tx: Tx, event: ComplaintStatusChanged, now: datetime) -> None:
    await _complaint(tx, "complaint_moved", event, now, status=event.after)


@subscribe(ComplaintRated, TIMELINE)
async def complaint_rated(tx: Tx, event: ComplaintRated, now: datetime) -> None:
    await _complaint(tx, "complaint_rated", event, now)


async def _complaint(
    tx: Tx,
    kind: str,
    event: ComplaintStatusChanged | ComplaintRated,
    now: datetime,
    **facts: Any,
) -> None:
    """A complaint without an order is found again by its opening."""
    await store.write(
        tx,
        NewActivity(
            kind=kind,
            dedupe=f"{kind}:{event.complaint_id}:{now.timestamp()}",
            occurred_at=now,
            customer_id=await store.customer_of_complaint(tx, event.complaint_id),
            order_id=event.order_id,
            facts={"complaint_id": str(event.complaint_id), "number": event.number, **facts},
        ),
    )


@subscribe(CampaignOpened, TIMELINE)
async def campaign_opened(tx: Tx, event: CampaignOpened, now: datetime) -> None:
    await _engaged(tx, "campaign_opened", event, "")


@subscribe(CampaignClicked, TIMELINE)
async def campaign_clicked(tx: Tx, event: CampaignClicked, now: datetime) -> None:
    await _engaged(tx, "campaign_clicked", event, event.url)


async def _engaged(tx: Tx, kind: str, event: CampaignOpened | CampaignClicked, detail: str) -> None:
    """Of people; what machines do in somebody's mailbox is not theirs."""
    if event.customer_id is None or event.verdict != "human":
        return
    about = {"campaign_id": event.campaign_id, "journey_id": event.journey_id}
    await store.write(
        tx,
        NewActivity(
            kind=kind,
            dedupe=f"{kind}:{event.engagement_id}",
            occurred_at=event.at,
            customer_id=event.customer_id,
            facts={
                **{name: str(value) for name, value in about.items() if value},
                "detail": detail[:300],
            },
        ),
    )


@subscribe(SegmentEntered, TIMELINE)
async def segment_entered(tx: Tx, event: SegmentEntered, now: datetime) -> None:
    await _moved_between_segments(tx, "segment_entered", event, now)


@subscribe(SegmentLeft, TIMELINE)
async def segment_left(tx: Tx, event: SegmentLeft, now: datetime) -> None:
    await _moved_between_segments(tx, "segment_left", event, now)


async def _moved_between_segments(
    tx: Tx, kind: str, event: SegmentEntered | SegmentLeft, now: datetime
) -> None:
    """By the segment's name as it is now."""
    segment = await segments.get(tx, event.segment_id)
    if segment is None:
        return
    await store.write(
        tx,
        NewActivity(
            kind=kind,
            dedupe=f"{kind}:{event.segment_id}:{event.customer_id}:{now.timestamp()}",
            occurred_at=now,
            customer_id=event.customer_id,
            facts={"segment_id": str(event.segment_id), "detail": segment.name},
        ),
    )
