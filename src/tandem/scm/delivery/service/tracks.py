"""Where a driver has been: one track from raw pings, and a note of who looked."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.scm.delivery.domain.deliveries import StatusRow
from tandem.scm.delivery.domain.permissions import PLAYBACK
from tandem.scm.delivery.domain.tracks import Fix, Stop, Track, track_of
from tandem.scm.delivery.store import circles, deliveries, fleet, histories, policies, views
from tandem.scm.delivery.store import positions as store
from tandem.scm.delivery.store.circles import CrossingRow
from tandem.scm.delivery.store.views import View

SPAN_MAX = timedelta(hours=25)
"""A day and the hour that clocks may gain."""
FIXES_MAX = 100_000
BATCH = 20_000


class TrackPoint(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    lat: float
    lon: float
    speed_mps: float | None
    heading: float | None
    accuracy_m: float | None


class Playback(msgspec.Struct, frozen=True, kw_only=True):
    """`segments` are split at gaps; nothing may be drawn between them. `rejected` counts the pings
    left out by reason."""

    driver_id: UUID
    from_at: datetime
    to_at: datetime
    distance_m: float
    segments: list[list[TrackPoint]]
    stops: list[Stop]
    rejected: dict[str, int]
    statuses: list[StatusRow]
    crossings: list[CrossingRow]


async def playback(
    tx: Tx, driver_id: UUID, *, from_at: datetime, to_at: datetime, now: datetime
) -> Playback:
    """One driver's track of at most a day. The look itself is kept in the access log."""
    tx.actor.require(PLAYBACK)
    if await fleet.find_driver(tx, driver_id) is None:
        raise NotFound("There is no such driver.")
    if not timedelta() < to_at - from_at <= SPAN_MAX:
        raise Invalid("Ask for a span of up to a day, from before to.", field="to")
    await views.add_view(
        tx, driver_id=driver_id, delivery_id=None, from_at=from_at, to_at=to_at, now=now
    )
    track, rejected = await _track(tx, driver_id, from_at, to_at)
    statuses = await histories.list_statuses_of_driver(tx, driver_id, from_at=from_at, to_at=to_at)
    return _playback(driver_id, from_at, to_at, track, rejected, statuses, [])


async def track_of_delivery(tx: Tx, delivery_id: UUID, *, now: datetime) -> Playback:
    """The way of one parcel, from pick-up to its end or to now."""
    tx.actor.require(PLAYBACK)
    delivery = await deliveries.find(tx, delivery_id)
    if delivery is None:
        raise NotFound("There is no such delivery.")
    statuses = await histories.list_statuses(tx, delivery_id)
    if delivery.driver_id is None or delivery.picked_up_at is None:
        nobody = delivery.driver_id or UUID(int=0)
        return _playback(nobody, now, now, track_of([]), {}, statuses, [])
    from_at = delivery.picked_up_at
    to_at = min(delivery.closed_at or now, from_at + SPAN_MAX)
    await views.add_view(
        tx,
        driver_id=delivery.driver_id,
        delivery_id=delivery_id,
        from_at=from_at,
        to_at=to_at,
        now=now,
    )
    track, rejected = await _track(tx, delivery.driver_id, from_at, to_at)
    crossings = await circles.list_crossings(tx, delivery_id)
    return _playback(delivery.driver_id, from_at, to_at, track, rejected, statuses, crossings)


async def list_views(tx: Tx, driver_id: UUID, *, limit: int) -> list[View]:
    """Who looked at where this driver has been, the last first."""
    tx.actor.require(PLAYBACK)
    return await views.list_views(tx, driver_id, count=limit)


async def forget_pings(tx: Tx, *, now: datetime) -> int:
    """Delete raw pings past the policy's days, a bounded batch. Statuses and proofs stay."""
    policy, _ = await policies.get(tx)
    before = now - timedelta(days=policy.ping_days)
    return await store.forget_pings(tx, before, count=BATCH)


async def _track(
    tx: Tx, driver_id: UUID, from_at: datetime, to_at: datetime
) -> tuple[Track, dict[str, int]]:
    rows = await store.list_fixes(tx, driver_id, from_at=from_at, to_at=to_at, count=FIXES_MAX + 1)
    if len(rows) > FIXES_MAX:
        raise Invalid("Too many positions in this span. Ask for a shorter one.", field="to")
    devices: dict[UUID, list[Fix]] = {}
    for row in rows:
        devices.setdefault(row.device_id, []).append(row.fix())
    # Two devices of one driver tell the same way twice: the more talkative one tells it best.
    told = max(devices.values(), key=len, default=[])
    track = track_of(told)
    rejected = await store.count_rejected(tx, driver_id, from_at=from_at, to_at=to_at)
    return track, {**rejected, **{str(why): count for why, count in track.rejected.items()}}


def _playback(
    driver_id: UUID,
    from_at: datetime,
    to_at: datetime,
    track: Track,
    rejected: dict[str, int],
    statuses: list[StatusRow],
    crossings: list[CrossingRow],
) -> Playback:
    return Playback(
        driver_id=driver_id,
        from_at=from_at,
        to_at=to_at,
        distance_m=track.distance_m,
        segments=[[_point(fix) for fix in segment] for segment in track.segments],
        stops=track.stops,
        rejected=rejected,
        statuses=statuses,
        crossings=crossings,
    )


def _point(fix: Fix) -> TrackPoint:
    return TrackPoint(
        at=fix.at,
        lat=fix.lat,
        lon=fix.lon,
        speed_mps=fix.speed_mps,
        heading=fix.heading,
        accuracy_m=fix.accuracy_m,
    )
