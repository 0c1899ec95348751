"""A planar mesh of roads: faces that tile the city, cut again and again into blocks."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from tandem.sandbox.city.geometry import Point


class Road(StrEnum):
    ARTERIAL = "arterial"
    COLLECTOR = "collector"
    STREET = "street"
    LANE = "lane"


Side = tuple[int, int]
"""A road between two nodes as seen from its left: (a, b) and (b, a) are its two sides."""


class Mesh:
    """`faces` are rings of node numbers, counter-clockwise; each side belongs to the face on its
    left, or to none at the rim. Roads are keyed by the smaller node number first."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.faces: dict[int, list[int]] = {}
        self.face_of: dict[Side, int] = {}
        self.roads: dict[Side, Road] = {}
        self._next_face = 0

    def add_point(self, point: Point) -> int:
        self.points.append(Point(round(point.x, 1), round(point.y, 1)))
        return len(self.points) - 1

    def add_path(self, nodes: Sequence[int], road: Road) -> None:
        for a, b in pairwise(nodes):
            self.roads[key(a, b)] = road

    def add_face(self, ring: Sequence[int]) -> int:
        face = self._next_face
        self._next_face += 1
        self.faces[face] = list(ring)
        for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
            self.face_of[a, b] = face
        return face

    def ring(self, face: int) -> list[Point]:
        return [self.points[node] for node in self.faces[face]]

    def split_road(self, a: int, b: int, point: Point) -> int:
        """Put a junction between two neighbours; the faces on both sides learn of it."""
        node = self.add_point(point)
        road = self.roads.pop(key(a, b))
        self.roads[key(a, node)] = self.roads[key(node, b)] = road
        for start, end in ((a, b), (b, a)):
            face = self.face_of.pop((start, end), None)
            if face is not None:
                ring = self.faces[face]
                ring.insert(ring.index(start) + 1, node)
                self.face_of[start, node] = self.face_of[node, end] = face
        return node

    def cut(self, face: int, path: Sequence[int], road: Road) -> tuple[int, int]:
        """Divide a face by a path between two of its nodes, inner nodes new; the two halves."""
        ring = self.faces.pop(face)
        start, end = ring.index(path[0]), ring.index(path[-1])
        turned = ring[start:] + ring[:start]
        middle = (end - start) % len(ring)
        self.add_path(path, road)
        left = [*turned[middle:], *path[:-1]]
        right = [*turned[:middle], *reversed(path[1:])]
        return self.add_face(left), self.add_face(right)


def key(a: int, b: int) -> Side:
    return (a, b) if a < b else (b, a)
