"""When a report is due: a clock's time on chosen days, in one time zone. Pure.

A slot is one day's time, so it comes once also where clocks are set back, and a little later where
the hour does not exist (the 02:30 of the night in which clocks go forward is 03:30).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.analytics.domain.asking import Zone
from tandem.kernel.patterns import whole

DAY = timedelta(days=1)
LOOKED_MAX = 1_000
"""Slots that are counted as missed; of more nobody needs the number."""
_MONTHS = {"month": frozenset(range(1, 13)), "quarter": frozenset({1, 4, 7, 10})}
_FISCAL = frozenset({4})


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`at` on every day, on the `weekday` (Monday is 0), or on the `day` of each month, of each
    quarter's first one, or of April, where the fiscal year begins. A day that a month has not is
    its last."""

    every: Literal["day", "week", "month", "quarter", "fiscal_year"] = "day"
    at: Annotated[str, msgspec.Meta(pattern=whole(r"([01][0-9]|2[0-3]):[0-5][0-9]"))] = "08:00"
    weekday: Annotated[int, msgspec.Meta(ge=0, le=6)] = 0
    day: Annotated[int, msgspec.Meta(ge=1, le=31)] = 1
    zone: Zone | None = None
    """None: the company's."""


class Due(msgspec.Struct, frozen=True):
    """The slot to run now, how many before it were missed, and when to look again."""

    slot: datetime
    missed: int
    next_at: datetime


def next_slot(schedule: Schedule, zone: str, after: datetime) -> datetime:
    """The first slot later than a moment."""
    return next(_slots(schedule, zone, after))


def due_slot(schedule: Schedule, zone: str, since: datetime, now: datetime) -> Due | None:
    """Of all slots from `since` to now the latest: what was missed is caught up with once."""
    found: datetime | None = None
    count = 0
    for slot in islice(_slots(schedule, zone, since - timedelta(microseconds=1)), LOOKED_MAX):
        if slot > now:
            break
        found, count = slot, count + 1
    if found is None:
        return None
    return Due(found, count - 1, next_slot(schedule, zone, max(now, found)))


def _slots(schedule: Schedule, zone: str, after: datetime) -> Iterator[datetime]:
    place = ZoneInfo(zone)
    for day in _days(schedule, after.astimezone(place).date() - DAY):
        local = datetime.combine(day, time.fromisoformat(schedule.at), place)
        slot = local.astimezone(UTC)
        if slot > after:
            yield slot


def _days(schedule: Schedule, first: date) -> Iterator[date]:
    if schedule.every == "day":
        while True:
            yield first
            first += DAY
    if schedule.every == "week":
        first += DAY * ((schedule.weekday - first.weekday()) % 7)
        while True:
            yield first
            first += DAY * 7
    months = _MONTHS.get(schedule.every, _FISCAL)
    year, month = first.year, first.month
    while True:
        if month in months:
            found = _day_of(year, month, schedule.day)
            if found >= first:
                yield found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _day_of(year: int, month: int, day: int) -> date:
    ends = date(year + month // 12, month % 12 + 1, 1) - DAY
    return ends if day > ends.day else date(year, month, day)
