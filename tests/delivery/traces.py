"""Drives made to measure: the properties of published traces, without the traces themselves."""

import itertools
import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tandem.scm.delivery.domain.pings import Ping
from tandem.scm.delivery.domain.places import METRES_PER_DEGREE, metres_between

START = (12.9716, 77.5946)
VAN_FIXES = 649
VAN_GAP_SECONDS = 2331
VAN_DUPLICATES = 94
VAN_LAG_SECONDS_MAX = 2325


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A ping and when the server received it."""

    ping: Ping
    received_at: datetime


def at(lat: float, lon: float, north_m: float, east_m: float) -> tuple[float, float]:
    """The place so many metres north and east of another."""
    return (
        lat + north_m / METRES_PER_DEGREE,
        lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))),
    )


def ping(when: datetime, place: tuple[float, float], **more: object) -> Ping:
    return Ping(at=when, lat=place[0], lon=place[1], **more)  # type: ignore[arg-type]


def straight(start: datetime, *, count: int, seconds: float = 2.0, mps: float = 10.0) -> list[Ping]:
    """Due north without a fault."""
    return [
        ping(
            start + timedelta(seconds=index * seconds),
            at(*START, index * seconds * mps, 0.0),
            seq=index,
            accuracy_m=5.0,
            speed_mps=mps,
        )
        for index in range(count)
    ]


def van(start: datetime, seed: int = 7) -> list[Told]:
    """A delivery van's morning: 649 fixes in about 2 h 22 min and 28 km; 94 of them repeat another
    one's time with another place, one gap of 2,331 s, one jump at 226 km/h, accuracy up to 94 m,
    uploads up to 2,325 s late. In the order of their times."""
    chance = random.Random(seed)
    fixes = _drive(start, VAN_FIXES - VAN_DUPLICATES, chance)
    fixes = _with_jump(fixes, 200, kmh=226.0)
    doubles = chance.sample([fix for fix in fixes if fix.accuracy_m != 94.0], VAN_DUPLICATES)
    for fix in doubles:
        place = at(fix.lat, fix.lon, chance.uniform(-6, 6), chance.uniform(-6, 6))
        worse = (fix.accuracy_m or 0.0) + chance.uniform(1.0, 20.0)
        fixes.append(
            msgspec.structs.replace(fix, lat=place[0], lon=place[1], accuracy_m=worse, seq=None)
        )
    fixes.sort(key=lambda fix: fix.at)
    return [
        Told(ping=fix, received_at=fix.at + timedelta(seconds=chance.choice(_LAGS)))
        for fix in fixes
    ]


_LAGS = (0.4, 0.8, 1.5, 3.0, 40.0, 600.0, float(VAN_LAG_SECONDS_MAX))


def _drive(start: datetime, count: int, chance: random.Random) -> list[Ping]:
    fixes = []
    north = east = heading = 0.0
    when = start
    speed = 8.0
    for index in range(count):
        is_parked = index % 90 > 78
        speed = 0.0 if is_parked else min(max(speed + chance.uniform(-1.5, 1.5), 3.0), 12.0)
        if not is_parked and speed == 0.0:
            speed = 5.0
        step = VAN_GAP_SECONDS if index == count // 2 else chance.uniform(8.0, 13.0)
        heading += chance.uniform(-0.4, 0.4)
        metres = speed * (chance.uniform(8.0, 13.0) if step > 60 else step)
        north += metres * math.cos(heading)
        east += metres * math.sin(heading)
        when += timedelta(seconds=round(step, 3))
        noise = (chance.gauss(0, 1.5), chance.gauss(0, 1.5))
        fixes.append(
            ping(
                when,
                at(*START, north + noise[0], east + noise[1]),
                seq=index,
                accuracy_m=94.0 if index == 33 else round(chance.uniform(3.0, 25.0), 1),
                speed_mps=round(speed, 1),
                heading=round(math.degrees(heading) % 360, 1),
            )
        )
    return fixes


def _with_jump(fixes: Sequence[Ping], index: int, *, kmh: float) -> list[Ping]:
    """One fix thrown sideways, so that reaching it would take that speed."""
    before, thrown = fixes[index - 1], fixes[index]
    seconds = (thrown.at - before.at).total_seconds()
    place = at(before.lat, before.lon, 0.0, kmh / 3.6 * seconds)
    jumped = msgspec.structs.replace(thrown, lat=place[0], lon=place[1], accuracy_m=8.0)
    return [*fixes[:index], jumped, *fixes[index + 1 :]]


def phone_with_faults(start: datetime) -> tuple[list[Ping], list[Ping]]:
    """A minute-by-second walk with one 760 km/h jump, one fix of 1,000 m accuracy and a clock up to
    1.1 s ahead; and the same drive without its two bad fixes."""
    good = straight(start, count=180, seconds=1.0, mps=9.0)
    jumped = _with_jump(good, 60, kmh=760.0)
    vague_place = at(good[120].lat, good[120].lon, 400.0, 700.0)
    vague = msgspec.structs.replace(
        good[120], lat=vague_place[0], lon=vague_place[1], accuracy_m=1000.0
    )
    faulty = [*jumped[:120], vague, *jumped[121:]]
    clean = [fix for index, fix in enumerate(good) if index not in {60, 120}]
    return faulty, clean


def length_m(pings: Sequence[Ping]) -> float:
    return sum(metres_between(a.lat, a.lon, b.lat, b.lon) for a, b in itertools.pairwise(pings))


def shuffled(told: Sequence[Told], seed: int) -> list[Told]:
    mixed = list(told)
    random.Random(seed).shuffle(mixed)
    return mixed
