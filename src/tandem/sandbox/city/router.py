"""The quickest way through the streets: A* over the network, from point to point."""

import heapq
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from tandem.sandbox.city.geometry import LatLon, Point, Projection, bearing, distance, turn
from tandem.sandbox.city.nearest import Footing
from tandem.sandbox.city.network import SPEED_MPS, Network, Segment

FASTEST_MPS = max(SPEED_MPS.values())

Turn = Literal["start", "straight", "slight left", "left", "slight right", "right", "back"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One street of a route. `turn` leads onto it; its stretch of the route is
    `points[first_point : last_point + 1]`."""

    street: str
    turn: Turn
    distance_m: int
    duration_s: int
    first_point: int
    last_point: int


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """From street to street: both ends are the nearest points of streets to what was asked."""

    distance_m: int
    duration_s: int
    points: tuple[LatLon, ...]
    steps: tuple[Step, ...]


class Leg(msgspec.Struct, frozen=True):
    """A straight drive along (part of) one segment."""

    segment: Segment
    start: Point
    end: Point


class Router:
    def __init__(self, network: Network, projection: Projection) -> None:
        self._network = network
        self._projection = projection

    def route(self, start: Footing, end: Footing) -> Route:
        """The quickest way. The network is connected, so there always is one."""
        nodes = self._quickest(start, end)
        stops = [start.point, *(self._network.nodes[node] for node in nodes), end.point]
        segments = self._segments(start, nodes, end)
        legs = [
            Leg(segment, a, b)
            for segment, (a, b) in zip(segments, pairwise(stops), strict=True)
            if a != b
        ]
        if not legs:
            legs = [Leg(start.segment, start.point, end.point)]
        return self._describe(legs)

    def _quickest(self, start: Footing, end: Footing) -> list[int]:
        """The nodes between the two footings; none when both are on one segment and the way
        along it is quickest."""
        goal_seconds = {
            end.segment.a: end.along * end.segment.seconds,
            end.segment.b: (1 - end.along) * end.segment.seconds,
        }
        best, best_node = math.inf, None
        if start.segment.id == end.segment.id:
            best = abs(start.along - end.along) * start.segment.seconds
        seconds: dict[int, float] = {}
        before: dict[int, int | None] = {}
        queue: list[tuple[float, int]] = []

        def reach(node: int, after: float, origin: int | None) -> None:
            if after < seconds.get(node, math.inf):
                seconds[node], before[node] = after, origin
                remaining = distance(self._network.nodes[node], end.point) / FASTEST_MPS
                heapq.heappush(queue, (after + remaining, node))

        reach(start.segment.a, start.along * start.segment.seconds, None)
        reach(start.segment.b, (1 - start.along) * start.segment.seconds, None)
        settled: set[int] = set()
        while queue:
            estimate, node = heapq.heappop(queue)
            if estimate >= best:
                break
            if node in settled:
                continue
            settled.add(node)
            here = seconds[node]
            if node in goal_seconds and here + goal_seconds[node] < best:
                best, best_node = here + goal_seconds[node], node
            for segment in self._network.ways_from[node]:
                other = segment.b if segment.a == node else segment.a
                reach(other, here + segment.seconds, node)
        return _trace(best_node, before)

    def _segments(self, start: Footing, nodes: Sequence[int], end: Footing) -> list[Segment]:
        if not nodes:
            return [start.segment]
        between = [self._between(a, b) for a, b in pairwise(nodes)]
        return [start.segment, *between, end.segment]

    def _between(self, a: int, b: int) -> Segment:
        both = {a, b}
        fitting = (way for way in self._network.ways_from[a] if {way.a, way.b} == both)
        return min(fitting, key=lambda way: way.seconds)

    def _describe(self, legs: Sequence[Leg]) -> Route:
        groups: list[list[Leg]] = []
        for leg in legs:
            if groups and groups[-1][-1].segment.street == leg.segment.street:
                groups[-1].append(leg)
            else:
                groups.append([leg])
        steps: list[Step] = []
        for group in groups:
            first = steps[-1].last_point if steps else 0
            came = legs[first - 1] if steps else None
            steps.append(self._step(group, came, first))
        points = [legs[0].start, *(leg.end for leg in legs)]
        return Route(
            distance_m=sum(step.distance_m for step in steps),
            duration_s=sum(step.duration_s for step in steps),
            points=tuple(self._projection.to_globe(point) for point in points),
            steps=tuple(steps),
        )

    def _step(self, legs: Sequence[Leg], came: Leg | None, first: int) -> Step:
        metres = sum(distance(leg.start, leg.end) for leg in legs)
        street = self._network.streets[legs[0].segment.street]
        return Step(
            street=street.name,
            turn=_turn(came, legs[0]),
            distance_m=round(metres),
            duration_s=round(metres / SPEED_MPS[street.road]),
            first_point=first,
            last_point=first + len(legs),
        )


def _trace(node: int | None, before: dict[int, int | None]) -> list[int]:
    nodes = []
    while node is not None:
        nodes.append(node)
        node = before[node]
    return nodes[::-1]


def _turn(came: Leg | None, leg: Leg) -> Turn:
    if came is None:
        return "start"
    degrees = math.degrees(turn(bearing(came.start, came.end), bearing(leg.start, leg.end)))
    side: Literal["left", "right"] = "left" if degrees > 0 else "right"
    if abs(degrees) < 20:
        return "straight"
    if abs(degrees) < 50:
        return "slight left" if side == "left" else "slight right"
    return side if abs(degrees) < 160 else "back"
