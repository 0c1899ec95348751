"""One face cut in two by a new road, the way land is parcelled: across its long side."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from tandem.sandbox.city.geometry import (
    Box,
    Point,
    area,
    beside,
    contains,
    distance,
    tightest_box,
    towards,
)
from tandem.sandbox.city.mesh import Mesh, Road

TRIES = 8
SNAP_M = 40.0
CURVE_FROM_M = 240.0
HALF_MIN = 0.28


class Landing(NamedTuple):
    """Where a new road meets the face's rim: at a numbered corner, or between it and the next."""

    after: int
    is_corner: bool
    point: Point


def cut_in_two(mesh: Mesh, face: int, road: Road, chance: random.Random) -> tuple[int, int] | None:
    """The two halves, or None when no tidy cut was found."""
    ring = mesh.ring(face)
    box = tightest_box(ring)
    snap = min(SNAP_M, 0.16 * math.sqrt(area(ring)))
    for _ in range(TRIES):
        landings = _aim(ring, box, snap, chance)
        if landings is None:
            continue
        bend = chance.gauss(0, 0.035)
        inner = _curve(landings[0].point, landings[1].point, bend)
        if _is_tidy(ring, landings, inner):
            nodes = list(mesh.faces[face])
            ends = [_land(mesh, nodes, landing) for landing in landings]
            path = [ends[0], *(mesh.add_point(point) for point in inner), ends[1]]
            return mesh.cut(face, path, road)
    return None


def _aim(
    ring: Sequence[Point], box: Box, snap: float, chance: random.Random
) -> tuple[Landing, Landing] | None:
    """Both ends of a line across the box, moved to corners that are near."""
    along = chance.uniform(-0.1, 0.1) * box.length
    anchor = Point(
        box.middle.x + along * math.cos(box.angle), box.middle.y + along * math.sin(box.angle)
    )
    angle = box.angle + math.pi / 2 + chance.gauss(0, 0.06)
    crossings = _crossings(ring, anchor, angle)
    before = [crossing for crossing in crossings if crossing[0] < 0]
    after = [crossing for crossing in crossings if crossing[0] >= 0]
    if not before or not after:
        return None
    return _snap(ring, before[-1][1], snap), _snap(ring, after[0][1], snap)


def _crossings(ring: Sequence[Point], anchor: Point, angle: float) -> list[tuple[float, Landing]]:
    """Where a line through the anchor meets the ring, by the distance along it."""
    dx, dy = math.cos(angle), math.sin(angle)
    found = []
    for index, a in enumerate(ring):
        b = ring[(index + 1) % len(ring)]
        off_a = (a.x - anchor.x) * dy - (a.y - anchor.y) * dx
        off_b = (b.x - anchor.x) * dy - (b.y - anchor.y) * dx
        if (off_a > 0) != (off_b > 0):
            point = towards(a, b, off_a / (off_a - off_b))
            along = (point.x - anchor.x) * dx + (point.y - anchor.y) * dy
            found.append((along, Landing(index, False, point)))
    return sorted(found)


def _snap(ring: Sequence[Point], landing: Landing, within: float) -> Landing:
    corner = min(range(len(ring)), key=lambda index: distance(ring[index], landing.point))
    if distance(ring[corner], landing.point) <= within:
        return Landing(corner, True, ring[corner])
    return landing


def _curve(start: Point, end: Point, bend: float) -> list[Point]:
    length = distance(start, end)
    if length < CURVE_FROM_M:
        return []
    count = max(round(length / 170), 2)
    return [
        beside(start, end, step / count, length * bend * math.sin(math.pi * step / count))
        for step in range(1, count)
    ]


def _is_tidy(
    ring: Sequence[Point], landings: tuple[Landing, Landing], inner: Sequence[Point]
) -> bool:
    """Both halves are of some size and the new road stays inside the face."""
    first, second = landings
    if (second.after - first.after) % len(ring) in {0, 1, len(ring) - 1}:
        return False
    whole, one = area(ring), area(_side(ring, landings, inner))
    if not HALF_MIN * whole <= one <= (1 - HALF_MIN) * whole:
        return False
    path = [first.point, *inner, second.point]
    checks = [
        towards(a, b, fraction) for a, b in pairwise(path) for fraction in (0.1, 0.35, 0.65, 0.9)
    ]
    return all(contains(ring, point) for point in checks)


def _side(
    ring: Sequence[Point], landings: tuple[Landing, Landing], inner: Sequence[Point]
) -> list[Point]:
    """The half that the face's rim closes from the first landing on to the second."""
    first, second = landings
    count = (second.after - first.after) % len(ring)
    rim = [ring[(first.after + 1 + step) % len(ring)] for step in range(count)]
    return [first.point, *rim, second.point, *reversed(inner)]


def _land(mesh: Mesh, nodes: Sequence[int], landing: Landing) -> int:
    if landing.is_corner:
        return nodes[landing.after]
    after = nodes[(landing.after + 1) % len(nodes)]
    return mesh.split_road(nodes[landing.after], after, landing.point)
