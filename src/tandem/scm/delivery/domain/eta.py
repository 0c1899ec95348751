"""When will it be here? Predictions from a route, what weakens them, and when to ask again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

import msgspec

from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.delivery.domain.places import Point, distance, metres_from_line

ASK_AGAIN_SECONDS = 60
ASK_AGAIN_M = 500.0
STALE = timedelta(seconds=300)
OFF_ROUTE_M = 250.0
AT_DOOR_SECONDS = 120.0
"""Parking, stairs, the code, the way back: what each earlier stop costs the later ones."""
LEG_SLACK_M = 30.0
DETOUR = 1.4
"""Streets against the crow; measured over and over between 1.3 and 1.5 in cities."""
CROW_MPS_MIN, CROW_MPS_MAX = 1.0, 25.0
LEARNED_METRES_MIN = 20_000.0

STREET_MPS = {
    VehicleKind.BICYCLE: 4.0,
    VehicleKind.SCOOTER: 7.5,
    VehicleKind.THREE_WHEELER: 6.0,
    VehicleKind.VAN: 6.5,
    VehicleKind.TRUCK: 5.5,
}
"""By street in a city by day, for places where nothing was learned yet."""


class EtaWarning(StrEnum):
    STALE_DRIVER_LOCATION = "stale_driver_location"
    OFF_ROUTE = "off_route"
    LOW_CONFIDENCE_ETA = "low_confidence_eta"
    FALLBACK_USED = "fallback_used"


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    distance_m: float
    duration_s: float


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One leg per stop, and the line driven. `source` says whose data it is: Google's may be drawn
    on Google's map only. `is_fallback`: a better provider was asked first and failed."""

    legs: list[Leg]
    points: list[Point]
    source: str
    is_fallback: bool = False


class Eta(msgspec.Struct, frozen=True, kw_only=True):
    """The standing prediction for one delivery; `asked_from` is where the vehicle was then."""

    delivery_id: UUID
    arrives_at: datetime
    computed_at: datetime
    distance_m: float
    source: str
    is_fallback: bool
    asked_from: Point
    points: list[Point]


def first_leg(route: Route, door: Point) -> list[Point]:
    """The line as far as the first door. What lies beyond leads to other people's doors, and is
    none of the first one's business."""
    if len(route.legs) < 2 or len(route.points) < 2:
        return list(route.points)
    reach = route.legs[0].distance_m * 1.02 + LEG_SLACK_M
    driven, nearest, ends = 0.0, float("inf"), 1
    for index, (a, b) in enumerate(pairwise(route.points)):
        if driven > reach:
            break
        apart = metres_from_line(door, [a, b])
        if apart < nearest - 0.5:
            nearest, ends = apart, index + 1
        driven += distance(a, b)
    return list(route.points[: ends + 1])


def ahead_of(line: Sequence[Point], position: Point) -> list[Point]:
    """The part of a line that is still to be driven: from the corner after the nearest piece."""
    if len(line) < 2:
        return list(line)
    apart = [metres_from_line(position, [a, b]) for a, b in pairwise(line)]
    nearest = min(range(len(apart)), key=lambda index: apart[index])
    return [position, *line[nearest + 1 :]]


def is_due(eta: Eta | None, position: Point, now: datetime) -> bool:
    """Ask again after a minute or 500 m, whichever comes first: every answer may cost money."""
    if eta is None:
        return True
    age = (now - eta.computed_at).total_seconds()
    return age >= ASK_AGAIN_SECONDS or distance(position, eta.asked_from) >= ASK_AGAIN_M


def estimate(stops: Sequence[Point], crow_mps: float) -> Route:
    """A route without streets: the crow's way, at the speed crows have had here so far."""
    legs = [
        Leg(distance_m=round(crow * DETOUR, 1), duration_s=round(crow / crow_mps, 1))
        for crow in (distance(a, b) for a, b in pairwise(stops))
    ]
    return Route(legs=legs, points=list(stops), source="estimate")


def crow_speed(kind: VehicleKind | None, learned_m: float, learned_s: float) -> float:
    """Crow-flight metres a second: learned once 20 km were driven, else a city's usual."""
    if learned_m >= LEARNED_METRES_MIN and learned_s > 0:
        return min(max(learned_m / learned_s, CROW_MPS_MIN), CROW_MPS_MAX)
    return STREET_MPS[kind or VehicleKind.SCOOTER] / DETOUR


def arrivals(route: Route, now: datetime) -> list[datetime]:
    """One time per stop: the legs so far, and the minutes spent at each door before."""
    times = []
    seconds = 0.0
    for index, leg in enumerate(route.legs):
        seconds += leg.duration_s + (AT_DOOR_SECONDS if index else 0.0)
        times.append(now + timedelta(seconds=round(seconds)))
    return times


def still_to_come(eta: Eta, heard_at: datetime | None, now: datetime) -> datetime:
    """When it arrives, as far as that is known now. A vehicle that should have been here and is
    silent is as far away as when it was last heard of, and not a minute."""
    if eta.arrives_at > now:
        return eta.arrives_at
    known_at = max(heard_at or eta.computed_at, eta.computed_at)
    return now + max(eta.arrives_at - known_at, timedelta())


def warnings_of(eta: Eta, position: Point, heard_at: datetime, now: datetime) -> list[EtaWarning]:
    """What the reader of this ETA should know, at the moment of reading."""
    found = []
    if now - heard_at > STALE:
        found.append(EtaWarning.STALE_DRIVER_LOCATION)
    has_line = eta.source != "estimate" and len(eta.points) > 1
    if has_line and metres_from_line(position, eta.points) > OFF_ROUTE_M:
        found.append(EtaWarning.OFF_ROUTE)
    is_overdue = now > eta.arrives_at
    if found or is_overdue or eta.source == "estimate":
        found.append(EtaWarning.LOW_CONFIDENCE_ETA)
    if eta.is_fallback:
        found.append(EtaWarning.FALLBACK_USED)
    return found
