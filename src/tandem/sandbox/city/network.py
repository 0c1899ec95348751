"""The street network as it is used: named streets, their pieces, and what lies beside them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from tandem.sandbox.city import names
from tandem.sandbox.city.generator import Plan
from tandem.sandbox.city.geometry import Point, centroid, distance
from tandem.sandbox.city.mesh import Road
from tandem.sandbox.city.naming import name_districts, name_parks, name_streets
from tandem.sandbox.city.streets import Chain, join

SPEED_MPS = {Road.ARTERIAL: 10.0, Road.COLLECTOR: 7.5, Road.STREET: 5.5, Road.LANE: 3.6}
"""36, 27, 20 and 13 km/h: a city by day, stops at lights included."""


class District(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    pin: str
    middle: Point


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a piece of street. `district` is an index; no house stands where a lake, a park
    or open country begins."""

    district: int
    is_built: bool


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A straight piece of a street from node `a` to node `b`, `start_m` from the street's start."""

    id: int
    street: int
    a: int
    b: int
    start_m: float
    length_m: float
    seconds: float
    left: Bank
    right: Bank


class Street(msgspec.Struct, frozen=True, kw_only=True):
    """`district` is None for roads that run through several. `segments` follow one another."""

    id: int
    name: str
    road: Road
    district: int | None
    nodes: tuple[int, ...]
    length_m: float
    segments: tuple[Segment, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A park or a lake. `grounds` is the land around a lake's water; a park's is its outline."""

    name: str
    outline: tuple[Point, ...]
    grounds: tuple[Point, ...]
    middle: Point
    district: int


class Network(msgspec.Struct, frozen=True, kw_only=True):
    nodes: tuple[Point, ...]
    streets: tuple[Street, ...]
    segments: tuple[Segment, ...]
    ways_from: tuple[tuple[Segment, ...], ...]
    districts: tuple[District, ...]
    blocks: tuple[tuple[Point, ...], ...]
    parks: tuple[Place, ...]
    lakes: tuple[Place, ...]


def build_network(plan: Plan, *, seed: int) -> Network:
    districts = _build_districts(plan, seed)
    streets = _build_streets(plan, districts, seed)
    segments = tuple(segment for street in streets for segment in street.segments)
    ways: defaultdict[int, list[Segment]] = defaultdict(list)
    for segment in segments:
        ways[segment.a].append(segment)
        ways[segment.b].append(segment)
    park_names = name_parks(len(plan.parks), seed)
    return Network(
        nodes=tuple(plan.mesh.points),
        streets=streets,
        segments=segments,
        ways_from=tuple(tuple(ways[node]) for node in range(len(plan.mesh.points))),
        districts=districts,
        blocks=tuple(
            tuple(plan.mesh.ring(face)) for face in plan.mesh.faces if face not in plan.open_faces
        ),
        parks=tuple(
            _place(plan, name, face, plan.mesh.ring(face))
            for name, face in zip(park_names, plan.parks, strict=True)
        ),
        lakes=tuple(
            _place(plan, name, face, water)
            for name, face, water in zip(names.LAKES, plan.lakes, plan.waters, strict=True)
        ),
    )


def _build_streets(plan: Plan, districts: Sequence[District], seed: int) -> tuple[Street, ...]:
    chains = join(plan)
    streets: list[Street] = []
    next_segment = 0
    for chain, name in zip(chains, name_streets(chains, seed), strict=True):
        segments = tuple(
            _build_segments(plan, districts, chain, street=len(streets), first_id=next_segment)
        )
        next_segment += len(segments)
        streets.append(
            Street(
                id=len(streets),
                name=name,
                road=chain.road,
                district=chain.district,
                nodes=chain.nodes,
                length_m=chain.length_m,
                segments=segments,
            )
        )
    return tuple(streets)


def _build_segments(
    plan: Plan, districts: Sequence[District], chain: Chain, *, street: int, first_id: int
) -> Iterator[Segment]:
    points = plan.mesh.points
    start = 0.0
    for offset, (a, b) in enumerate(pairwise(chain.nodes)):
        length = distance(points[a], points[b])
        left, right = _banks(plan, districts, a, b)
        yield Segment(
            id=first_id + offset,
            street=street,
            a=a,
            b=b,
            start_m=start,
            length_m=length,
            seconds=length / SPEED_MPS[chain.road],
            left=left,
            right=right,
        )
        start += length


def _banks(plan: Plan, districts: Sequence[District], a: int, b: int) -> tuple[Bank, Bank]:
    """What lies to the left and right of whoever walks from a to b. Beyond the city's rim nothing
    is built, and the post belongs to the district across the road, or the nearest one."""
    left, right = plan.mesh.face_of.get((a, b)), plan.mesh.face_of.get((b, a))
    inner = left if left is not None else right
    if inner is None:
        middle = plan.mesh.points[a]
        near = min(range(len(districts)), key=lambda i: distance(districts[i].middle, middle))
    else:
        near = plan.district_of[inner]
    return _bank(plan, left, near), _bank(plan, right, near)


def _bank(plan: Plan, face: int | None, near: int) -> Bank:
    if face is None:
        return Bank(district=near, is_built=False)
    return Bank(district=plan.district_of[face], is_built=face not in plan.open_faces)


def _build_districts(plan: Plan, seed: int) -> tuple[District, ...]:
    middles: defaultdict[int, list[Point]] = defaultdict(list)
    for face, district in plan.district_of.items():
        middles[district].append(centroid(plan.mesh.ring(face)))
    district_names = name_districts(len(middles), seed)
    return tuple(
        District(name=name, pin=str(pin), middle=_mean(middles[number]))
        for number, (name, pin) in enumerate(zip(district_names, names.PINS, strict=False))
    )


def _mean(points: Sequence[Point]) -> Point:
    count = len(points)
    return Point(sum(point.x for point in points) / count, sum(point.y for point in points) / count)


def _place(plan: Plan, name: str, face: int, outline: Sequence[Point]) -> Place:
    return Place(
        name=name,
        outline=tuple(outline),
        grounds=tuple(plan.mesh.ring(face)),
        middle=centroid(outline),
        district=plan.district_of[face],
    )
