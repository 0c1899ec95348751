"""A campaign at ten in the morning, wherever somebody is. Pure."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

FIRST = timezone(timedelta(hours=14))
"""Where a day begins first: Kiritimati."""
STILL_GOOD = timedelta(hours=1)
"""Somebody for whom the hour has just passed is written to at once."""


def begins_at(day: date, clock: str) -> datetime:
    """When it is that hour somewhere on earth for the first time; in UTC."""
    return datetime.combine(day, _time(clock), FIRST).astimezone(UTC)


def moment(
    clock: str, day: date | None, zone: ZoneInfo, now: datetime, *, late_max: timedelta | None
) -> datetime | None:
    """When somebody in that zone gets it, in UTC; None: not any more.

    Whose hour has passed gets it at once, up to `late_max` late and then never; without a limit up
    to an hour late, and then at the same hour of the next day. Without a day it is the next time
    that their clock shows it. An hour that a night lacks is the one after it, one that it has twice
    is the first.
    """
    at = _on(day or now.astimezone(zone).date(), clock, zone)
    if at >= now:
        return at
    if day is not None and now - at <= (STILL_GOOD if late_max is None else late_max):
        return now
    if day is not None and late_max is not None:
        return None
    today = now.astimezone(zone).date()
    later = (_on(today + timedelta(days=days), clock, zone) for days in (0, 1))
    return next(one for one in later if one >= now)


def _on(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, _time(clock), zone).astimezone(UTC)


def _time(clock: str) -> time:
    return time.fromisoformat(clock)
