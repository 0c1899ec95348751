"""The one way to change a delivery's status: check, save, append the row, tell."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.delivery import CashCollected, DeliveryStatusChanged, DoorCodeRequested
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.domain.proofs import ProofKind, check_complete
from tandem.scm.delivery.domain.statuses import ABOARD, AT_THE_DOOR, FINAL, Status, check_move
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import etas, fleet, histories, positions, rounds
from tandem.scm.delivery.store import proofs as proof_store

SETTING_OUT_SEEN = timedelta(minutes=10)
LEARN_METRES_MIN = 300.0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came with a change: where and when it happened by the device's clock, corrected."""

    occurred_at: datetime
    reason: str = ""
    point: Point | None = None
    proof_id: UUID | None = None
    client_event_id: UUID | None = None


async def get_locked(tx: Tx, delivery_id: UUID) -> Delivery:
    locked = await store.lock(tx, [delivery_id])
    if not locked:
        raise NotFound("There is no such delivery.")
    return locked[0]


async def move(
    tx: Tx, delivery: Delivery, target: Status, told: Told, *, now: datetime, **changes: Any
) -> Delivery:
    """Bring a locked delivery into another status. Refuses what the table of moves does not have.

    `changes` are further fields to set (driver, run, offer). Returns the delivery as it is then.
    """
    check_move(delivery.status, target, was_picked_up=delivery.was_picked_up, reason=told.reason)
    if target is Status.DELIVERED:
        await _check_handed_over(tx, delivery, changes.get("cash_minor", delivery.cash_minor))
    moved = msgspec.structs.replace(
        delivery,
        status=target,
        reason=told.reason,
        version=delivery.version + 1,
        **{**_marks(delivery, target, told), **changes},
    )
    await store.save(tx, moved)
    await histories.add_status(
        tx,
        delivery_id=moved.id,
        status=target,
        reason=told.reason,
        point=told.point,
        occurred_at=told.occurred_at,
        received_at=now,
        driver_id=moved.driver_id or delivery.driver_id,
        proof_id=told.proof_id,
        client_event_id=told.client_event_id,
    )
    await tx.publish(
        DeliveryStatusChanged(
            order_id=moved.order_id,
            shipment_id=moved.shipment_id,
            delivery_id=moved.id,
            status=target,
            reason=told.reason,
            occurred_at=told.occurred_at,
        )
    )
    await _follow_up(tx, delivery, moved, told, now)
    return moved


async def _check_handed_over(tx: Tx, delivery: Delivery, cash_minor: int | None) -> None:
    given = await proof_store.kinds_of(tx, [delivery.id])
    check_complete(
        delivery.proof_policy,
        given.get(delivery.id, set()),
        cod_minor=delivery.cod_minor,
        cash_minor=cash_minor,
    )


def _marks(delivery: Delivery, target: Status, told: Told) -> dict[str, Any]:
    """The moments a delivery remembers, by the device's clock."""
    marks: dict[str, Any] = {}
    if target is Status.PICKED_UP and delivery.picked_up_at is None:
        marks["picked_up_at"] = told.occurred_at
    if target is Status.EN_ROUTE:
        marks["set_out_at"] = told.occurred_at
    if target is Status.ARRIVED:
        marks["arrived_at"] = told.occurred_at
    if target in FINAL:
        marks["closed_at"] = told.occurred_at
    if target is not Status.OFFERED:
        marks["offered_until"] = None
    return marks


async def _follow_up(tx: Tx, before: Delivery, moved: Delivery, told: Told, now: datetime) -> None:
    if moved.status is Status.EN_ROUTE:
        await _remember_setting_out(tx, moved, told, now)
    if moved.status in AT_THE_DOOR:
        await request_first_code(tx, moved, now=now)
    if moved.status is Status.ARRIVED:
        await _learn_speed(tx, moved)
    if moved.status is Status.DELIVERED and moved.cod_minor and moved.driver_id:
        await tx.publish(
            CashCollected(
                order_id=moved.order_id,
                shipment_id=moved.shipment_id,
                delivery_id=moved.id,
                amount_minor=moved.cod_minor,
                currency=moved.currency,
                driver_id=moved.driver_id,
            )
        )
    if before.driver_id and moved.status not in ABOARD:
        await rounds.close_run(tx, before.driver_id, now)


async def request_first_code(tx: Tx, delivery: Delivery, *, now: datetime) -> None:
    """Ask for the code to be sent when the vehicle nears the door; once per attempt."""
    if ProofKind.OTP not in delivery.proof_policy:
        return
    code = await proof_store.lock_door_code(tx, delivery.id)
    if code.sends or code.verified_at:
        return
    await proof_store.save_door_code(tx, code, sends=1, sent_at=now)
    await tx.publish(code_requested(delivery))


def code_requested(delivery: Delivery) -> DoorCodeRequested:
    return DoorCodeRequested(
        order_id=delivery.order_id, shipment_id=delivery.shipment_id, delivery_id=delivery.id
    )


async def _remember_setting_out(tx: Tx, delivery: Delivery, told: Told, now: datetime) -> None:
    point = told.point
    if point is None and delivery.driver_id:
        seen = await positions.live(
            tx, driver_ids=[delivery.driver_id], since=now - SETTING_OUT_SEEN
        )
        point = Point(seen[0].lat, seen[0].lon) if seen else None
    if point is not None:
        await store.save_setting_out(tx, delivery.id, point)


async def _learn_speed(tx: Tx, delivery: Delivery) -> None:
    """Crow-flight metres and seconds of this way: next estimates without streets lean on them."""
    start = await store.set_out_from(tx, delivery.id)
    if not (start and delivery.door and delivery.set_out_at and delivery.arrived_at):
        return
    metres = distance(start, delivery.door)
    seconds = (delivery.arrived_at - delivery.set_out_at).total_seconds()
    if metres < LEARN_METRES_MIN or seconds < 30:
        return
    vehicle = await fleet.find_vehicle(tx, delivery.vehicle_id) if delivery.vehicle_id else None
    await etas.learn(tx, vehicle.kind if vehicle else "any", metres, seconds)
