"""The way and its minutes, from the best source that answers; from the crow when none does."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog

from tandem.scm.delivery.domain.eta import Route, estimate
from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.delivery.domain.places import Point

log = structlog.get_logger()


class RouteUnavailable(Exception):
    """The source should have known and did not answer: no connection, an error, nonsense."""


class NotCovered(Exception):
    """The source answered, or knows by itself, that these places are not on its map."""


class RouteSource(Protocol):
    @property
    def name(self) -> str: ...

    async def route(self, points: Sequence[Point], vehicle: VehicleKind | None) -> Route:
        """One leg per pair of neighbouring points. Raises RouteUnavailable or NotCovered."""
        ...


class RoutePlanner:
    """Asks its sources in order. `is_fallback` is set when one that should have answered failed;
    a source whose map simply ends before these places is passed over in silence."""

    def __init__(self, sources: Sequence[RouteSource]) -> None:
        self._sources = list(sources)

    async def plan(
        self, points: Sequence[Point], *, vehicle: VehicleKind | None, crow_mps: float
    ) -> Route:
        """Always answers: at the worst with an estimate by the speed of crows."""
        has_failed = False
        for source in self._sources:
            try:
                route = await source.route(points, vehicle)
            except NotCovered:
                continue
            except RouteUnavailable as reason:
                log.warning("route_source_failed", source=source.name, reason=str(reason)[:200])
                has_failed = True
                continue
            return msgspec.structs.replace(route, is_fallback=has_failed)
        return msgspec.structs.replace(estimate(points, crow_mps), is_fallback=has_failed)
