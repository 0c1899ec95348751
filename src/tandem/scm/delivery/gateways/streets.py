"""Streets that this installation has at hand: a router and a geocoder without any network."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

from tandem.scm.delivery.domain.eta import Leg, Route
from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.gateways.planner import NotCovered

SECONDS_FACTOR = {VehicleKind.BICYCLE: 1.9, VehicleKind.SCOOTER: 0.85, VehicleKind.TRUCK: 1.2}
"""Against a car on the same streets."""


class Streets(Protocol):
    """What a street network can do. `route` raises ValueError for places beyond it."""

    def route(self, start: tuple[float, float], end: tuple[float, float]) -> Any:
        """Has `distance_m`, `duration_s` and `points` of `(lat, lon)`."""
        ...

    def geocode(self, text: str) -> Any:
        """Has `position` as `(lat, lon)`; None when it is not sure."""
        ...


class StreetRoutes:
    """`build` is called on first use and remembers its result: streets take memory."""

    def __init__(self, build: Callable[[], Streets], name: str) -> None:
        self._build = build
        self.name = name

    async def route(self, points: Sequence[Point], vehicle: VehicleKind | None) -> Route:
        """In a thread: a search through the streets is a few milliseconds of arithmetic."""
        return await asyncio.to_thread(self._route, points, vehicle)

    def _route(self, points: Sequence[Point], vehicle: VehicleKind | None) -> Route:
        factor = SECONDS_FACTOR.get(vehicle, 1.0) if vehicle else 1.0
        legs: list[Leg] = []
        line: list[Point] = []
        for start, end in pairwise(points):
            try:
                found = self._build().route((start.lat, start.lon), (end.lat, end.lon))
            except ValueError as reason:
                raise NotCovered(str(reason)) from reason
            legs.append(
                Leg(distance_m=float(found.distance_m), duration_s=found.duration_s * factor)
            )
            line += [Point(*corner) for corner in found.points]
        return Route(legs=legs, points=line, source=self.name)


class StreetGeocoder:
    def __init__(self, build: Callable[[], Streets]) -> None:
        self._build = build

    async def find(self, text: str) -> Point | None:
        found = await asyncio.to_thread(lambda: self._build().geocode(text))
        return Point(*found.position) if found is not None else None
