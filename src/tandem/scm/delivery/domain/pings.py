"""A ping as a device sends it, and every reason to refuse one that needs no other ping."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

BATCH_MAX = 500
NULL_ISLAND_DEGREES = 1e-3
ACCURACY_M_MAX = 150.0
ACCURACY_M_ASSUMED = 10.0
FUTURE_TOLERANCE = timedelta(seconds=15)
PAST_MAX = timedelta(days=7)
ROLLOVER = timedelta(weeks=1024)
"""GPS counts weeks in ten bits (IS-GPS-200): an old receiver falls back by 1,024 of them."""
YEAR_MIN, YEAR_MAX = 1990, 2100

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Sequence53 = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Reason(StrEnum):
    """Why a ping is kept but not believed. The last four need its neighbours in time."""

    INVALID = "invalid"
    NULL_ISLAND = "null_island"
    MOCK = "mock"
    FUTURE = "future"
    PAST = "past"
    ACCURACY = "accuracy"
    DUPLICATE = "duplicate"
    JUMP = "jump"
    SIGN_FLIP = "sign_flip"
    STATIC_DRIFT = "static_drift"


FOR_GOOD = frozenset(
    {
        Reason.INVALID,
        Reason.NULL_ISLAND,
        Reason.MOCK,
        Reason.FUTURE,
        Reason.PAST,
        Reason.ACCURACY,
    }
)
"""Verdicts that no later ping can change."""


class Ping(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fix. `at` is the device's own time of the fix; `seq` counts up per device.

    Speed in metres a second, heading in degrees clockwise from north, accuracy in metres (radius
    of 68 %), battery in per cent. Numbers out of range are verdicts, not errors: one silly value
    must not hold back a phone's whole queue.
    """

    at: Instant
    lat: float
    lon: float
    seq: Sequence53 | None = None
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading: float | None = None
    battery: float | None = None
    is_mock: bool = False


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one ping. A duplicate is not kept a second time."""

    at: datetime
    seq: int | None = None
    is_accepted: bool = True
    reason: Reason | None = None


def reject(ping: Ping, at: datetime, received_at: datetime) -> Reason | None:
    """Judge a ping alone; `at` is its time after correction. None: nothing speaks against it."""
    lat, lon = ping.lat, ping.lon
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        return Reason.INVALID
    if abs(lat) < NULL_ISLAND_DEGREES and abs(lon) < NULL_ISLAND_DEGREES:
        return Reason.NULL_ISLAND
    if ping.is_mock:
        return Reason.MOCK
    if at > received_at + FUTURE_TOLERANCE:
        return Reason.FUTURE
    if at < received_at - PAST_MAX:
        return Reason.PAST
    if ping.accuracy_m is not None and not 0.0 <= ping.accuracy_m <= ACCURACY_M_MAX:
        return Reason.ACCURACY
    return None


Rank = tuple[bool, float, float, float]


def rank_of(reason: str | None, accuracy_m: float | None, lat: float, lon: float) -> Rank:
    """Which of several fixes of one instant stays: the lowest, whatever order they came in."""
    # What the database keeps is a single-precision number: compare no more digits than it has.
    accuracy = ACCURACY_M_ASSUMED if accuracy_m is None else round(accuracy_m, 2)
    return reason in FOR_GOOD, accuracy, lat, lon


def unrolled(at: datetime, received_at: datetime) -> datetime:
    """Undo a GPS week rollover when that lands the fix in the acceptable past."""
    moved = at + ROLLOVER if at.year < YEAR_MAX - 30 else at
    is_plausible = received_at - PAST_MAX <= moved <= received_at + FUTURE_TOLERANCE
    return moved if is_plausible else at


def storable(at: datetime) -> datetime:
    """The device's time in UTC, held within what can be stored and compared."""
    if at.year < YEAR_MIN:
        return datetime(YEAR_MIN, 1, 1, tzinfo=UTC)
    if at.year > YEAR_MAX:
        return datetime(YEAR_MAX, 1, 1, tzinfo=UTC)
    return at
