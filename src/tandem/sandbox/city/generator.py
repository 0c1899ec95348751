"""Where the city's roads run: a skeleton of rings and spokes, then blocks cut until small enough.

Everything follows from one seed, so every process on every machine sees the same city.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

from tandem.sandbox.city.cutting import cut_in_two
from tandem.sandbox.city.geometry import (
    Point,
    area,
    centroid,
    distance,
    perimeter,
    resample,
    shrink,
    soften,
    towards,
)
from tandem.sandbox.city.mesh import Mesh, Road
from tandem.sandbox.city.skeleton import lay_skeleton

SEED = 560001
LAKES = ((Point(-1750, -1150), 400_000), (Point(2250, 900), 190_000))
"""About where, and the least area of land each takes in square metres."""
GREAT_PARK_SPOT = Point(650, -900)
SQUARES = 12
GARDENS = 34
DEAD_ENDS = 70

Limit = Callable[[Point], float]
"""The largest face left whole at a place, in square metres."""


class Plan(msgspec.Struct, kw_only=True):
    """`district_of` gives each face its district's number, 0 in the middle. The faces of lakes
    and parks are left whole; `waters` are the lakes' shores."""

    mesh: Mesh
    district_of: dict[int, int] = msgspec.field(default_factory=dict)
    lakes: list[int] = msgspec.field(default_factory=list)
    parks: list[int] = msgspec.field(default_factory=list)
    waters: list[list[Point]] = msgspec.field(default_factory=list)

    @property
    def open_faces(self) -> frozenset[int]:
        """Faces without houses."""
        return frozenset([*self.lakes, *self.parks])


def generate(seed: int = SEED) -> Plan:
    chance = random.Random(seed)  # noqa: S311 - scenery, not a secret
    plan = Plan(mesh=Mesh())
    lay_skeleton(plan.mesh, chance)
    _cut_faces(plan, chance, Road.COLLECTOR, lambda _: 1_500_000)
    _name_districts(plan)
    _cut_faces(plan, chance, Road.COLLECTOR, lambda _: 560_000)
    plan.lakes = [_nearest_face(plan, spot, area_min) for spot, area_min in LAKES]
    plan.parks = [_nearest_face(plan, GREAT_PARK_SPOT, 150_000)]
    _cut_faces(plan, chance, Road.STREET, lambda place: 4.2 * _block_area(place))
    plan.parks += _choose_parks(plan, chance, SQUARES, 70_000)
    _cut_faces(plan, chance, Road.LANE, _block_area)
    plan.parks += _choose_parks(plan, chance, GARDENS, 30_000)
    _add_dead_ends(plan, chance)
    plan.waters = [_shore(plan.mesh.ring(face), chance) for face in plan.lakes]
    return plan


def _block_area(place: Point) -> float:
    """Blocks are small in the old centre and grow towards the rim."""
    return 15_000 + 32_000 * min(math.hypot(place.x, place.y) / 3_200, 1.3)


def _cut_faces(plan: Plan, chance: random.Random, road: Road, limit: Limit) -> None:
    waiting = [face for face in plan.mesh.faces if face not in plan.open_faces]
    while waiting:
        face = waiting.pop()
        ring = plan.mesh.ring(face)
        if area(ring) <= limit(centroid(ring)) * chance.uniform(0.75, 1.25):
            continue
        halves = cut_in_two(plan.mesh, face, road, chance)
        if halves is None:
            continue
        district = plan.district_of.pop(face, None)
        if district is not None:
            plan.district_of |= dict.fromkeys(halves, district)
        waiting.extend(halves)


def _name_districts(plan: Plan) -> None:
    """Numbered from the centre outwards, as post offices were."""
    middles = {face: centroid(plan.mesh.ring(face)) for face in plan.mesh.faces}
    outwards = sorted(middles, key=lambda face: math.hypot(*middles[face]))
    plan.district_of = {face: number for number, face in enumerate(outwards)}


def _nearest_face(plan: Plan, spot: Point, area_min: float) -> int:
    rings = {face: plan.mesh.ring(face) for face in plan.mesh.faces}
    fitting = [
        face for face, ring in rings.items() if area(ring) >= area_min and _roundness(ring) > 0.68
    ]
    return min(fitting, key=lambda face: distance(centroid(rings[face]), spot))


def _choose_parks(plan: Plan, chance: random.Random, count: int, area_max: float) -> list[int]:
    compact = [
        face
        for face in plan.mesh.faces
        if face not in plan.open_faces and _is_compact(plan.mesh.ring(face), area_max)
    ]
    return chance.sample(compact, min(count, len(compact)))


def _is_compact(ring: Sequence[Point], area_max: float) -> bool:
    """Neither large nor long and thin."""
    size = area(ring)
    return area_max / 4 < size < area_max and _roundness(ring) > 0.6


def _roundness(ring: Sequence[Point]) -> float:
    """One for a circle, 0.785 for a square, less the longer and the more ragged."""
    return 4 * math.pi * area(ring) / perimeter(ring) ** 2


def _add_dead_ends(plan: Plan, chance: random.Random) -> None:
    """Short closes into the largest blocks, as developers leave them."""
    mesh = plan.mesh
    built = [face for face in mesh.faces if face not in plan.open_faces]
    built.sort(key=lambda face: -area(mesh.ring(face)))
    for face in built[:DEAD_ENDS]:
        nodes = mesh.faces[face]
        a, b = max(
            pairwise([*nodes, nodes[0]]),
            key=lambda side: distance(mesh.points[side[0]], mesh.points[side[1]]),
        )
        gate = towards(mesh.points[a], mesh.points[b], chance.uniform(0.4, 0.6))
        end = towards(gate, centroid(mesh.ring(face)), chance.uniform(0.8, 1.1))
        path = [mesh.split_road(a, b, gate), mesh.add_point(end)]
        mesh.add_path(path, Road.LANE)
        mesh.face_of[path[0], path[1]] = mesh.face_of[path[1], path[0]] = face


def _shore(ring: Sequence[Point], chance: random.Random) -> list[Point]:
    """Water inside a face, with a green rim of uneven width between it and the road."""
    middle = centroid(ring)
    rim = resample(shrink(ring, 30), 16)
    return soften([towards(corner, middle, chance.uniform(0.0, 0.2)) for corner in rim], 3)
