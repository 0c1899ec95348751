"""Google's Routes and Geocoding APIs, as far as delivery needs them.

https://developers.google.com/maps/documentation/routes/reference/rest/v2/TopLevel/computeRoutes
https://developers.google.com/maps/documentation/geocoding/requests-geocoding
What Google answers may be drawn on Google's map only, so every route carries its source.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tandem.kernel.outbound import NotSent, Outbound, OutcomeUnknown
from tandem.scm.delivery.domain.eta import Leg, Route
from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.gateways.planner import NotCovered, RouteUnavailable

COMPUTE = "/directions/v2:computeRoutes"
GEOCODE = "/maps/api/geocode/json"
FIELDS = "routes.legs.duration,routes.legs.distanceMeters,routes.polyline.encodedPolyline"
MODES = {VehicleKind.BICYCLE: "BICYCLE", VehicleKind.SCOOTER: "TWO_WHEELER"}
PRECISE = frozenset({"ROOFTOP", "RANGE_INTERPOLATED"})


class _Leg(msgspec.Struct, rename="camel"):
    duration: str
    distance_meters: int = 0


class _Polyline(msgspec.Struct, rename="camel"):
    encoded_polyline: str


class _Route(msgspec.Struct):
    legs: list[_Leg]
    polyline: _Polyline


class _Routes(msgspec.Struct):
    routes: list[_Route] = []


class GoogleRoutes:
    """The Routes API with a server key."""

    name = "google"

    def __init__(self, *, base_url: str, key: str) -> None:
        self._outbound = Outbound(
            base_url, headers={"X-Goog-Api-Key": key, "X-Goog-FieldMask": FIELDS}
        )

    async def close(self) -> None:
        await self._outbound.close()

    async def route(self, points: Sequence[Point], vehicle: VehicleKind | None) -> Route:
        body = _question(points, vehicle)
        try:
            answer = await self._outbound.send("POST", COMPUTE, json=body, is_repeatable=False)
        except (NotSent, OutcomeUnknown) as reason:
            raise RouteUnavailable(str(reason)) from reason
        if answer.status_code != 200:
            raise RouteUnavailable(f"HTTP {answer.status_code}")
        try:
            routes = msgspec.json.decode(answer.content, type=_Routes).routes
            if not routes:
                raise NotCovered("Google knows no way between these places.")
            return _read(routes[0], len(points) - 1)
        except (msgspec.MsgspecError, ValueError, IndexError) as reason:
            raise RouteUnavailable(f"unreadable answer: {reason}") from reason


class GoogleGeocoder:
    """The Geocoding API with a server key."""

    def __init__(self, *, base_url: str, key: str) -> None:
        self._outbound = Outbound(base_url)
        self._key = key

    async def close(self) -> None:
        await self._outbound.close()

    async def find(self, text: str) -> Point | None:
        """Where an address is, to the house or nearly so; None when Google is not sure."""
        parameters = {"address": text, "key": self._key, "region": "in"}
        try:
            answer = await self._outbound.send("GET", GEOCODE, params=parameters)
        except (NotSent, OutcomeUnknown) as reason:
            raise RouteUnavailable(str(reason)) from reason
        try:
            found = msgspec.json.decode(answer.content)
            if found["status"] not in {"OK", "ZERO_RESULTS"}:
                raise RouteUnavailable(str(found["status"]))
            results = found["results"]
            if len(results) != 1 or results[0]["geometry"]["location_type"] not in PRECISE:
                return None
            location = results[0]["geometry"]["location"]
            return Point(float(location["lat"]), float(location["lng"]))
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as reason:
            raise RouteUnavailable(f"unreadable answer: {reason}") from reason


def _question(points: Sequence[Point], vehicle: VehicleKind | None) -> dict[str, Any]:
    mode = MODES.get(vehicle, "DRIVE") if vehicle else "TWO_WHEELER"
    body: dict[str, Any] = {
        "origin": _waypoint(points[0]),
        "destination": _waypoint(points[-1]),
        "travelMode": mode,
    }
    if len(points) > 2:
        body["intermediates"] = [_waypoint(point) for point in points[1:-1]]
    # Google refuses a preference for bicycles.
    if mode != "BICYCLE":
        body["routingPreference"] = "TRAFFIC_AWARE"
    return body


def _waypoint(point: Point) -> dict[str, Any]:
    return {"location": {"latLng": {"latitude": point.lat, "longitude": point.lon}}}


def _read(route: _Route, legs: int) -> Route:
    if len(route.legs) != legs:
        raise ValueError(f"{len(route.legs)} legs for {legs}")
    return Route(
        legs=[
            Leg(
                distance_m=float(leg.distance_meters),
                duration_s=float(leg.duration.removesuffix("s")),
            )
            for leg in route.legs
        ],
        points=list(decode_polyline(route.polyline.encoded_polyline)),
        source="google",
    )


def decode_polyline(text: str) -> Iterator[Point]:
    """Google's encoded polyline:
    https://developers.google.com/maps/documentation/utilities/polylinealgorithm"""
    units = [0, 0]
    axis = shift = value = 0
    for character in text:
        bits = ord(character) - 63
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits >= 0x20:
            continue
        units[axis] += ~(value >> 1) if value & 1 else value >> 1
        if axis:
            yield Point(units[0] / 1e5, units[1] / 1e5)
        axis, shift, value = 1 - axis, 0, 0
