"""What movement means for the deliveries aboard: arriving, arrived, time for a new ETA."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.scm.delivery.domain import eta
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.fences import ARRIVING_M, Crossing, Edge, Fence, cross
from tandem.scm.delivery.domain.places import Point, distance, metres_between
from tandem.scm.delivery.domain.statuses import UNDER_WAY, Status
from tandem.scm.delivery.domain.tracks import Fix
from tandem.scm.delivery.service.moves import Told, get_locked, move
from tandem.scm.delivery.service.positions import Movement
from tandem.scm.delivery.store import circles, etas
from tandem.scm.delivery.store import deliveries as store

REFRESH_ETA = "delivery.refresh_eta"
FAR_M = 2_000.0
"""Beyond it no fence can be crossed by the next fixes, and none is looked at."""


async def follow(tx: Tx, movements: Sequence[Movement], *, now: datetime) -> list[UUID]:
    """Let believed positions cross fences, and move deliveries that are there or nearly so.

    Returns the deliveries that changed. Works on the way under way only: whoever is parked at the
    hub or drives home has no door to arrive at.
    """
    fixes = _newest(movements)
    aboard = [
        delivery
        for delivery in await store.list_of_drivers(tx, sorted(fixes))
        if delivery.is_aboard
    ]
    changed: list[UUID] = []
    saved: dict[UUID, Fence] = {}
    fences = await circles.list_fences(tx, [delivery.id for delivery in aboard])
    for driver_id, group in groupby(aboard, key=lambda delivery: delivery.driver_id):
        assert driver_id, "what is aboard has a driver"
        stops = list(group)
        is_first = True
        for delivery in stops:
            if delivery.status not in UNDER_WAY or delivery.door is None:
                continue
            held = fences.get(delivery.id, Fence())
            fence, crossings = _cross_all(held, delivery, fixes[driver_id])
            if fence != held:
                saved[delivery.id] = fence
            if await _react(tx, delivery, crossings, fixes[driver_id][-1], is_first, now):
                changed.append(delivery.id)
            is_first = False
        await _ask_again_when_due(tx, driver_id, stops, fixes[driver_id][-1], now)
    if saved:
        await circles.save_fences(tx, saved)
    return changed


def _newest(movements: Sequence[Movement]) -> dict[UUID, list[Fix]]:
    """Per driver the fixes of whichever device was heard last: two phones are one vehicle."""
    newest: dict[UUID, list[Fix]] = {}
    for movement in movements:
        held = newest.get(movement.driver_id)
        if held is None or held[-1].at_ms < movement.fixes[-1].at_ms:
            newest[movement.driver_id] = movement.fixes
    return newest


def _cross_all(
    fence: Fence, delivery: Delivery, fixes: Sequence[Fix]
) -> tuple[Fence, list[Crossing]]:
    """Fixes from before it set out, uploaded late, say nothing of this way."""
    door, set_out_at = delivery.door, delivery.set_out_at
    assert door and set_out_at, "what is under way has a door and has set out"
    crossings: list[Crossing] = []
    for fix in fixes:
        if fix.at < set_out_at:
            continue
        away = metres_between(fix.lat, fix.lon, door.lat, door.lon)
        if away > FAR_M and not fence.is_inside and not fence.count:
            continue
        fence, crossing = cross(fence, distance_m=away, at_ms=fix.at_ms)
        if crossing:
            crossings.append(crossing)
    return fence, crossings


async def _react(
    tx: Tx,
    delivery: Delivery,
    crossings: Sequence[Crossing],
    last: Fix,
    is_first: bool,
    now: datetime,
) -> bool:
    assert delivery.door and delivery.driver_id, "only deliveries with both are followed"
    entered: datetime | None = None
    for crossing in crossings:
        at = _instant(crossing.at_ms)
        await circles.add_crossing(tx, delivery.id, delivery.driver_id, crossing, at=at, now=now)
        if crossing.edge is Edge.ENTER:
            entered = entered or at
    point = Point(last.lat, last.lon)
    if entered is not None:
        return await _arrive(tx, delivery.id, Told(occurred_at=entered, point=point), now)
    is_near = is_first and distance(point, delivery.door) <= ARRIVING_M
    if is_near and delivery.status is Status.EN_ROUTE:
        return await approach(tx, delivery.id, Told(occurred_at=last.at, point=point), now)
    return False


async def approach(tx: Tx, delivery_id: UUID, told: Told, now: datetime) -> bool:
    """En route becomes arriving; anything else stays what a driver or dispatcher made it."""
    delivery = await get_locked(tx, delivery_id)
    if delivery.status is not Status.EN_ROUTE:
        return False
    await move(tx, delivery, Status.ARRIVING, told, now=now)
    return True


async def _arrive(tx: Tx, delivery_id: UUID, told: Told, now: datetime) -> bool:
    await approach(tx, delivery_id, told, now)
    delivery = await get_locked(tx, delivery_id)
    if delivery.status is not Status.ARRIVING:
        return False
    await move(tx, delivery, Status.ARRIVED, told, now=now)
    return True


async def _ask_again_when_due(
    tx: Tx, driver_id: UUID, stops: Sequence[Delivery], last: Fix, now: datetime
) -> None:
    standing = await etas.get(tx, [stop.id for stop in stops])
    ahead = [stop for stop in stops if stop.status is not Status.ARRIVED and stop.door]
    here = Point(last.lat, last.lon)
    if ahead and eta.is_due(standing.get(ahead[0].id), here, now):
        await jobs.enqueue(tx, REFRESH_ETA, dedupe=str(driver_id), driver_id=str(driver_id))


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
