"""Who carries what: assign, offer, answer, take back, try again, call back."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.delivery import DeliveryAssigned, DeliveryStatusChanged
from tandem.kernel import audit
from tandem.kernel.company import find_zone
from tandem.kernel.db import Tx
from tandem.kernel.errors import IllegalMove, Invalid
from tandem.scm.delivery.domain.deliveries import Delivery, DriverFull, NobodyAvailable
from tandem.scm.delivery.domain.fleet import Driver, DriverInactive, UnknownDriver, UnknownVehicle
from tandem.scm.delivery.domain.permissions import DISPATCH, OVERRIDE
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import BEFORE_PICKUP, Status, allowed
from tandem.scm.delivery.service.moves import Told, get_locked, move
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import fleet, policies, positions, rounds
from tandem.scm.delivery.store import proofs as proof_store

POSITION_COUNTS = timedelta(minutes=15)
"""How old a position may be and still say who is near."""
DECLINED = "declined"
TIMED_OUT = "offer timed out"


async def assign(
    tx: Tx,
    delivery_id: UUID,
    *,
    driver_id: UUID | None,
    now: datetime,
    vehicle_id: UUID | None = None,
) -> Delivery:
    """Give a delivery to a driver, or with None to the nearest one who is on shift and has room.

    Given to another driver before pick-up, it changes hands. Refuses with NobodyAvailable,
    DriverFull, DriverInactive, UnknownDriver, UnknownVehicle, IllegalMove.
    """
    tx.actor.require(DISPATCH)
    delivery = await get_locked(tx, delivery_id)
    if driver_id is None:
        driver = await _nearest(tx, delivery, now)
    else:
        driver = await _driver(tx, driver_id)
    is_theirs = delivery.driver_id == driver.id and delivery.status is not Status.OFFERED
    if is_theirs and delivery.status in BEFORE_PICKUP:
        return delivery
    if delivery.status in BEFORE_PICKUP:
        delivery = await _take_back(tx, delivery, "reassigned", now)
    _check_can_become(delivery, Status.ASSIGNED)
    return await hand_over(tx, delivery, driver, vehicle_id=vehicle_id, now=now)


async def hand_over(
    tx: Tx, delivery: Delivery, driver: Driver, *, now: datetime, vehicle_id: UUID | None = None
) -> Delivery:
    """Make a locked delivery the next stop of the driver's run."""
    vehicle_id = vehicle_id or await _vehicle_on_shift(tx, driver.id)
    vehicle = await fleet.find_vehicle(tx, vehicle_id) if vehicle_id else None
    if vehicle_id and (vehicle is None or not vehicle.is_active):
        raise UnknownVehicle("There is no such vehicle in use.", field="vehicle_id")
    run = await rounds.open_run(tx, driver.id, vehicle_id, now)
    others = (await store.loads(tx)).get(driver.id, 0) - (delivery.driver_id == driver.id)
    if others >= driver.stops_max:
        raise DriverFull(f"{driver.name} has {driver.stops_max} stops already.")
    moved = await move(
        tx,
        delivery,
        Status.ASSIGNED,
        Told(occurred_at=now),
        now=now,
        driver_id=driver.id,
        vehicle_id=vehicle_id,
        run_id=run.id,
        stop_seq=await rounds.next_place(tx, run.id),
        is_auto_offered=False,
    )
    await tx.publish(
        DeliveryAssigned(
            order_id=moved.order_id,
            shipment_id=moved.shipment_id,
            delivery_id=moved.id,
            driver_id=driver.id,
            driver_name=driver.first_name,
            vehicle=f"{vehicle.kind} {vehicle.plate}" if vehicle else "",
        )
    )
    return moved


async def unassign(tx: Tx, delivery_id: UUID, *, reason: str, now: datetime) -> Delivery:
    """Take a delivery back from its driver; possible until pick-up."""
    tx.actor.require(DISPATCH)
    delivery = await get_locked(tx, delivery_id)
    return await _take_back(tx, delivery, reason or "unassigned", now)


async def offer(tx: Tx, delivery_id: UUID, *, driver_id: UUID | None, now: datetime) -> Delivery:
    """Ask a driver, or with None the nearest ones in turn; silence counts as no after the policy's
    `offer_seconds`."""
    tx.actor.require(DISPATCH)
    delivery = await get_locked(tx, delivery_id)
    _check_can_become(delivery, Status.OFFERED)
    if driver_id is None:
        driver = await _nearest(tx, delivery, now)
    else:
        driver = await _driver(tx, driver_id)
    return await _offer(tx, delivery, driver, is_auto=driver_id is None, now=now)


async def accept_offer(tx: Tx, delivery: Delivery, driver: Driver, *, now: datetime) -> Delivery:
    """Assigned and accepted in one breath; two rows, as the machine has it."""
    assigned = await hand_over(tx, delivery, driver, now=now)
    return await move(tx, assigned, Status.ACCEPTED, Told(occurred_at=now), now=now)


async def decline(
    tx: Tx, delivery: Delivery, *, reason: str, now: datetime, occurred_at: datetime
) -> Delivery:
    """A driver says no to a locked offer or assignment; an automatic offer goes on to the next."""
    why = f"{DECLINED}: {reason}" if reason else DECLINED
    return await _withdraw(tx, delivery, Told(occurred_at=occurred_at, reason=why), now)


async def expire_offers(tx: Tx, *, now: datetime) -> int:
    """Take unanswered offers back, a hundred at a time. Returns how many."""
    overdue = await store.lock_overdue_offers(tx, now)
    for delivery in overdue:
        await _withdraw(tx, delivery, Told(occurred_at=now, reason=TIMED_OUT), now)
    return len(overdue)


async def cancel(tx: Tx, delivery_id: UUID, *, reason: str, now: datetime) -> Delivery:
    """End a delivery before pick-up. Afterwards only a return brings the goods back."""
    tx.actor.require(DISPATCH)
    delivery = await get_locked(tx, delivery_id)
    return await move(tx, delivery, Status.CANCELLED, Told(occurred_at=now, reason=reason), now=now)


REATTEMPT_DAYS_MAX = timedelta(days=60)


async def schedule_reattempt(
    tx: Tx, delivery_id: UUID, *, on: date | None, reason: str, now: datetime
) -> Delivery:
    """Plan another try after a failed one, or the planned one on another day. The old door code
    dies; the next try sends a new one.
    Refuses a day that is over by the company's clock, or more than `REATTEMPT_DAYS_MAX` ahead."""
    tx.actor.require(DISPATCH)
    if on is not None:
        today = now.astimezone(ZoneInfo(await find_zone(tx))).date()
        if not today <= on <= today + REATTEMPT_DAYS_MAX:
            raise Invalid("Name a day from today on, within two months.", field="on")
    delivery = await get_locked(tx, delivery_id)
    if delivery.status is Status.REATTEMPT_SCHEDULED:
        return await _on_another_day(tx, delivery, on, reason, now)
    moved = await move(
        tx,
        delivery,
        Status.REATTEMPT_SCHEDULED,
        Told(occurred_at=now, reason=reason),
        now=now,
        attempt=delivery.attempt + 1,
        next_attempt_on=on,
        driver_id=None,
        vehicle_id=None,
        run_id=None,
        stop_seq=0,
        arrived_at=None,
        set_out_at=None,
    )
    code = await proof_store.lock_door_code(tx, delivery_id)
    if code.verified_at is None:
        await proof_store.save_door_code(tx, code, generation=code.generation + 1, tries=0, sends=0)
    return moved


async def _on_another_day(
    tx: Tx, delivery: Delivery, on: date | None, reason: str, now: datetime
) -> Delivery:
    """The try that is planned already, on the day that was said last; it stays the same try."""
    if on is None or on == delivery.next_attempt_on:
        return delivery
    moved = msgspec.structs.replace(
        delivery, next_attempt_on=on, reason=reason, version=delivery.version + 1
    )
    await store.save(tx, moved)
    await tx.publish(
        DeliveryStatusChanged(
            order_id=moved.order_id,
            shipment_id=moved.shipment_id,
            delivery_id=moved.id,
            status=moved.status,
            reason=reason,
            occurred_at=now,
        )
    )
    return moved


async def set_status(
    tx: Tx, delivery_id: UUID, *, status: Status, reason: str, now: datetime
) -> Delivery:
    """Write a status by hand, along the table of moves and with a reason; audited."""
    tx.actor.require(OVERRIDE)
    if status in {Status.ASSIGNED, Status.OFFERED, Status.REATTEMPT_SCHEDULED}:
        raise Invalid("Assign, offer or reschedule it instead.", field="status")
    if not reason.strip():
        raise Invalid("Say why you write this status by hand.", field="reason")
    delivery = await get_locked(tx, delivery_id)
    told = Told(occurred_at=now, reason=reason)
    if status is Status.UNASSIGNED:
        moved = await _take_back(tx, delivery, reason, now)
    elif status is Status.DELIVERED and delivery.cod_minor:
        cash = delivery.cod_minor
        moved = await move(tx, delivery, status, told, now=now, cash_minor=cash)
    else:
        moved = await move(tx, delivery, status, told, now=now)
    await audit.write(
        tx,
        action="delivery.status_set",
        subject_kind="delivery",
        subject_id=delivery_id,
        now=now,
        before={"status": delivery.status},
        after={"status": status, "reason": reason},
    )
    return moved


async def set_proof_policy(
    tx: Tx, delivery_id: UUID, *, kinds: list[ProofKind], reason: str, now: datetime
) -> Delivery:
    """Ask for other proofs on this one delivery (the buyer's phone is broken); audited."""
    tx.actor.require(OVERRIDE)
    delivery = await get_locked(tx, delivery_id)
    if delivery.closed_at is not None:
        raise IllegalMove("Delivery", delivery.status, "changed proofs", [])
    wanted = list(dict.fromkeys(kinds))
    await store.save_proof_policy(tx, delivery_id, wanted)
    await audit.write(
        tx,
        action="delivery.proof_policy_set",
        subject_kind="delivery",
        subject_id=delivery_id,
        now=now,
        before={"proof_policy": delivery.proof_policy},
        after={"proof_policy": wanted, "reason": reason},
    )
    return await get_locked(tx, delivery_id)


async def _driver(tx: Tx, driver_id: UUID) -> Driver:
    driver = await fleet.find_driver(tx, driver_id)
    if driver is None:
        raise UnknownDriver("There is no such driver.", field="driver_id")
    if not driver.is_active:
        raise DriverInactive(f"{driver.name} does not drive for us at present.")
    return driver


async def _vehicle_on_shift(tx: Tx, driver_id: UUID) -> UUID | None:
    shift = await fleet.open_shift(tx, driver_id)
    return shift.vehicle_id if shift else None


async def _nearest(tx: Tx, delivery: Delivery, now: datetime) -> Driver:
    """On shift, active, with room, has not said no to this one; nearest to the pick-up point.
    Drivers without a recent position come last, the less laden first."""
    shifts = {shift.driver_id for shift in await fleet.list_open_shifts(tx)}
    refused = await store.refusers(tx, delivery.id)
    loads = await store.loads(tx)
    seen = {
        live.driver_id: Point(live.lat, live.lon)
        for live in await positions.live(tx, driver_ids=sorted(shifts), since=now - POSITION_COUNTS)
    }
    drivers = await fleet.list_of_ids(tx, sorted(shifts - refused))
    free = [
        driver
        for driver in drivers
        if driver.is_active and loads.get(driver.id, 0) < driver.stops_max
    ]
    if not free:
        raise NobodyAvailable("No driver is on shift with room for another stop.")
    goal = delivery.pickup or delivery.door

    def rank(driver: Driver) -> tuple[bool, float, int, UUID]:
        here = seen.get(driver.id)
        away = distance(here, goal) if here and goal else 0.0
        return here is None, away, loads.get(driver.id, 0), driver.id

    return min(free, key=rank)


async def _offer(
    tx: Tx, delivery: Delivery, driver: Driver, *, is_auto: bool, now: datetime
) -> Delivery:
    policy, _ = await policies.get(tx)
    return await move(
        tx,
        delivery,
        Status.OFFERED,
        Told(occurred_at=now),
        now=now,
        driver_id=driver.id,
        offered_until=now + timedelta(seconds=policy.offer_seconds),
        is_auto_offered=is_auto,
    )


async def _withdraw(tx: Tx, delivery: Delivery, told: Told, now: datetime) -> Delivery:
    is_auto = delivery.status is Status.OFFERED and delivery.is_auto_offered
    free = await _take_back(tx, delivery, told.reason, now, occurred_at=told.occurred_at)
    if not is_auto:
        return free
    try:
        driver = await _nearest(tx, free, now)
    except NobodyAvailable:
        return free
    return await _offer(tx, free, driver, is_auto=True, now=now)


async def _take_back(
    tx: Tx, delivery: Delivery, reason: str, now: datetime, *, occurred_at: datetime | None = None
) -> Delivery:
    return await move(
        tx,
        delivery,
        Status.UNASSIGNED,
        Told(occurred_at=occurred_at or now, reason=reason),
        now=now,
        driver_id=None,
        vehicle_id=None,
        run_id=None,
        stop_seq=0,
        is_auto_offered=False,
    )


def _check_can_become(delivery: Delivery, target: Status) -> None:
    """Before anybody is looked for: is the move possible at all?"""
    options = allowed(delivery.status, was_picked_up=delivery.was_picked_up)
    if target not in options:
        raise IllegalMove("Delivery", delivery.status, target, options)
