"""A driver's stops in order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid
from tandem.scm.delivery.domain.places import Point, distance


class Run(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    driver_id: UUID
    vehicle_id: UUID | None
    opened_at: datetime
    closed_at: datetime | None


class StopPoint(msgspec.Struct, frozen=True, kw_only=True):
    """`is_fixed`: already under way, so it keeps its place at the front."""

    delivery_id: UUID
    point: Point | None
    is_fixed: bool


class NotTheRunsStops(Invalid):
    code = "not_the_runs_stops"


class RunClosed(Conflict):
    code = "run_closed"


def nearest_neighbour(start: Point | None, stops: Sequence[StopPoint]) -> list[UUID]:
    """Always the nearest next. What is under way comes first, what has no place comes last."""
    fixed = [stop for stop in stops if stop.is_fixed]
    free = [stop for stop in stops if not stop.is_fixed and stop.point]
    lost = [stop for stop in stops if not stop.is_fixed and not stop.point]
    here = next((stop.point for stop in reversed(fixed) if stop.point), start)
    chosen: list[StopPoint] = []
    while free:
        nearest = min(free, key=lambda stop: _apart(here, stop.point))
        free.remove(nearest)
        chosen.append(nearest)
        here = nearest.point
    return [stop.delivery_id for stop in (*fixed, *chosen, *lost)]


def check_same_stops(given: Sequence[UUID], stops: Sequence[UUID]) -> None:
    """A new order names every open stop of the run once."""
    if len(set(given)) != len(given) or set(given) != set(stops):
        raise NotTheRunsStops(
            "Name every open stop of the run exactly once.",
            field="delivery_ids",
            stops=[str(stop) for stop in stops],
        )


def _apart(here: Point | None, there: Point | None) -> float:
    return distance(here, there) if here and there else 0.0
