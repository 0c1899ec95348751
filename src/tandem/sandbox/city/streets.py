"""Road pieces joined into streets: what runs straight on is the same street."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

import msgspec

from tandem.sandbox.city.generator import Plan
from tandem.sandbox.city.geometry import Point, bearing, distance, turn
from tandem.sandbox.city.mesh import Road, Side, key

STRAIGHT_ON = {
    Road.ARTERIAL: math.radians(62),
    Road.COLLECTOR: math.radians(42),
    Road.STREET: math.radians(34),
    Road.LANE: math.radians(30),
}
"""The sharpest turn that a street of each kind takes without changing its name."""


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A street before it has a name: its nodes in order. A closed one repeats its first node.
    Streets and lanes belong to one district, longer roads to none."""

    road: Road
    district: int | None
    nodes: tuple[int, ...]
    length_m: float
    chord: tuple[Point, Point]

    @property
    def is_closed(self) -> bool:
        return self.nodes[0] == self.nodes[-1]


def join(plan: Plan) -> list[Chain]:
    """Every road of the plan in exactly one chain, longest first."""
    following = _pair_at_junctions(plan)
    waiting = dict.fromkeys(plan.mesh.roads)
    chains = []
    while waiting:
        start = next(iter(waiting))
        nodes = _walk(start, following)
        for side in pairwise(nodes):
            del waiting[key(*side)]
        chains.append(_chain(plan, start, nodes))
    return sorted(chains, key=lambda chain: -chain.length_m)


def district_of_road(plan: Plan, side: Side) -> int | None:
    """The district of a street or lane; arterials and collectors pass through several."""
    if plan.mesh.roads[key(*side)] in {Road.ARTERIAL, Road.COLLECTOR}:
        return None
    for way in (side, side[::-1]):
        face = plan.mesh.face_of.get(way)
        if face is not None:
            return plan.district_of[face]
    return None


def _pair_at_junctions(plan: Plan) -> dict[Side, int]:
    """`following[a, b]` is the node after b for whoever drives from a and keeps straight on."""
    neighbours: defaultdict[int, list[int]] = defaultdict(list)
    for a, b in plan.mesh.roads:
        neighbours[a].append(b)
        neighbours[b].append(a)
    following: dict[Side, int] = {}
    for node, ends in neighbours.items():
        for _, a, b in sorted(_straight_pairs(plan, node, ends)):
            if (a, node) not in following and (b, node) not in following:
                following[a, node], following[b, node] = b, a
    return following


def _straight_pairs(plan: Plan, node: int, ends: Iterable[int]) -> Iterator[tuple[float, int, int]]:
    points, roads = plan.mesh.points, plan.mesh.roads
    for a, b in combinations(ends, 2):
        road = roads[key(a, node)]
        if roads[key(b, node)] is not road:
            continue
        if district_of_road(plan, (a, node)) != district_of_road(plan, (node, b)):
            continue
        bend = abs(turn(bearing(points[a], points[node]), bearing(points[node], points[b])))
        if bend <= STRAIGHT_ON[road]:
            yield bend, a, b


def _walk(start: Side, following: dict[Side, int]) -> list[int]:
    """The whole chain through one road: forwards from it, then backwards."""
    ahead = [*start]
    while (after := following.get((ahead[-2], ahead[-1]))) is not None:
        ahead.append(after)
        if (ahead[-2], after) == start:
            return ahead[:-1]
    behind = [start[1], start[0]]
    while (before := following.get((behind[-2], behind[-1]))) is not None:
        behind.append(before)
    return [*reversed(behind[2:]), *ahead]


def _chain(plan: Plan, start: Side, nodes: list[int]) -> Chain:
    points = [plan.mesh.points[node] for node in nodes]
    length = sum(distance(a, b) for a, b in pairwise(points))
    return Chain(
        road=plan.mesh.roads[start],
        district=district_of_road(plan, start),
        nodes=tuple(nodes),
        length_m=length,
        chord=(points[0], points[-1]),
    )
