"""Working days: the days of the week, public holidays, and a company's own closed and open days."""

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

if TYPE_CHECKING:
    import holidays

DAY = timedelta(days=1)
SEARCHED_DAYS_MAX = 800
"""No calendar is closed for longer; one that is has nothing to promise."""

Weekday = Annotated[int, msgspec.Meta(ge=1, le=7, description="ISO: 1 is Monday, 7 Sunday")]
Country = Annotated[str, msgspec.Meta(pattern=whole("[A-Z]{2}"))]
Subdivision = Annotated[str, msgspec.Meta(max_length=6, pattern=whole("[A-Z0-9]*"))]


class NoWorkingDay(Conflict):
    code = "no_working_day"


class CalendarWrong(Invalid):
    code = "calendar_wrong"


class Closure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Closed on this day; with `is_yearly` on the same day of every year."""

    on: date
    name: Annotated[str, msgspec.Meta(max_length=100, pattern=PRINTABLE)] = ""
    is_yearly: bool = False


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`holidays_of` and `subdivision` (IN, KA) close on that place's public holidays.

    A day in `openings` is worked whatever else is said of it.
    """

    weekdays: Annotated[list[Weekday], msgspec.Meta(min_length=1, max_length=7)]
    holidays_of: Country | None = None
    subdivision: Subdivision = ""
    closures: Annotated[list[Closure], msgspec.Meta(max_length=400)] = msgspec.field(
        default_factory=list
    )
    openings: Annotated[list[date], msgspec.Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )


class WorkingDays:
    """A calendar ready to be asked."""

    def __init__(self, calendar: Calendar) -> None:
        self._weekdays = frozenset(calendar.weekdays)
        self._closed = frozenset(c.on for c in calendar.closures if not c.is_yearly)
        self._yearly = frozenset((c.on.month, c.on.day) for c in calendar.closures if c.is_yearly)
        self._open = frozenset(calendar.openings)
        self._public = (
            _public_holidays(calendar.holidays_of, calendar.subdivision)
            if calendar.holidays_of
            else None
        )

    def is_open(self, day: date) -> bool:
        if day in self._open:
            return True
        return (
            day.isoweekday() in self._weekdays
            and day not in self._closed
            and (day.month, day.day) not in self._yearly
            and not (self._public is not None and day in self._public)
        )

    def on_or_after(self, day: date) -> date:
        """The first working day from this day on, which may be this one."""
        for _ in range(SEARCHED_DAYS_MAX):
            if self.is_open(day):
                return day
            day += DAY
        raise NoWorkingDay("This calendar has no working day for two years. Correct it first.")

    def after(self, day: date, count: int) -> date:
        """`count` working days later; none later is the day itself."""
        for _ in range(count):
            day = self.on_or_after(day + DAY)
        return day


@cache
def _public_holidays(country: str, subdivision: str) -> "holidays.HolidayBase":
    """Grows by the years it is asked about."""
    import holidays  # 8 MB, for the first calendar that knows them

    return holidays.country_holidays(country, subdiv=subdivision or None)


def check_calendar(calendar: Calendar, *, field: str) -> None:
    """Refuse a calendar of a place nobody knows, or with no day to work."""
    if calendar.holidays_of:
        try:
            _public_holidays(calendar.holidays_of, calendar.subdivision)
        except NotImplementedError as reason:
            raise CalendarWrong(
                f"The public holidays of {calendar.holidays_of} {calendar.subdivision} are not "
                "known here. Leave the place empty and name the days yourself.",
                field=f"{field}.holidays_of",
            ) from reason
    working = WorkingDays(calendar)
    start = date(2024, 1, 1)  # a leap year, so that 29 February is asked too
    if not any(working.is_open(start + DAY * offset) for offset in range(366 * 2)):
        raise CalendarWrong("This calendar has no working day at all.", field=f"{field}.weekdays")
