"""A fence around a door that does not flap: in at 100 m when two fixes agree, out at 150 m."""

from enum import StrEnum

import msgspec

ENTER_M = 100.0
EXIT_M = 150.0
FIXES_MIN = 2
INSIDE_MS_MIN = 10_000
ARRIVING_M = 800.0
ARRIVING_SECONDS = 300


class Edge(StrEnum):
    ENTER = "enter"
    EXIT = "exit"


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """What the fixes so far say of one vehicle at one door. `since_ms` is the first fix beyond the
    line that is not yet believed. All times are the devices' own, corrected."""

    is_inside: bool = False
    count: int = 0
    since_ms: int | None = None
    seen_ms: int = 0


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    edge: Edge
    at_ms: int


def cross(fence: Fence, *, distance_m: float, at_ms: int) -> tuple[Fence, Crossing | None]:
    """Look at one fix. A fix older than the last one looked at changes nothing."""
    if at_ms <= fence.seen_ms:
        return fence, None
    is_beyond = distance_m >= EXIT_M if fence.is_inside else distance_m <= ENTER_M
    if not is_beyond:
        return Fence(is_inside=fence.is_inside, seen_ms=at_ms), None
    since = at_ms if fence.since_ms is None else fence.since_ms
    count = fence.count + 1
    if count < FIXES_MIN and at_ms - since < INSIDE_MS_MIN:
        return Fence(is_inside=fence.is_inside, count=count, since_ms=since, seen_ms=at_ms), None
    edge = Edge.EXIT if fence.is_inside else Edge.ENTER
    return Fence(is_inside=not fence.is_inside, seen_ms=at_ms), Crossing(edge=edge, at_ms=since)
