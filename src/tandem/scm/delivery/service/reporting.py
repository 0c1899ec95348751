"""What drivers tell: one report at a time, or the queue of a phone that was offline."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.kernel.actor import Kind
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, IllegalMove, NotFound, Refusal
from tandem.scm.delivery.domain.clocks import SKEW_MIN
from tandem.scm.delivery.domain.deliveries import ClientEvent, Delivery, Report, SyncResult
from tandem.scm.delivery.domain.fences import ENTER_M
from tandem.scm.delivery.domain.fleet import Driver
from tandem.scm.delivery.domain.permissions import DRIVE
from tandem.scm.delivery.domain.pings import storable
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.domain.proofs import Proof, ProofKind
from tandem.scm.delivery.domain.statuses import NotYours, Status, allowed
from tandem.scm.delivery.service import doorcodes, proofs
from tandem.scm.delivery.service.dispatching import accept_offer, decline
from tandem.scm.delivery.service.moves import Told, get_locked, move
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import fleet, histories, positions

DRIVERS_SAY = frozenset(
    {
        Status.UNASSIGNED,
        Status.ACCEPTED,
        Status.AT_PICKUP,
        Status.PICKED_UP,
        Status.EN_ROUTE,
        Status.ARRIVING,
        Status.ARRIVED,
        Status.DELIVERED,
        Status.FAILED,
        Status.RETURNING,
    }
)
"""`unassigned` is how a driver declines; the hub says `returned`, dispatch the rest."""

ALREADY_SO = "already_so"
SLOW_MAX = timedelta(minutes=2)
"""A clock that is slower than this, and said nothing of it, is not right but for a little."""


async def current_driver(tx: Tx) -> Driver:
    """The driver behind the request: a device's own, or the one linked to the person signed in."""
    tx.actor.require(DRIVE)
    if tx.actor.user_id is None:
        driver = None
    elif tx.actor.kind is Kind.DRIVER:
        driver = await fleet.find_driver(tx, tx.actor.user_id)
    else:
        driver = await fleet.driver_of_user(tx, tx.actor.user_id)
    if driver is None or not driver.is_active:
        raise Forbidden("This account drives no vehicle.", permission=DRIVE)
    return driver


async def report(
    tx: Tx,
    delivery_id: UUID,
    report: Report,
    *,
    now: datetime,
    sent_at: datetime | None = None,
) -> Delivery:
    """Apply what a driver says happened. Telling the same twice changes nothing.

    Refuses with NotYours, IllegalMove, ReasonMissing, UnknownReason, ProofMissing, CashMismatch
    and the door code's refusals.
    """
    driver = await current_driver(tx)
    delivery = await own_delivery(tx, driver, delivery_id)
    if report.client_event_id and await histories.known_events(tx, [report.client_event_id]):
        return delivery
    skew = await _skew(tx, driver.id, sent_at, now)
    return await _apply(tx, driver, delivery, report, skew=skew, now=now)


async def check_door_code(
    tx: Tx, delivery_id: UUID, *, given: str, point: Point | None, now: datetime
) -> Proof:
    """What the buyer said at the door; see `doorcodes.verify`."""
    driver = await current_driver(tx)
    delivery = await own_delivery(tx, driver, delivery_id)
    return await doorcodes.verify(tx, delivery, given, Told(occurred_at=now, point=point), now=now)


async def add_picture(
    tx: Tx,
    blobs: Blobs,
    delivery_id: UUID,
    *,
    kind: ProofKind,
    content: bytes,
    media_type: str,
    at: datetime | None,
    sent_at: datetime | None,
    point: Point | None,
    client_event_id: UUID | None,
    meta: dict[str, str],
    now: datetime,
) -> Proof:
    """A photo or signature from the driver's phone, perhaps taken while it was offline."""
    driver = await current_driver(tx)
    delivery = await own_delivery(tx, driver, delivery_id)
    skew = await _skew(tx, driver.id, sent_at, now)
    return await proofs.add_picture(
        tx,
        blobs,
        delivery,
        kind=kind,
        content=content,
        media_type=media_type,
        told=Told(
            occurred_at=_corrected(at, skew, delivery, now) if at else now,
            point=point,
            client_event_id=client_event_id,
        ),
        meta=meta,
        now=now,
    )


async def sync(
    tx: Tx, events: Sequence[ClientEvent], *, sent_at: datetime | None, now: datetime
) -> list[SyncResult]:
    """Take over an offline queue: by device time, each event once, none lost.

    What conflicts with the state it meets is kept as a row with the reason and reported; it moves
    nothing. Results come in the order the events were sent in.
    """
    driver = await current_driver(tx)
    ids = sorted({event.delivery_id for event in events})
    deliveries = {delivery.id: delivery for delivery in await store.lock(tx, ids)}
    known = await histories.known_events(tx, [event.client_event_id for event in events])
    skew = await _skew(tx, driver.id, sent_at, now)
    results: dict[UUID, SyncResult] = {}
    for event in sorted(events, key=lambda event: storable(event.at)):
        delivery = deliveries.get(event.delivery_id)
        if event.client_event_id in results:
            continue
        if delivery is None or not await _has_to_do_with(tx, driver, delivery):
            results[event.client_event_id] = _unknown(event)
            continue
        if event.client_event_id in known:
            outcome, problem = "known", None
        else:
            outcome, delivery, problem = await _take(tx, driver, delivery, event, skew, now)
            deliveries[delivery.id] = delivery
        results[event.client_event_id] = SyncResult(
            client_event_id=event.client_event_id,
            outcome=outcome,
            status=delivery.status,
            version=delivery.version,
            problem=problem,
        )
    return [results[event.client_event_id] for event in events]


async def own_delivery(tx: Tx, driver: Driver, delivery_id: UUID) -> Delivery:
    """The driver's delivery, locked. What never was theirs does not exist for them."""
    delivery = await get_locked(tx, delivery_id)
    if delivery.driver_id != driver.id:
        if await histories.has_served(tx, delivery_id, driver.id):
            raise NotYours(
                "This delivery is another driver's now.", delivery_status=delivery.status
            )
        raise NotFound("There is no such delivery.")
    return delivery


async def _has_to_do_with(tx: Tx, driver: Driver, delivery: Delivery) -> bool:
    return delivery.driver_id == driver.id or await histories.has_served(tx, delivery.id, driver.id)


def _unknown(event: ClientEvent) -> SyncResult:
    refusal = NotFound("There is no such delivery.")
    return SyncResult(
        client_event_id=event.client_event_id,
        outcome="refused",
        status=None,
        version=None,
        problem=refusal.problem(),
    )


async def _take(
    tx: Tx,
    driver: Driver,
    delivery: Delivery,
    event: ClientEvent,
    skew: timedelta,
    now: datetime,
) -> tuple[str, Delivery, dict[str, object] | None]:
    """One event of the queue, and then those that waited for it."""
    occurred_at = _corrected(event.at, skew, delivery, now)
    if event.status == delivery.status:
        await _keep(tx, driver, event, occurred_at, now, ALREADY_SO)
        return "applied", delivery, None
    try:
        if delivery.driver_id != driver.id:
            raise NotYours(
                "This delivery is another driver's now.", delivery_status=delivery.status
            )
        moved = await _apply(tx, driver, delivery, event, skew=skew, now=now)
    except Refusal as refusal:
        await _keep(tx, driver, event, occurred_at, now, refusal.code)
        return "conflict", delivery, refusal.problem()
    return "applied", await _retry_later_ones(tx, driver, moved, occurred_at, now), None


async def _retry_later_ones(
    tx: Tx, driver: Driver, delivery: Delivery, since: datetime, now: datetime
) -> Delivery:
    """Uploads overtake one another: what came too early before may follow on from here."""
    last = 0
    for row in await histories.conflicted(tx, delivery.id, driver.id, since=since, after=last):
        options = allowed(delivery.status, was_picked_up=delivery.was_picked_up)
        if row.status not in options or row.status is Status.DELIVERED:
            continue
        has_place = row.lat is not None and row.lon is not None
        told = Told(
            occurred_at=row.occurred_at,
            reason=row.reason or "reported late",
            point=Point(row.lat, row.lon) if has_place else None,  # type: ignore[arg-type]
        )
        delivery = await move(tx, delivery, row.status, told, now=now)
    return delivery


async def _keep(
    tx: Tx, driver: Driver, event: ClientEvent, occurred_at: datetime, now: datetime, why: str
) -> None:
    await histories.add_status(
        tx,
        delivery_id=event.delivery_id,
        status=event.status,
        reason=event.reason,
        point=_point(event),
        occurred_at=occurred_at,
        received_at=now,
        driver_id=driver.id,
        client_event_id=event.client_event_id,
        conflict=why,
    )


async def _apply(
    tx: Tx, driver: Driver, delivery: Delivery, report: Report, *, skew: timedelta, now: datetime
) -> Delivery:
    told = Told(
        occurred_at=_corrected(report.at, skew, delivery, now) if report.at else now,
        reason=report.reason,
        point=_point(report),
        client_event_id=report.client_event_id,
    )
    if report.status not in DRIVERS_SAY:
        options = allowed(delivery.status, was_picked_up=delivery.was_picked_up)
        raise IllegalMove(
            "Delivery", delivery.status, report.status, sorted(DRIVERS_SAY & set(options))
        )
    if report.door_code is not None:
        await doorcodes.verify(tx, delivery, report.door_code, told, now=now)
    if report.status == delivery.status:
        return delivery
    if report.status is Status.UNASSIGNED:
        return await decline(
            tx, delivery, reason=report.reason, now=now, occurred_at=told.occurred_at
        )
    if report.status is Status.ACCEPTED and delivery.status is Status.OFFERED:
        return await accept_offer(tx, delivery, driver, now=now)
    if report.status is Status.ARRIVED and delivery.status is Status.EN_ROUTE:
        delivery = await _pass_arriving(tx, delivery, told, now)
    if report.status is Status.DELIVERED and report.cash_minor is not None:
        cash = report.cash_minor
        return await move(tx, delivery, report.status, told, now=now, cash_minor=cash)
    return await move(tx, delivery, report.status, told, now=now)


async def _pass_arriving(tx: Tx, delivery: Delivery, told: Told, now: datetime) -> Delivery:
    """Whoever stands at the door was arriving a moment ago; no reason has to be given for that."""
    if told.point is None or delivery.door is None:
        return delivery
    if distance(told.point, delivery.door) > ENTER_M:
        return delivery
    on_the_way = msgspec.structs.replace(told, client_event_id=None)
    return await move(tx, delivery, Status.ARRIVING, on_the_way, now=now)


async def _skew(tx: Tx, driver_id: UUID, sent_at: datetime | None, now: datetime) -> timedelta:
    """Server minus device: from what its clock showed on sending, else as its pings measured it."""
    if sent_at is not None:
        skew = now - storable(sent_at)
        return skew if abs(skew) >= SKEW_MIN else timedelta()
    return timedelta(milliseconds=await positions.skew_ms_of(tx, driver_id))


def _corrected(at: datetime, skew: timedelta, delivery: Delivery, now: datetime) -> datetime:
    """The device's time by our clock. Nothing that was reported happens in the future, and nothing
    before there was a delivery: a clock that says so is worth nothing, and ours is taken."""
    occurred_at = min(storable(at) + skew, now)
    if occurred_at >= delivery.created_at:
        return occurred_at
    is_near = delivery.created_at - occurred_at <= SLOW_MAX
    return delivery.created_at if is_near and delivery.created_at <= now else now


def _point(report: Report) -> Point | None:
    if report.lat is None or report.lon is None:
        return None
    return Point(report.lat, report.lon)
