"""Relative dates: what "in the last 30 days" means for one organisation at one moment.

Days, weeks, months and years are whole days of the organisation's time zone; hours are exact.
SQL and Python are both given the bounds computed here, so that they cannot disagree.
"""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

DAYS_MAX = 3660
_PERIOD = re.compile(r"P(?:([1-9][0-9]{0,3})([DWMY])|T([1-9][0-9]{0,4})H)")
_DAYS = {"D": 1, "W": 7, "M": 31, "Y": 366}
INSTANT_STEP = timedelta(microseconds=1)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When a rule is asked, and whose midnights count (IANA zone)."""

    now: datetime
    zone: str = "Asia/Kolkata"

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def midnight(self, day: date) -> datetime:
        """The first instant of a local day, in UTC."""
        return datetime.combine(day, time.min, ZoneInfo(self.zone)).astimezone(UTC)


def is_period(text: str, *, whole_days: bool) -> bool:
    """`P30D`, `P2W`, `P3M`, `P1Y`, or `PT12H` where hours make sense; ten years at most."""
    found = _PERIOD.fullmatch(text)
    if not found:
        return False
    if found[3]:
        return not whole_days and int(found[3]) <= DAYS_MAX * 24
    return int(found[1]) * _DAYS[found[2]] <= DAYS_MAX


def hours_of(period: str) -> int | None:
    found = _PERIOD.fullmatch(period)
    assert found, "periods are checked when the rule is read"
    return int(found[3]) if found[3] else None


def day_shifted(day: date, period: str, sign: int) -> date:
    """A day moved by a period of whole days; the 31st becomes a shorter month's last day."""
    found = _PERIOD.fullmatch(period)
    assert found and found[1], "a period of whole days"
    count, unit = sign * int(found[1]), found[2]
    if unit in "DW":
        return day + timedelta(days=count * _DAYS[unit])
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "Y" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def since(period: str, moment: Moment) -> datetime:
    """The instant at which "the last …" begins."""
    hours = hours_of(period)
    if hours is not None:
        return moment.now - timedelta(hours=hours)
    return moment.midnight(day_shifted(moment.today, period, -1))


def until(period: str, moment: Moment) -> datetime:
    """The instant before which "the next …" ends: the last day counts whole."""
    hours = hours_of(period)
    if hours is not None:
        return moment.now + timedelta(hours=hours)
    return moment.midnight(day_shifted(moment.today, period, 1) + timedelta(days=1))


def anniversaries(period: str, moment: Moment) -> list[str]:
    """The `MM-DD` from today to the end of the period; who was born on 29 February is never lost:
    in other years their day is 28 February."""
    days = min((day_shifted(moment.today, period, 1) - moment.today).days, 366)
    found: set[str] = set()
    for distance in range(days + 1):
        day = moment.today + timedelta(days=distance)
        found.add(day.strftime("%m-%d"))
        if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
            found.add("02-29")
    return sorted(found)
