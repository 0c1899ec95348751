"""Where a position lies along the way that a vehicle was sent."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tandem.sandbox.city import build_city

Place = tuple[float, float]
METRES_PER_DEGREE = 111_195


def way(start: Place, end: Place) -> list[Place]:
    """The city's quickest way by road."""
    return [(point[0], point[1]) for point in build_city().route(start, end).points]


def drive(route: Sequence[Place], *, step_m: float, start_m: float = 0.0) -> Iterator[Place]:
    """Places along a route, so many metres apart."""
    driven = start_m
    while driven < length(route):
        yield at(route, driven)
        driven += step_m


def length(route: Sequence[Place]) -> float:
    return sum(_apart(a, b) for a, b in pairwise(route))


def at(route: Sequence[Place], along: float) -> Place:
    for a, b in pairwise(route):
        step = _apart(a, b)
        if along <= step and step:
            part = along / step
            return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
        along -= step
    return route[-1]


def along(route: Sequence[Place], place: Place) -> tuple[float, float]:
    """How many metres along the route the nearest point lies, and how far beside it the place."""
    best = (0.0, math.inf)
    driven = 0.0
    east = METRES_PER_DEGREE * math.cos(math.radians(place[0]))
    for a, b in pairwise(route):
        ax, ay = (a[1] - place[1]) * east, (a[0] - place[0]) * METRES_PER_DEGREE
        dx, dy = (b[1] - a[1]) * east, (b[0] - a[0]) * METRES_PER_DEGREE
        squared = dx * dx + dy * dy
        part = max(0.0, min(1.0, -(ax * dx + ay * dy) / squared)) if squared else 0.0
        beside = math.hypot(ax + part * dx, ay + part * dy)
        if beside < best[1] - 0.01:
            best = (driven + part * math.sqrt(squared), beside)
        driven += _apart(a, b)
    return best


def _apart(a: Place, b: Place) -> float:
    east = METRES_PER_DEGREE * math.cos(math.radians((a[0] + b[0]) / 2))
    return math.hypot((b[0] - a[0]) * METRES_PER_DEGREE, (b[1] - a[1]) * east)
