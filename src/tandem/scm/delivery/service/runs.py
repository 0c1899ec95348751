"""A driver's stops in order: by hand, or always the nearest next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.permissions import DISPATCH, READ
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.runs import (
    Run,
    RunClosed,
    StopPoint,
    check_same_stops,
    nearest_neighbour,
)
from tandem.scm.delivery.domain.statuses import UNDER_WAY, WITH_DRIVER
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import positions, rounds

POSITION_COUNTS = timedelta(minutes=15)


class RunStops(msgspec.Struct, frozen=True, kw_only=True):
    run: Run
    stops: list[Delivery]


async def list_runs(
    tx: Tx,
    *,
    driver_id: UUID | None = None,
    is_open: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Run]:
    """Newest first."""
    tx.actor.require(READ)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await rounds.list_runs(
        tx, driver_id=driver_id, is_open=is_open, before_id=before, count=limit + 1
    )
    return page_of(rows, limit, lambda run: (run.id,))


async def get_run(tx: Tx, run_id: UUID) -> RunStops:
    tx.actor.require(READ)
    run = await _lock(tx, run_id)
    return RunStops(run=run, stops=await store.list_of_run(tx, run_id))


async def order_stops(
    tx: Tx, run_id: UUID, *, delivery_ids: Sequence[UUID] | None, now: datetime
) -> RunStops:
    """Put a run's open stops in this order, or with None in the order of the nearest neighbour.

    Refuses a closed run (RunClosed) and a list that is not its open stops (NotTheRunsStops).
    """
    tx.actor.require(DISPATCH)
    run = await _lock(tx, run_id)
    if run.closed_at is not None:
        raise RunClosed("This run is over.")
    open_stops = [
        stop for stop in await store.list_of_run(tx, run_id) if stop.status in WITH_DRIVER
    ]
    ids = [stop.id for stop in open_stops]
    if delivery_ids is None:
        chosen = await _optimised(tx, run, open_stops, now)
    else:
        check_same_stops(delivery_ids, ids)
        chosen = list(delivery_ids)
    await store.lock(tx, sorted(ids))
    await store.set_places(tx, chosen)
    return await get_run(tx, run_id)


async def _lock(tx: Tx, run_id: UUID) -> Run:
    run = await rounds.lock_run(tx, run_id)
    if run is None:
        raise NotFound("There is no such run.")
    return run


async def _optimised(tx: Tx, run: Run, stops: Sequence[Delivery], now: datetime) -> list[UUID]:
    seen = await positions.live(tx, driver_ids=[run.driver_id], since=now - POSITION_COUNTS)
    start = Point(seen[0].lat, seen[0].lon) if seen else None
    if start is None and stops:
        start = stops[0].pickup
    points = [
        StopPoint(delivery_id=stop.id, point=stop.door, is_fixed=stop.status in UNDER_WAY)
        for stop in stops
    ]
    return nearest_neighbour(start, points)
