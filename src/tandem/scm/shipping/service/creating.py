"""A shipment comes to be: goods, promise, number, parcels, carrier, label."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.shipping import (
    PromiseRevised,
    ShipmentCreated,
    ShipmentItem,
    ShipmentReady,
)
from tandem.kernel import numbering, references, tokens
from tandem.kernel.db import Tx
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id
from tandem.kernel.references import Reference
from tandem.scm.shipping.domain import promise as engine
from tandem.scm.shipping.domain.packing import (
    cash_due,
    check_items,
    items_left,
    parcels_of,
    value_of,
    weight_of,
)
from tandem.scm.shipping.domain.shipments import NewParcel, Sender, Shipment
from tandem.scm.shipping.domain.statuses import Status
from tandem.scm.shipping.gateways.carriers import BookingAsk, get_carrier
from tandem.scm.shipping.service.promising import Plan, plan_of
from tandem.scm.shipping.store import shipments as store

TOKEN_KIND = "shipment"  # noqa: S105  the kind of a token, not one
NUMBER_START = 100_001
OWN_FLEET = "own_fleet"


async def create_shipment(
    tx: Tx,
    *,
    order: OrderSnapshot,
    items: Sequence[ShipmentItem] | None,
    now: datetime,
    carrier: str = OWN_FLEET,
    location_id: UUID | None = None,
) -> Shipment:
    """Ship these items, or all that is left of the order, as one parcel.

    With our own fleet the shipment is ready at once; with `manual` it waits for the carrier's
    number. The order must be locked by the caller. Raises NothingToShip, UnknownCarrier.
    """
    tx.actor.require("shipping.write")
    gateway = get_carrier(carrier)
    assert gateway.is_local, "a carrier across the network is booked by a job"
    packed = await store.packed(tx, order.id)
    if items is None:
        items = items_left(order, packed)
    else:
        check_items(order, items, packed)
    cod_minor = cash_due(order, items, packed, await store.cash_of(tx, order.id))
    plan = await plan_of(tx)
    place = plan.place_of(location_id)
    revisions = _promises(plan, place, order, now)
    shipment = await _new(tx, order, items, carrier, cod_minor, plan, place, revisions, now)
    booking = gateway.book(
        BookingAsk(
            shipment_id=shipment.id,
            reference=shipment.number,
            ship_to=shipment.ship_to,
            parcels=shipment.parcels,
            cod_minor=cod_minor,
            currency=shipment.currency,
        )
    )
    status = Status.READY if booking.is_labelled else Status.LABEL_PENDING
    shipment = msgspec.structs.replace(shipment, status=status, base_status=status, awb=booking.awb)
    await store.insert(tx, shipment, revisions, now)
    await _refer(tx, shipment)
    await _tell(tx, shipment, revisions)
    return shipment


def _promises(
    plan: Plan, place: int, order: OrderSnapshot, now: datetime
) -> list[tuple[date, str]]:
    """What the buyer was told, and what is true now where that is later.

    An order that was paid late leaves late; whoever follows it should see that at once.
    """
    rules = plan.rules[place]
    zone = plan.zone(order.ship_to.postal_code, order.ship_to.country, place)
    first = order.promised_on or engine.promise(rules, zone, order.placed_at).promised_on
    current = engine.estimate(rules, zone, now)
    later = [(current, "released later than promised")] if current > first else []
    return [(first, "promised at purchase"), *later]


async def _new(
    tx: Tx,
    order: OrderSnapshot,
    items: Sequence[ShipmentItem],
    carrier: str,
    cod_minor: int,
    plan: Plan,
    place: int,
    revisions: Sequence[tuple[date, str]],
    now: datetime,
) -> Shipment:
    shipment_id = new_id()
    (token,) = await tokens.issue(tx, kind=TOKEN_KIND, entity_ids=[shipment_id])
    number = f"SHP-{await numbering.take(tx, kind='shipment', start=NUMBER_START)}"
    parcel = NewParcel(weight_grams=max(1, weight_of(items)))
    origin = plan.origin(place)
    return Shipment(
        id=shipment_id,
        number=number,
        public_token=token,
        order_id=order.id,
        order_number=order.number,
        carrier=carrier,
        awb=None,
        status=Status.DRAFT,
        base_status=Status.DRAFT,
        carrier_status=None,
        status_at=now,
        sender=Sender(name=origin.name, address=origin.address, time_zone=origin.time_zone),
        ship_to=order.ship_to,
        recipient_phone=order.ship_to.phone or order.customer_phone,
        weight_grams=parcel.weight_grams,
        charged_grams=parcel.weight_grams,
        value_minor=value_of(order, items),
        cod_minor=cod_minor,
        currency=order.currency,
        promised_first_on=revisions[0][0],
        promised_on=revisions[-1][0],
        attempts=0,
        picked_up_at=None,
        delivered_at=None,
        delivered_on=None,
        is_on_time=None,
        cancel_reason="",
        manifest_id=None,
        version=1,
        created_at=now,
        updated_at=now,
        items=list(items),
        parcels=parcels_of(number, [parcel]),
    )


async def _refer(tx: Tx, shipment: Shipment) -> None:
    """So that a number read from a label leads to the order."""
    await references.add(
        tx,
        Reference(
            system="tandem",
            kind="shipment",
            external_id=shipment.number,
            entity_kind="shipment",
            entity_id=shipment.id,
            order_id=shipment.order_id,
        ),
    )


async def _tell(tx: Tx, shipment: Shipment, revisions: Sequence[tuple[date, str]]) -> None:
    events: list[Event] = [
        ShipmentCreated(
            order_id=shipment.order_id,
            shipment_id=shipment.id,
            number=shipment.number,
            carrier=shipment.carrier,
            promised_on=shipment.promised_first_on,
        )
    ]
    first = revisions[0][0]
    events += [
        PromiseRevised(
            order_id=shipment.order_id,
            shipment_id=shipment.id,
            number=shipment.number,
            first_on=first,
            current_on=day,
            cause=cause,
        )
        for day, cause in revisions[1:]
    ]
    if shipment.status is Status.READY:
        events.append(ready(shipment))
    await tx.publish(*events)


def ready(shipment: Shipment) -> ShipmentReady:
    return ShipmentReady(
        order_id=shipment.order_id,
        shipment_id=shipment.id,
        number=shipment.number,
        carrier=shipment.carrier,
        ship_to=shipment.ship_to,
        recipient_phone=shipment.recipient_phone,
        promised_on=shipment.promised_on,
        cod_minor=shipment.cod_minor,
        currency=shipment.currency,
        parcels=len(shipment.parcels),
    )
