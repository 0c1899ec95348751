"""What goes wrong on the road and with money opens complaints by itself, and what sets it right
settles them. Which and when is the desk's own setting; here stand the facts.
"""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.contracts.delivery import DeliveryStatusChanged
from tandem.contracts.payments import (
    PaymentExceptionRaised,
    RefundProcessed,
    SurplusRefunded,
)
from tandem.contracts.shipping import PromiseRevised, ShipmentStatusChanged
from tandem.flows.complaints import About, links_of
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.jobs import Work, every
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.shipping import service as shipping
from tandem.scm.support import service as support
from tandem.scm.support.domain.rules import Cause, Trigger

HARMED = frozenset({"damaged", "lost"})
REFUND_LOOKED_AT_AFTER = timedelta(days=1)
REFUNDS_LOOKED_AT = 200


@subscribe(ShipmentStatusChanged, "complaints.parcel")
async def look_at_parcel(tx: Tx, event: ShipmentStatusChanged, now: datetime) -> None:
    """A failed attempt, harm, or the happy end."""
    if event.status == "delivery_failed":
        await _attempt_failed(tx, event.shipment_id, now)
    elif event.status in HARMED:
        parcel = await shipping.get_shipment(tx, event.shipment_id)
        await support.apply_rules(
            tx,
            Trigger.PARCEL_HARMED,
            subject_id=event.shipment_id,
            facts={"status": event.status, "carrier": parcel.carrier},
            links=await links_of(tx, About(shipment_id=event.shipment_id)),
            happened=f"The carrier reports the parcel as {event.status}.",
            now=now,
        )
    elif event.status == "delivered":
        await support.settle_cause(
            tx,
            Cause.DELIVERED,
            subject_ids=frozenset({event.shipment_id}),
            reason="The parcel was delivered.",
            now=now,
        )


@subscribe(PromiseRevised, "complaints.promise")
async def look_at_promise(tx: Tx, event: PromiseRevised, now: datetime) -> None:
    """Every failed attempt moves the promise, so a second one in a row is seen here too."""
    parcel = await shipping.get_shipment(tx, event.shipment_id)
    if parcel.status == "delivery_failed":
        await _attempt_failed(tx, event.shipment_id, now)
    if parcel.status == "delivered":
        return
    days_late = (event.current_on - event.first_on).days
    await support.apply_rules(
        tx,
        Trigger.PROMISE_MISSED,
        subject_id=event.shipment_id,
        facts={"days_late": days_late, "carrier": parcel.carrier},
        links=await links_of(tx, About(shipment_id=event.shipment_id)),
        happened=f"First promised for {event.first_on}, now for {event.current_on}.",
        now=now,
    )


@subscribe(DeliveryStatusChanged, "complaints.attempt_place")
async def look_at_place(tx: Tx, event: DeliveryStatusChanged, now: datetime) -> None:
    """Where the phone was when the driver said that nobody opened."""
    if event.status != Status.FAILED:
        return
    one = await delivery.get_delivery(tx, event.delivery_id)
    failed = [
        row for row in await delivery.list_statuses(tx, one.id) if row.status == Status.FAILED
    ]
    row = failed[-1] if failed else None
    if row is None or one.door is None or row.lat is None or row.lon is None:
        return
    metres = round(distance(one.door, Point(row.lat, row.lon)))
    await support.apply_rules(
        tx,
        Trigger.ATTEMPT_FAILED,
        subject_id=event.shipment_id,
        facts={"distance_m": metres, "reason": row.reason, "carrier": "own_fleet"},
        links=await links_of(tx, About(shipment_id=event.shipment_id)),
        happened=f"Attempt {one.attempt} was given up {metres} m from the door.",
        now=now,
    )


@subscribe(PaymentExceptionRaised, "complaints.payment_exception")
async def look_at_exception(tx: Tx, event: PaymentExceptionRaised, now: datetime) -> None:
    await support.apply_rules(
        tx,
        Trigger.PAYMENT_EXCEPTION,
        subject_id=event.payment_id or event.order_id,
        facts={"kind": event.kind},
        links=await links_of(tx, About(order_id=event.order_id)),
        happened=f"Payments: {event.kind.replace('_', ' ')}.",
        now=now,
    )


@subscribe(RefundProcessed, "complaints.refunded")
async def look_at_refund(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    """The refund itself is no longer stuck; with everything given back nothing else is wrong."""
    subjects = {event.refund_id}
    order = await orders.get_order(tx, event.order_id)
    if event.refunded_minor >= order.paid_minor > 0:
        parcels = await shipping.list_of_order(tx, event.order_id)
        subjects |= {parcel.id for parcel in parcels} | {event.payment_id, event.order_id}
    await support.settle_cause(
        tx,
        Cause.REFUNDED,
        subject_ids=frozenset(subjects),
        reason="The money went back to the buyer.",
        now=now,
    )


@subscribe(SurplusRefunded, "complaints.surplus_refunded")
async def look_at_surplus(tx: Tx, event: SurplusRefunded, now: datetime) -> None:
    await support.settle_cause(
        tx,
        Cause.REFUNDED,
        subject_ids=frozenset({event.refund_id, event.payment_id}),
        reason="The surplus went back to the buyer.",
        now=now,
    )


@every(900, "complaints.refunds")
async def look_at_waiting_refunds(work: Work) -> None:
    """Refunds that somebody asked for and nobody confirmed."""
    now = work.now()
    async with work.transaction() as tx:
        waiting = await payments.list_waiting_refunds(
            tx, requested_before=now - REFUND_LOOKED_AT_AFTER, limit=REFUNDS_LOOKED_AT
        )
        for refund in waiting:
            days = (now - refund.requested_at).days
            await support.apply_rules(
                tx,
                Trigger.REFUND_WAITING,
                subject_id=refund.id,
                facts={"days": days, "amount_minor": refund.amount_minor},
                links=await links_of(tx, About(order_id=refund.order_id)),
                happened="The refund was asked for and is not confirmed yet.",
                now=now,
            )


async def _attempt_failed(tx: Tx, shipment_id: UUID, now: datetime) -> None:
    parcel = await shipping.get_shipment(tx, shipment_id)
    scans = await shipping.list_scans(tx, shipment_id)
    reasons = [scan.reason for scan in scans if scan.status == "delivery_failed"]
    await support.apply_rules(
        tx,
        Trigger.ATTEMPT_FAILED,
        subject_id=shipment_id,
        facts={
            "attempts": parcel.attempts,
            "reason": reasons[-1] if reasons else "",
            "carrier": parcel.carrier,
            "cod_minor": parcel.cod_minor,
        },
        links=await links_of(tx, About(shipment_id=shipment_id)),
        happened=f"Attempt {parcel.attempts} failed.",
        now=now,
    )
