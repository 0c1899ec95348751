"""The nearest piece of street to a point, by a grid of cells."""

import math
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from tandem.sandbox.city.geometry import Point, distance, nearest_on_segment
from tandem.sandbox.city.network import Network, Segment

CELL_M = 200.0
REACH_M = 2_000.0
"""Farther than this from any street is outside the city."""


class Footing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a point touches the network. `along` is 0 at the segment's start and 1 at its end."""

    segment: Segment
    along: float
    point: Point
    distance_m: float


class NearestStreet:
    def __init__(self, network: Network) -> None:
        self._nodes = network.nodes
        self._cells: defaultdict[tuple[int, int], list[Segment]] = defaultdict(list)
        for segment in network.segments:
            for cell in self._cells_of(segment):
                self._cells[cell].append(segment)

    def find(self, point: Point) -> Footing | None:
        """The nearest footing, or None beyond `REACH_M`."""
        best: Footing | None = None
        for radius in range(math.ceil(REACH_M / CELL_M) + 1):
            for segment in self._ring(point, radius):
                footing = self._footing(segment, point)
                if best is None or footing.distance_m < best.distance_m:
                    best = footing
            if best is not None and best.distance_m <= radius * CELL_M:
                break
        return best if best is not None and best.distance_m <= REACH_M else None

    def _footing(self, segment: Segment, point: Point) -> Footing:
        along, on = nearest_on_segment(self._nodes[segment.a], self._nodes[segment.b], point)
        return Footing(segment=segment, along=along, point=on, distance_m=distance(on, point))

    def _cells_of(self, segment: Segment) -> Iterator[tuple[int, int]]:
        a, b = self._nodes[segment.a], self._nodes[segment.b]
        for column in range(_cell(min(a.x, b.x)), _cell(max(a.x, b.x)) + 1):
            for row in range(_cell(min(a.y, b.y)), _cell(max(a.y, b.y)) + 1):
                yield column, row

    def _ring(self, point: Point, radius: int) -> Iterator[Segment]:
        """The segments of the cells exactly that many cells away."""
        column, row = _cell(point.x), _cell(point.y)
        for dx in range(-radius, radius + 1):
            step = 1 if abs(dx) == radius else max(2 * radius, 1)
            for dy in range(-radius, radius + 1, step):
                yield from self._cells.get((column + dx, row + dy), ())


def _cell(metres: float) -> int:
    return math.floor(metres / CELL_M)
