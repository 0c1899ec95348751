"""computeRoutes: the request's rules and the answer's shape.

https://developers.google.com/maps/documentation/routes/reference/rest/v2/TopLevel/computeRoutes
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from tandem.sandbox.city import City, LatLon, OutsideCity, Route, Step
from tandem.sandbox.google.errors import GoogleRefusal
from tandem.sandbox.google.field_mask import tree
from tandem.sandbox.google.polyline import encode

WAYPOINTS_MAX = 25
IST = timezone(timedelta(hours=5, minutes=30))
MODES = {1: "DRIVE", 2: "BICYCLE", 3: "WALK", 4: "TWO_WHEELER"}
SECONDS_FACTOR = {"DRIVE": 1.0, "TWO_WHEELER": 0.85, "BICYCLE": 1.9, "WALK": 5.2}
"""How much longer each takes than a car on empty streets."""
PREFERENCES = {1: "TRAFFIC_UNAWARE", 2: "TRAFFIC_AWARE", 3: "TRAFFIC_AWARE_OPTIMAL"}
KNOWN_FIELDS = frozenset(
    {
        "origin",
        "destination",
        "intermediates",
        "travelMode",
        "routingPreference",
        "polylineQuality",
        "polylineEncoding",
        "departureTime",
        "arrivalTime",
        "computeAlternativeRoutes",
        "routeModifiers",
        "languageCode",
        "regionCode",
        "units",
        "optimizeWaypointOrder",
        "requestedReferenceRoutes",
        "extraComputations",
        "trafficModel",
    }
)
LOCATION = ("latLng.latitude", "latLng.longitude")
MASK = tree(
    "routes.distanceMeters",
    "routes.duration",
    "routes.staticDuration",
    "routes.polyline.encodedPolyline",
    "routes.description",
    "routes.routeLabels",
    "routes.warnings",
    "routes.viewport.low.latitude",
    "routes.viewport.low.longitude",
    "routes.viewport.high.latitude",
    "routes.viewport.high.longitude",
    "routes.travelAdvisory",
    "routes.localizedValues",
    "routes.optimizedIntermediateWaypointIndex",
    "routes.legs.distanceMeters",
    "routes.legs.duration",
    "routes.legs.staticDuration",
    "routes.legs.polyline.encodedPolyline",
    *(
        f"routes.legs.{end}.{field}"
        for end in ("startLocation", "endLocation")
        for field in LOCATION
    ),
    "routes.legs.steps.distanceMeters",
    "routes.legs.steps.staticDuration",
    "routes.legs.steps.polyline.encodedPolyline",
    *(
        f"routes.legs.steps.{end}.{field}"
        for end in ("startLocation", "endLocation")
        for field in LOCATION
    ),
    "routes.legs.steps.navigationInstruction.maneuver",
    "routes.legs.steps.navigationInstruction.instructions",
    "routes.legs.travelAdvisory",
    "routes.legs.localizedValues",
    "fallbackInfo",
    "geocodingResults",
)
MANEUVERS = {
    "start": "DEPART",
    "straight": "NAME_CHANGE",
    "slight left": "TURN_SLIGHT_LEFT",
    "left": "TURN_LEFT",
    "slight right": "TURN_SLIGHT_RIGHT",
    "right": "TURN_RIGHT",
    "back": "UTURN_LEFT",
}


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request. `departs_at` is None where traffic is not to be thought of."""

    stops: tuple[LatLon, ...]
    mode: str
    departs_at: datetime | None


def read_trip(body: Any, city: City, *, now: datetime) -> Trip:
    if not isinstance(body, Mapping):
        raise GoogleRefusal(400, "Invalid JSON payload received. Expected an object.")
    for name in body:
        if name not in KNOWN_FIELDS:
            detail = f'Unknown name "{name}": Cannot find field.'
            raise GoogleRefusal(400, f"Invalid JSON payload received. {detail}")
    middle = body.get("intermediates") or []
    if not isinstance(middle, list) or len(middle) > WAYPOINTS_MAX:
        raise GoogleRefusal(400, f"At most {WAYPOINTS_MAX} intermediate waypoints are supported.")
    waypoints = [("origin", body.get("origin"))]
    waypoints += [("intermediates", waypoint) for waypoint in middle]
    waypoints.append(("destination", body.get("destination")))
    mode = _read_enum(body, "travelMode", MODES, default="DRIVE")
    return Trip(
        stops=tuple(_read_waypoint(name, waypoint, city) for name, waypoint in waypoints),
        mode=mode,
        departs_at=_read_departure(body, mode, now),
    )


def compute_routes(trip: Trip, city: City) -> dict[str, Any]:
    """The whole answer, unmasked; empty when there is no way, as Google leaves it."""
    try:
        routes = [
            city.route(start, end) for start, end in zip(trip.stops, trip.stops[1:], strict=False)
        ]
    except OutsideCity:
        return {}
    legs = [_leg(route, trip) for route in routes]
    points = [point for route in routes for point in route.points]
    longest = max((step for route in routes for step in route.steps), key=lambda s: s.distance_m)
    seconds = sum(route.duration_s for route in routes)
    return {
        "routes": [
            {
                "legs": legs,
                "distanceMeters": sum(route.distance_m for route in routes),
                "duration": _duration(seconds * _slowness(trip)),
                "staticDuration": _duration(seconds * SECONDS_FACTOR[trip.mode]),
                "polyline": {"encodedPolyline": encode(points)},
                "description": longest.street,
                "viewport": _viewport(points),
                "routeLabels": ["DEFAULT_ROUTE"],
            }
        ]
    }


def _read_enum(
    body: Mapping[str, Any], name: str, values: Mapping[int, str], *, default: str
) -> str:
    """A name or, as Google's own clients send it, its number."""
    given = body.get(name)
    if given is None or given == 0:
        return default
    value = values.get(given) if isinstance(given, int) else given
    if value not in values.values():
        raise GoogleRefusal(400, f"Invalid value at '{name}': {given!r}")
    return str(value)


def _read_waypoint(name: str, waypoint: Any, city: City) -> LatLon:
    if isinstance(waypoint, Mapping):
        if isinstance(waypoint.get("address"), str):
            return _find_address(name, waypoint["address"], city)
        try:
            position = waypoint["location"]["latLng"]
            lat, lon = float(position["latitude"]), float(position["longitude"])
        except (KeyError, TypeError, ValueError):
            lat, lon = 91.0, 181.0
        if abs(lat) <= 90 and abs(lon) <= 180:
            return LatLon(lat, lon)
    raise GoogleRefusal(400, f"{name.capitalize()} must be a valid waypoint.")


def _find_address(name: str, text: str, city: City) -> LatLon:
    address = city.geocode(text)
    if address is None:
        raise GoogleRefusal(404, f"Address for {name} was not found.")
    return address.position


def _read_departure(body: Mapping[str, Any], mode: str, now: datetime) -> datetime | None:
    preference = _read_enum(body, "routingPreference", PREFERENCES, default="")
    if preference and mode not in {"DRIVE", "TWO_WHEELER"}:
        detail = "Routing preference cannot be set for WALK, BICYCLE or TRANSIT travel modes."
        raise GoogleRefusal(400, detail)
    if preference in {"", "TRAFFIC_UNAWARE"}:
        return None
    text = body.get("departureTime")
    if text is None:
        return now
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise GoogleRefusal(400, f"Invalid value at 'departure_time': {text!r}") from error
    if instant.tzinfo is None or instant < now:
        raise GoogleRefusal(400, "Timestamp must be set to a future time.")
    return instant


def _slowness(trip: Trip) -> float:
    """Traffic as the hour has it: slow from 8 to 11 and from 17 to 21, quick at night."""
    factor = SECONDS_FACTOR[trip.mode]
    if trip.departs_at is None:
        return factor
    hour = trip.departs_at.astimezone(IST).hour
    if 8 <= hour < 11 or 17 <= hour < 21:
        return factor * 1.45
    return factor * (0.9 if hour < 6 or hour >= 23 else 1.15)


def _leg(route: Route, trip: Trip) -> dict[str, Any]:
    factor = SECONDS_FACTOR[trip.mode]
    return {
        "distanceMeters": route.distance_m,
        "duration": _duration(route.duration_s * _slowness(trip)),
        "staticDuration": _duration(route.duration_s * factor),
        "polyline": {"encodedPolyline": encode(route.points)},
        "startLocation": _location(route.points[0]),
        "endLocation": _location(route.points[-1]),
        "steps": [_step(step, route, factor) for step in route.steps],
    }


def _step(step: Step, route: Route, factor: float) -> dict[str, Any]:
    points = route.points[step.first_point : step.last_point + 1]
    verb = "Head along" if step.turn == "start" else f"Turn {step.turn} onto"
    verb = "Continue onto" if step.turn == "straight" else verb
    return {
        "distanceMeters": step.distance_m,
        "staticDuration": _duration(step.duration_s * factor),
        "polyline": {"encodedPolyline": encode(points)},
        "startLocation": _location(points[0]),
        "endLocation": _location(points[-1]),
        "navigationInstruction": {
            "maneuver": MANEUVERS[step.turn],
            "instructions": f"{verb} {step.street}",
        },
    }


def _location(point: LatLon) -> dict[str, Any]:
    return {"latLng": {"latitude": point.lat, "longitude": point.lon}}


def _viewport(points: Sequence[LatLon]) -> dict[str, Any]:
    lats, lons = [point.lat for point in points], [point.lon for point in points]
    return {
        "low": {"latitude": min(lats), "longitude": min(lons)},
        "high": {"latitude": max(lats), "longitude": max(lons)},
    }


def _duration(seconds: float) -> str:
    return f"{round(seconds)}s"
