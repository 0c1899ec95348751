"""Distances and directions on the globe. Degrees WGS 84, metres, degrees clockwise from north."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import msgspec

EARTH_RADIUS_M = 6_371_008.8
METRES_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Point(msgspec.Struct, frozen=True):
    lat: Latitude
    lon: Longitude


def metres_between(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance (haversine): exact enough from a doorstep to the antipodes."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half_lat = math.sin((phi_b - phi_a) / 2)
    half_lon = math.sin(math.radians(lon_b - lon_a) / 2)
    chord = half_lat * half_lat + math.cos(phi_a) * math.cos(phi_b) * half_lon * half_lon
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


def bearing_degrees(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """The direction in which one leaves a for b, 0 to 360."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    delta = math.radians(lon_b - lon_a)
    east = math.sin(delta) * math.cos(phi_b)
    north = math.cos(phi_a) * math.sin(phi_b) - math.sin(phi_a) * math.cos(phi_b) * math.cos(delta)
    return math.degrees(math.atan2(east, north)) % 360


def distance(a: Point, b: Point) -> float:
    return metres_between(a.lat, a.lon, b.lat, b.lon)


def metres_from_line(point: Point, line: Sequence[Point]) -> float:
    """How far a point lies from the nearest piece of a line, on the local plane."""
    assert line, "a line has at least one point"
    east_m = METRES_PER_DEGREE * math.cos(math.radians(point.lat))
    plane = [
        ((corner.lon - point.lon) * east_m, (corner.lat - point.lat) * METRES_PER_DEGREE)
        for corner in line
    ]
    if len(plane) == 1:
        return math.hypot(*plane[0])
    return min(_from_origin(*a, *b) for a, b in pairwise(plane))


def _from_origin(ax: float, ay: float, bx: float, by: float) -> float:
    dx, dy = bx - ax, by - ay
    squared = dx * dx + dy * dy
    along = max(0.0, min(1.0, -(ax * dx + ay * dy) / squared)) if squared else 0.0
    return math.hypot(ax + along * dx, ay + along * dy)
