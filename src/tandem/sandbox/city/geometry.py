"""Plane geometry in metres, and the small projection between the plane and the globe."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8
BOX_SIDES = 5


class Point(NamedTuple):
    """Metres east and north of the city's centre."""

    x: float
    y: float


class LatLon(NamedTuple):
    """Degrees, WGS 84."""

    lat: float
    lon: float


class Projection:
    """Equirectangular around a centre: within 5 km it is off by less than a metre."""

    def __init__(self, centre: LatLon) -> None:
        self._centre = centre
        self._north_m = math.radians(1) * EARTH_RADIUS_M
        self._east_m = self._north_m * math.cos(math.radians(centre.lat))

    def to_plane(self, lat: float, lon: float) -> Point:
        return Point(
            (lon - self._centre.lon) * self._east_m, (lat - self._centre.lat) * self._north_m
        )

    def to_globe(self, point: Point) -> LatLon:
        """Rounded to six decimals, which is a tenth of a metre."""
        return LatLon(
            round(self._centre.lat + point.y / self._north_m, 6),
            round(self._centre.lon + point.x / self._east_m, 6),
        )


def distance(a: Point, b: Point) -> float:
    return math.hypot(b.x - a.x, b.y - a.y)


def towards(a: Point, b: Point, fraction: float) -> Point:
    return Point(a.x + (b.x - a.x) * fraction, a.y + (b.y - a.y) * fraction)


def beside(a: Point, b: Point, fraction: float, left_m: float) -> Point:
    """The point that far along a→b and then that far to its left."""
    length = distance(a, b) or 1.0
    on = towards(a, b, fraction)
    return Point(on.x - (b.y - a.y) / length * left_m, on.y + (b.x - a.x) / length * left_m)


def bearing(a: Point, b: Point) -> float:
    """Radians counter-clockwise from east."""
    return math.atan2(b.y - a.y, b.x - a.x)


def turn(before: float, after: float) -> float:
    """The signed turn from one bearing to another in -π..π; left is positive."""
    return math.remainder(after - before, math.tau)


def area(ring: Sequence[Point]) -> float:
    """Square metres, positive when the ring runs counter-clockwise."""
    doubled = 0.0
    ax, ay = ring[-1]
    for bx, by in ring:
        doubled += ax * by - bx * ay
        ax, ay = bx, by
    return doubled / 2


def perimeter(ring: Sequence[Point]) -> float:
    return sum(distance(a, b) for a, b in pairwise([*ring, ring[0]]))


def centroid(ring: Sequence[Point]) -> Point:
    doubled = x = y = 0.0
    for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
        cross = a.x * b.y - b.x * a.y
        doubled += cross
        x += (a.x + b.x) * cross
        y += (a.y + b.y) * cross
    return Point(x / (3 * doubled), y / (3 * doubled))


def contains(ring: Sequence[Point], point: Point) -> bool:
    """Even-odd rule; a point on the ring may fall either way."""
    inside = False
    x, y = point
    ax, ay = ring[-1]
    for bx, by in ring:
        if (ay > y) != (by > y):
            inside ^= x < ax + (y - ay) / (by - ay) * (bx - ax)
        ax, ay = bx, by
    return inside


def nearest_on_segment(a: Point, b: Point, point: Point) -> tuple[float, Point]:
    """How far along a→b, 0 to 1, and where."""
    dx, dy = b.x - a.x, b.y - a.y
    squared = dx * dx + dy * dy
    fraction = ((point.x - a.x) * dx + (point.y - a.y) * dy) / squared if squared else 0.0
    fraction = min(max(fraction, 0.0), 1.0)
    return fraction, Point(a.x + dx * fraction, a.y + dy * fraction)


class Box(NamedTuple):
    """The tightest box around a ring, turned as the ring lies: `angle` is its long side's."""

    middle: Point
    angle: float
    length: float
    width: float


def tightest_box(ring: Sequence[Point]) -> Box:
    """The smallest box that has one side along one of the ring's longest."""
    sides = sorted(pairwise([*ring, ring[0]]), key=lambda side: -distance(*side))
    boxes = [_box_along(ring, bearing(a, b)) for a, b in sides[:BOX_SIDES]]
    return min(boxes, key=lambda box: box.length * box.width)


def _box_along(ring: Sequence[Point], angle: float) -> Box:
    cos, sin = math.cos(angle), math.sin(angle)
    along = [x * cos + y * sin for x, y in ring]
    across = [y * cos - x * sin for x, y in ring]
    u, v = (min(along) + max(along)) / 2, (min(across) + max(across)) / 2
    middle = Point(u * cos - v * sin, u * sin + v * cos)
    length, width = max(along) - min(along), max(across) - min(across)
    if length >= width:
        return Box(middle, angle, length, width)
    return Box(middle, angle + math.pi / 2, width, length)


def shrink(ring: Sequence[Point], by_m: float) -> list[Point]:
    """The ring drawn in by about that many metres, corner by corner towards the middle of its
    neighbours' normals; good enough for rings without sharp spikes."""
    shrunk = []
    for index, corner in enumerate(ring):
        before, after = ring[index - 1], ring[(index + 1) % len(ring)]
        a, b = bearing(before, corner), bearing(corner, after)
        half = turn(a, b) / 2
        reach = by_m / max(math.cos(half), 0.4)
        normal = a + half + math.pi / 2
        shrunk.append(
            Point(corner.x + math.cos(normal) * reach, corner.y + math.sin(normal) * reach)
        )
    return shrunk


def resample(ring: Sequence[Point], count: int) -> list[Point]:
    """That many points at equal steps along the ring."""
    step = perimeter(ring) / count
    points: list[Point] = []
    due = 0.0
    for a, b in pairwise([*ring, ring[0]]):
        length = distance(a, b)
        while due < length and len(points) < count:
            points.append(towards(a, b, due / length))
            due += step
        due -= length
    return points


def soften(ring: Sequence[Point], times: int) -> list[Point]:
    """Chaikin's corner cutting: each pass replaces every corner by two."""
    for _ in range(times):
        ring = [
            towards(a, b, fraction)
            for a, b in pairwise([*ring, ring[0]])
            for fraction in (0.25, 0.75)
        ]
    return list(ring)
