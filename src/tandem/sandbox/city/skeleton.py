"""The arterials: three rings, the spokes between them and the highways out."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from tandem.sandbox.city.geometry import Point
from tandem.sandbox.city.mesh import Mesh, Road

RING_RADII_M = (640.0, 1700.0, 3050.0, 4150.0)
UNEVENNESS = (0.2, 0.15, 0.09, 0.08)
"""How far a ring's corners stray from its radius, as a fraction."""
SPOKES = 10
INNER_SPOKES = (0, 2, 3, 5, 7, 8)
SUBURBS = (0, 2, 3, 6, 7)
"""The spokes after which the city has grown past its outer ring."""
HIGHWAYS = (0, 2, 4, 5, 7, 8)
HIGHWAY_REACH_M = 1400.0
SHAPE_STEP_M = 140.0

Polar = tuple[float, float]
"""Radius in metres and angle in radians, before the plane is warped."""


def lay_skeleton(mesh: Mesh, chance: random.Random) -> None:
    """Add the arterials and the faces between them."""
    skeleton = _Skeleton(mesh, chance)
    skeleton.add_core()
    for inner, outer, spokes in ((0, 1, INNER_SPOKES), (1, 2, tuple(range(SPOKES)))):
        for start, end in zip(spokes, [*spokes[1:], spokes[0] + SPOKES], strict=True):
            skeleton.add_wedge(inner, outer, start, end)
    for spoke in SUBURBS:
        skeleton.add_wedge(2, 3, spoke, spoke + 1)
    for spoke in HIGHWAYS:
        skeleton.add_highway(spoke)


class _Skeleton:
    def __init__(self, mesh: Mesh, chance: random.Random) -> None:
        self._mesh = mesh
        self._paths: dict[tuple[int, int], list[int]] = {}
        self._phases = [chance.uniform(0, math.tau) for _ in range(4)]
        self._plan: dict[tuple[int, int], Polar] = {}
        self._corners: dict[tuple[int, int], int] = {}
        self._polars: dict[int, Polar] = {}
        for ring, radius in enumerate(RING_RADII_M):
            for spoke in INNER_SPOKES if ring == 0 else range(SPOKES):
                angle = math.tau * spoke / SPOKES + chance.uniform(-0.13, 0.13) + 0.07 * ring
                polar = radius * (1 + chance.uniform(-1, 1) * UNEVENNESS[ring]), angle
                self._plan[ring, spoke] = polar

    def add_core(self) -> None:
        ends = [*INNER_SPOKES, INNER_SPOKES[0] + SPOKES]
        ring: list[int] = []
        for start, end in pairwise(ends):
            ring += self._arc(0, start, end)[:-1]
        self._mesh.add_face(ring)

    def add_wedge(self, inner: int, outer: int, start: int, end: int) -> None:
        """The face between two rings and two spokes."""
        out = self._spoke(inner, outer, start)
        back = self._spoke(inner, outer, end)
        far: list[int] = []
        for spoke in range(start, end):
            far += self._arc(outer, spoke, spoke + 1)[:-1]
        near: list[int] = []
        steps = (
            [(start, end)] if inner == 0 else [(spoke, spoke + 1) for spoke in range(start, end)]
        )
        for first, last in steps:
            near += self._arc(inner, first, last)[:-1]
        near.append(back[0])
        self._mesh.add_face([*out[:-1], *far, *back[::-1][:-1], *near[::-1][:-1]])

    def add_highway(self, spoke: int) -> None:
        is_suburb = spoke in SUBURBS or (spoke - 1) % SPOKES in SUBURBS
        start = self._corner(3 if is_suburb else 2, spoke)
        radius, angle = self._polars[start]
        end = self._add((radius + HIGHWAY_REACH_M, angle + 0.12))
        self._path(start, end)

    def _arc(self, ring: int, start: int, end: int) -> list[int]:
        return self._path(self._corner(ring, start), self._corner(ring, end))

    def _spoke(self, inner: int, outer: int, spoke: int) -> list[int]:
        return self._path(self._corner(inner, spoke), self._corner(outer, spoke))

    def _corner(self, ring: int, spoke: int) -> int:
        """Where a ring and a spoke cross; built when the first road comes by."""
        place = ring, spoke % SPOKES
        if place not in self._corners:
            self._corners[place] = self._add(self._plan[place])
        return self._corners[place]

    def _path(self, start: int, end: int) -> list[int]:
        """The road between two corners, laid once: straight in polar terms, so curved on land."""
        if (start, end) not in self._paths:
            (r0, a0), (r1, a1) = self._polars[start], self._polars[end]
            swing = math.remainder(a1 - a0, math.tau)
            length = math.hypot(r1 - r0, swing * (r0 + r1) / 2)
            count = max(round(length / SHAPE_STEP_M), 1)
            between = [
                self._add((r0 + (r1 - r0) * step / count, a0 + swing * step / count))
                for step in range(1, count)
            ]
            self._paths[start, end] = [start, *between, end]
            self._mesh.add_path(self._paths[start, end], Road.ARTERIAL)
        return self._paths[start, end]

    def _add(self, polar: Polar) -> int:
        node = self._mesh.add_point(_warp(polar, self._phases))
        self._polars[node] = polar
        return node


def _warp(polar: Polar, phases: Sequence[float]) -> Point:
    """Stretch the circle to an oval and let long waves run through it: nothing stays straight."""
    radius, angle = polar
    x, y = radius * math.cos(angle) * 1.12, radius * math.sin(angle) * 0.98
    p, q, r, s = phases
    return Point(
        x + 170 * math.sin(y / 900 + p) + 70 * math.sin((x + y) / 430 + q),
        y + 170 * math.sin(x / 1000 + r) + 70 * math.sin((x - y) / 470 + s),
    )
