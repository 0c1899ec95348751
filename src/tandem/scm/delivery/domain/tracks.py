"""From pings in any order to one track: pure functions of the set, so order cannot matter."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import msgspec

from tandem.scm.delivery.domain.pings import ACCURACY_M_ASSUMED, Rank, Reason, rank_of
from tandem.scm.delivery.domain.places import METRES_PER_DEGREE, metres_between

SPEED_MPS_MAX = 50.0
"""180 km/h: nothing that delivers parcels goes faster."""
SLACK_M = 60.0
AGREEING_MIN = 3
"""So many far fixes that agree with one another outweigh the position we believed."""
FLIP_DEGREES = 0.05
DRIFT_M_MIN = 8.0
DRIFT_M_MAX = 30.0
PARKED_MPS = 1.0
GAP_SECONDS = 300.0
"""Longer silence splits the track: nobody knows the way between."""
STOP_RADIUS_M = 60.0
HALF_RADIAN = math.radians(0.5)
STOP_SECONDS_MIN = 120.0


class Fix(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A place at a time (Unix milliseconds, corrected)."""

    at_ms: int
    lat: float
    lon: float
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading: float | None = None

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)


class Judged(msgspec.Struct, frozen=True):
    fix: Fix
    reason: Reason | None


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """The vehicle stayed within `STOP_RADIUS_M` for at least `STOP_SECONDS_MIN`."""

    lat: float
    lon: float
    arrived_at: datetime
    left_at: datetime


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """`segments` are split where nothing was heard for `GAP_SECONDS`; distance only within them."""

    segments: list[list[Fix]]
    stops: list[Stop]
    distance_m: float
    rejected: dict[Reason, int]


def in_order(fixes: Iterable[Fix]) -> list[Fix]:
    """One fix per instant, oldest first. Of several with one time the most accurate stays; ties
    go by place, so that the choice never depends on which came first."""
    best: dict[int, Fix] = {}
    for fix in fixes:
        held = best.get(fix.at_ms)
        if held is None or _rank(fix) < _rank(held):
            best[fix.at_ms] = fix
    return [best[at] for at in sorted(best)]


def judge(fixes: Sequence[Fix]) -> list[Judged]:
    """Find jumps, sign flips and the drift of a parked vehicle in fixes that are `in_order`."""
    reasons: list[Reason | None] = []
    anchor: Fix | None = None
    run: list[int] = []
    doubted: list[int] = []
    for index, fix in enumerate(fixes):
        reason = None if anchor is None else _compare(anchor, fix)
        reasons.append(reason)
        if reason is None or reason is Reason.STATIC_DRIFT:
            doubted.clear()
            run.append(index)
            anchor = fix if reason is None else anchor
            continue
        if doubted and _is_reachable(fixes[doubted[-1]], fix):
            doubted.append(index)
        else:
            doubted[:] = [index]
        if len(doubted) >= AGREEING_MIN:
            if len(run) < AGREEING_MIN:
                for wrong in run:
                    reasons[wrong] = reason
            for right in doubted:
                reasons[right] = None
            run, anchor = doubted[:], fix
            doubted.clear()
    return [Judged(fix, reason) for fix, reason in zip(fixes, reasons, strict=True)]


def track_of(fixes: Iterable[Fix]) -> Track:
    """The whole story of a set of believable fixes: segments, stops, length, what was left out."""
    ordered = in_order(fixes)
    rejected: dict[Reason, int] = {}
    good: list[Fix] = []
    last_heard_ms: list[int] = []
    for judged in judge(ordered):
        if judged.reason is None:
            good.append(judged.fix)
            last_heard_ms.append(judged.fix.at_ms)
        else:
            rejected[judged.reason] = rejected.get(judged.reason, 0) + 1
            if judged.reason is Reason.STATIC_DRIFT:
                last_heard_ms[-1] = judged.fix.at_ms
    segments = _split(good, last_heard_ms)
    return Track(
        segments=segments,
        stops=_stops(good, last_heard_ms),
        distance_m=round(sum(length_m(segment) for segment in segments), 1),
        rejected=rejected,
    )


def length_m(segment: Sequence[Fix]) -> float:
    return sum(metres_between(a.lat, a.lon, b.lat, b.lon) for a, b in pairwise(segment))


def _rank(fix: Fix) -> Rank:
    return rank_of(None, fix.accuracy_m, fix.lat, fix.lon)


def _compare(anchor: Fix, fix: Fix) -> Reason | None:
    apart = _near_metres(anchor.lat, anchor.lon, fix.lat, fix.lon)
    if apart > DRIFT_M_MAX and apart <= SPEED_MPS_MAX * (fix.at_ms - anchor.at_ms) / 1000:
        return None  # plainly under way, like nearly every fix
    if apart > _reach(anchor, fix):
        return Reason.SIGN_FLIP if _is_flip(anchor, fix) else Reason.JUMP
    speed = fix.speed_mps
    if (speed is None or speed < PARKED_MPS) and apart <= _drift_m(fix):
        return Reason.STATIC_DRIFT
    return None


def _is_reachable(a: Fix, b: Fix) -> bool:
    return _near_metres(a.lat, a.lon, b.lat, b.lon) <= _reach(a, b)


def _reach(a: Fix, b: Fix) -> float:
    """How far apart two fixes may lie: the fastest drive between them, and what they may be off."""
    off = (a.accuracy_m or ACCURACY_M_ASSUMED) + (b.accuracy_m or ACCURACY_M_ASSUMED)
    return SPEED_MPS_MAX * (b.at_ms - a.at_ms) / 1000 + min(off, SLACK_M)


def _drift_m(fix: Fix) -> float:
    return min(max(fix.accuracy_m or 0.0, DRIFT_M_MIN), DRIFT_M_MAX)


def _near_metres(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Equirectangular: several times quicker than the haversine, and wrong only where it is far."""
    lon = abs(lon_b - lon_a)
    if lon > 180.0:
        lon = 360.0 - lon
    return METRES_PER_DEGREE * math.hypot(
        lat_b - lat_a, lon * math.cos(HALF_RADIAN * (lat_a + lat_b))
    )


def _is_flip(a: Fix, b: Fix) -> bool:
    """The same place with a lost sign: −57.65 becomes +57.65."""
    lat_flips = abs(a.lat + b.lat) < FLIP_DEGREES < abs(a.lat)
    lon_flips = abs(a.lon + b.lon) < FLIP_DEGREES < abs(a.lon)
    lat_stays = abs(a.lat - b.lat) < FLIP_DEGREES
    lon_stays = abs(a.lon - b.lon) < FLIP_DEGREES
    return (
        (lat_flips and lon_stays and not lat_stays)
        or (lon_flips and lat_stays and not lon_stays)
        or (lat_flips and lon_flips and not lat_stays and not lon_stays)
    )


def _split(good: Sequence[Fix], last_heard_ms: Sequence[int]) -> list[list[Fix]]:
    segments: list[list[Fix]] = []
    for index, fix in enumerate(good):
        if not index or fix.at_ms - last_heard_ms[index - 1] > GAP_SECONDS * 1000:
            segments.append([])
        segments[-1].append(fix)
    return segments


def _stops(good: Sequence[Fix], last_heard_ms: Sequence[int]) -> list[Stop]:
    """By distance and duration, not by reported speed: half of all devices report none."""
    stops: list[Stop] = []
    start = 0
    while start < len(good):
        end = start
        while end + 1 < len(good) and _is_beside(good[start], good[end + 1]):
            end += 1
        if last_heard_ms[end] - good[start].at_ms >= STOP_SECONDS_MIN * 1000:
            stops.append(
                Stop(
                    lat=good[start].lat,
                    lon=good[start].lon,
                    arrived_at=good[start].at,
                    left_at=datetime.fromtimestamp(last_heard_ms[end] / 1000, UTC),
                )
            )
            start = end + 1
        else:
            start += 1
    return stops


def _is_beside(a: Fix, b: Fix) -> bool:
    return _near_metres(a.lat, a.lon, b.lat, b.lon) <= STOP_RADIUS_M
