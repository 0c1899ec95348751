"""Business time: which instants count, and how far away a due time is when only those do."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from tandem.kernel.errors import Invalid
from tandem.kernel.patterns import whole

DAY = timedelta(days=1)
PRINTABLE = whole(r"[^\x00-\x1f\x7f]*")
SEARCHED_DAYS_MAX = 4_000
"""A target of 100,000 minutes in a week of five hours is over within this."""

Opening = Annotated[str, msgspec.Meta(pattern=whole("([01][0-9]|2[0-3]):[0-5][0-9]"))]
Closing = Annotated[str, msgspec.Meta(pattern=whole("(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"))]


class CalendarWrong(Invalid):
    code = "service_calendar_wrong"


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open on this ISO weekday (1 is Monday) from `opens` until `closes`, which may be 24:00."""

    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)]
    opens: Opening
    closes: Closing


class Closure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Closed on this day; with `is_yearly` on the same day of every year."""

    on: date
    name: Annotated[str, msgspec.Meta(max_length=100, pattern=PRINTABLE)] = ""
    is_yearly: bool = False


NATIONAL_HOLIDAYS = (
    Closure(on=date(2026, 1, 26), name="Republic Day", is_yearly=True),
    Closure(on=date(2026, 8, 15), name="Independence Day", is_yearly=True),
    Closure(on=date(2026, 10, 2), name="Gandhi Jayanti", is_yearly=True),
)


def usual_hours() -> list[Hours]:
    """Monday to Saturday, nine to seven."""
    return [Hours(weekday=day, opens="09:00", closes="19:00") for day in range(1, 7)]


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    time_zone: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)] = "Asia/Kolkata"
    hours: Annotated[list[Hours], msgspec.Meta(min_length=1, max_length=28)] = msgspec.field(
        default_factory=usual_hours
    )
    closures: Annotated[list[Closure], msgspec.Meta(max_length=400)] = msgspec.field(
        default_factory=lambda: list(NATIONAL_HOLIDAYS)
    )


class BusinessTime:
    """A calendar ready to be asked. All instants are aware; answers are in UTC."""

    def __init__(self, calendar: Calendar) -> None:
        self._zone = ZoneInfo(calendar.time_zone)
        self._hours = {
            day: sorted((h.opens, h.closes) for h in calendar.hours if h.weekday == day)
            for day in range(1, 8)
        }
        self._closed = frozenset(c.on for c in calendar.closures if not c.is_yearly)
        self._yearly = frozenset((c.on.month, c.on.day) for c in calendar.closures if c.is_yearly)

    def after(self, start: datetime, seconds: int) -> datetime:
        """The instant when `seconds` of business time have passed since `start`.

        Nothing left is due at once: `start` itself.
        """
        left = timedelta(seconds=seconds)
        if left <= timedelta(0):
            return start.astimezone(UTC)
        for opens, closes in self._spans(start):
            begins = max(opens, start)
            if begins + left <= closes:
                return begins + left
            left -= max(closes - begins, timedelta(0))
        raise CalendarWrong("This calendar has too few open hours. Correct it first.")

    def between(self, start: datetime, end: datetime) -> int:
        """Whole seconds of business time from `start` to `end`; negative when `end` is earlier."""
        if end < start:
            return -self.between(end, start)
        total = timedelta(0)
        for opens, closes in self._spans(start):
            if opens >= end:
                break
            total += max(min(closes, end) - max(opens, start), timedelta(0))
        return int(total.total_seconds())

    def is_open(self, at: datetime) -> bool:
        opens, closes = next(iter(self._spans(at)), (at + DAY, at + DAY))
        return opens <= at < closes

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans that end after `start`, in order."""
        day = start.astimezone(self._zone).date()
        for _ in range(SEARCHED_DAYS_MAX):
            for opens, closes in self._hours[day.isoweekday()] if self._is_worked(day) else ():
                span = self._instant(day, opens), self._instant(day, closes)
                if span[1] > start:
                    yield span
            day += DAY

    def _is_worked(self, day: date) -> bool:
        return day not in self._closed and (day.month, day.day) not in self._yearly

    def _instant(self, day: date, at: str) -> datetime:
        if at == "24:00":
            day, at = day + DAY, "00:00"
        return datetime.combine(day, time.fromisoformat(at), self._zone).astimezone(UTC)


def check_calendar(calendar: Calendar, *, field: str = "calendar") -> None:
    """Refuse an unknown zone, spans that end before they begin or overlap, and a closed desk."""
    if calendar.time_zone not in available_timezones():
        raise CalendarWrong(
            f"There is no time zone {calendar.time_zone!r}.", field=f"{field}.time_zone"
        )
    for day in range(1, 8):
        spans = sorted((h.opens, h.closes) for h in calendar.hours if h.weekday == day)
        if any(closes <= opens for opens, closes in spans):
            raise CalendarWrong("A day closes after it opens.", field=f"{field}.hours")
        if any(later[0] < one[1] for one, later in pairwise(spans)):
            raise CalendarWrong("Hours of one day overlap.", field=f"{field}.hours")
