"""How a delivery begins, gets its place on the map and ends before it began."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from tandem.contracts.delivery import DeliveryCreated, DeliveryStatusChanged
from tandem.contracts.shipping import ShipmentReady
from tandem.kernel import jobs, tokens
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.doorcodes import new_secret
from tandem.scm.delivery.domain.permissions import DISPATCH
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.statuses import BACK, FOLLOWED, Status, allowed
from tandem.scm.delivery.domain.visibility import Policy
from tandem.scm.delivery.service.moves import Told, get_locked, move
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import histories, policies
from tandem.scm.delivery.store import proofs as proof_store

TOKEN_KIND = "delivery"  # noqa: S105  the kind of a token, not one
LOCATE = "delivery.locate"


async def open_delivery(
    tx: Tx, *, event: ShipmentReady, now: datetime, order_number: str = ""
) -> Delivery:
    """Make the delivery of a shipment that is ready: unassigned, with its own public link and door
    code. Asking twice returns the first."""
    tx.actor.require(DISPATCH)
    if found := await store.find_by_shipment(tx, event.shipment_id):
        return found
    policy, _ = await policies.get(tx)
    delivery = _new(event, order_number, policy, now)
    (token,) = await tokens.issue(tx, kind=TOKEN_KIND, entity_ids=[delivery.id])
    delivery = msgspec.structs.replace(delivery, public_token=token)
    if not await store.insert(tx, delivery):
        found = await store.find_by_shipment(tx, event.shipment_id)
        assert found, "the shipment's delivery was there a moment ago"
        return found
    await proof_store.make_door_code(tx, delivery.id, new_secret())
    await _tell(tx, delivery, now)
    if delivery.door is None:
        await jobs.enqueue(tx, LOCATE, dedupe=str(delivery.id), delivery_id=str(delivery.id))
    return delivery


async def lower_cash(tx: Tx, *, shipment_id: UUID, cod_minor: int) -> bool:
    """The buyer paid meanwhile: the driver collects so much less. Never raised; False when the
    parcel was handed over already."""
    tx.actor.require(DISPATCH)
    return await store.lower_cash(tx, shipment_id, cod_minor)


def _new(event: ShipmentReady, order_number: str, policy: Policy, now: datetime) -> Delivery:
    has_place = event.ship_to.latitude is not None and event.ship_to.longitude is not None
    return Delivery(
        id=new_id(),
        order_id=event.order_id,
        shipment_id=event.shipment_id,
        order_number=order_number,
        shipment_number=event.number,
        public_token="",
        status=Status.UNASSIGNED,
        reason="",
        driver_id=None,
        vehicle_id=None,
        run_id=None,
        stop_seq=0,
        ship_to=event.ship_to,
        recipient_phone=event.recipient_phone or event.ship_to.phone,
        lat=event.ship_to.latitude if has_place else None,
        lon=event.ship_to.longitude if has_place else None,
        pickup_name=policy.pickup_name,
        pickup_lat=policy.pickup_lat,
        pickup_lon=policy.pickup_lon,
        proof_policy=policy.proof_policy,
        cod_minor=event.cod_minor,
        cash_minor=None,
        currency=event.currency,
        parcels=event.parcels,
        promised_on=event.promised_on,
        expected_on=None,
        attempt=1,
        offered_until=None,
        is_auto_offered=False,
        next_attempt_on=None,
        picked_up_at=None,
        set_out_at=None,
        arrived_at=None,
        closed_at=None,
        created_at=now,
        version=1,
    )


async def _tell(tx: Tx, delivery: Delivery, now: datetime) -> None:
    await histories.add_status(
        tx,
        delivery_id=delivery.id,
        status=delivery.status,
        reason="",
        point=None,
        occurred_at=now,
        received_at=now,
        driver_id=None,
    )
    await tx.publish(
        DeliveryCreated(
            order_id=delivery.order_id, shipment_id=delivery.shipment_id, delivery_id=delivery.id
        ),
        DeliveryStatusChanged(
            order_id=delivery.order_id,
            shipment_id=delivery.shipment_id,
            delivery_id=delivery.id,
            status=delivery.status,
            occurred_at=now,
        ),
    )


async def cancel_delivery(
    tx: Tx, *, shipment_id: UUID, reason: str, now: datetime
) -> Delivery | None:
    """End the delivery of a cancelled shipment. Goods that left the hub are called back instead;
    a shipment without a delivery, or one that is over, is left as it is."""
    tx.actor.require(DISPATCH)
    found = await store.find_by_shipment(tx, shipment_id)
    if found is None:
        return None
    delivery = await get_locked(tx, found.id)
    options = allowed(delivery.status, was_picked_up=delivery.was_picked_up)
    told = Told(occurred_at=now, reason=reason or "shipment cancelled")
    for target in (Status.CANCELLED, Status.RETURNING):
        if target in options:
            return await move(tx, delivery, target, told, now=now)
    return delivery


async def expect(tx: Tx, *, shipment_id: UUID, on: date) -> Delivery | None:
    """The buyer was told another day. None where no open delivery waits for it."""
    tx.actor.require(DISPATCH)
    found = await store.find_by_shipment(tx, shipment_id)
    return found if found and await store.expect(tx, found.id, on) else None


COMING_BACK = (Status.RETURNING, Status.RETURNED)


async def follow_shipment(
    tx: Tx, *, shipment_id: UUID, status: str, at: datetime, now: datetime
) -> Delivery | None:
    """What was said of the parcel without its driver: handed over at a counter, lost, called back.
    A delivery that waits for it ends or turns round; one under way stays with its driver."""
    tx.actor.require(DISPATCH)
    found = await store.find_by_shipment(tx, shipment_id) if status in FOLLOWED else None
    if found is None:
        return None
    delivery = await get_locked(tx, found.id)
    told = Told(occurred_at=at, reason=FOLLOWED[status])
    for target in (Status.CANCELLED, *(COMING_BACK if status in BACK else ())):
        is_there = target is not Status.RETURNED or status == "rto_delivered"
        if is_there and target in allowed(delivery.status, was_picked_up=delivery.was_picked_up):
            delivery = await move(tx, delivery, target, told, now=now)
    return delivery


async def locate(tx: Tx, delivery_id: UUID, point: Point) -> UUID | None:
    """Put a delivery on the map, unless it has its place already. Returns the driver who carries
    it at this moment."""
    tx.actor.require(DISPATCH)
    await store.place(tx, delivery_id, point)
    delivery = await store.find(tx, delivery_id)
    return delivery.driver_id if delivery and delivery.is_aboard else None


async def find_unplaced(tx: Tx, delivery_id: UUID) -> Delivery | None:
    """The delivery, when it still waits for its place on the map."""
    found = await store.find(tx, delivery_id)
    return found if found and found.door is None and found.closed_at is None else None
