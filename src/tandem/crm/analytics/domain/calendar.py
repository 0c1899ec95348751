"""Days put together: weeks that begin on either day, months, quarters, years, fiscal years."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

import msgspec

from tandem.kernel.errors import Invalid

FISCAL_MONTH = 4
"""India's fiscal year is from April to March."""
BUCKETS_MAX = 1000
DAY = timedelta(days=1)
FIRST, LAST = date(1990, 1, 1), date(2100, 12, 31)

WeekStart = Literal["monday", "sunday"]


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    FISCAL_YEAR = "fiscal_year"


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """From the first to the last day, both of them in."""

    from_on: date
    to_on: date

    @property
    def count(self) -> int:
        return (self.to_on - self.from_on).days + 1

    def within(self, other: "Days") -> "Days":
        return Days(from_on=max(self.from_on, other.from_on), to_on=min(self.to_on, other.to_on))


class Period(StrEnum):
    """Days by name, as of today."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    LAST_90_DAYS = "last_90_days"
    LAST_365_DAYS = "last_365_days"
    THIS_WEEK = "this_week"
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"
    THIS_FISCAL_YEAR = "this_fiscal_year"
    LAST_FISCAL_YEAR = "last_fiscal_year"


_LAST = {
    Period.LAST_7_DAYS: 7,
    Period.LAST_30_DAYS: 30,
    Period.LAST_90_DAYS: 90,
    Period.LAST_365_DAYS: 365,
}
_THIS = {
    Period.THIS_WEEK: Grain.WEEK,
    Period.THIS_MONTH: Grain.MONTH,
    Period.THIS_QUARTER: Grain.QUARTER,
    Period.THIS_YEAR: Grain.YEAR,
    Period.THIS_FISCAL_YEAR: Grain.FISCAL_YEAR,
}
_BEFORE = {
    Period.LAST_WEEK: Grain.WEEK,
    Period.LAST_MONTH: Grain.MONTH,
    Period.LAST_QUARTER: Grain.QUARTER,
    Period.LAST_YEAR: Grain.YEAR,
    Period.LAST_FISCAL_YEAR: Grain.FISCAL_YEAR,
}


def days_of(period: Period, today: date, week_start: WeekStart = "monday") -> Days:
    """Periods that have not ended end today."""
    if period in _LAST:
        return Days(from_on=today - DAY * (_LAST[period] - 1), to_on=today)
    if period in _THIS:
        return Days(from_on=bucket_of(today, _THIS[period], week_start), to_on=today)
    if period in _BEFORE:
        ends = bucket_of(today, _BEFORE[period], week_start) - DAY
        return Days(from_on=bucket_of(ends, _BEFORE[period], week_start), to_on=ends)
    day = today - DAY if period is Period.YESTERDAY else today
    return Days(from_on=day, to_on=day)


def before(days: Days, compare: Literal["previous_period", "previous_year"]) -> Days:
    """As many days right before; or the same days a year earlier (29 February is the 28th)."""
    if compare == "previous_period":
        return Days(from_on=days.from_on - DAY * days.count, to_on=days.from_on - DAY)
    return Days(from_on=_year_before(days.from_on), to_on=_year_before(days.to_on))


def _year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def bucket_of(day: date, grain: Grain, week_start: WeekStart = "monday") -> date:
    """The first day of the bucket that a day is in."""
    match grain:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return day - DAY * (day.weekday() if week_start == "monday" else day.isoweekday() % 7)
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Grain.YEAR:
            return day.replace(month=1, day=1)
    year = day.year if day.month >= FISCAL_MONTH else day.year - 1
    return date(year, FISCAL_MONTH, 1)


def bucket_days(first: date, grain: Grain) -> Days:
    """All days of the bucket that begins on a day."""
    match grain:
        case Grain.DAY:
            return Days(from_on=first, to_on=first)
        case Grain.WEEK:
            return Days(from_on=first, to_on=first + DAY * 6)
    months = {Grain.MONTH: 1, Grain.QUARTER: 3}.get(grain, 12)
    ends = first.year * 12 + first.month - 1 + months
    return Days(from_on=first, to_on=date(ends // 12, ends % 12 + 1, 1) - DAY)


def buckets(days: Days, grain: Grain, week_start: WeekStart) -> list[date]:
    """The buckets of a range in order, empty ones too. Refuses more than can be drawn."""
    found: list[date] = []
    for bucket in _walk(days, grain, week_start):
        found.append(bucket)
        if len(found) > BUCKETS_MAX:
            raise Invalid("So many days need a coarser grain.", field="grain")
    return found


def _walk(days: Days, grain: Grain, week_start: WeekStart) -> Iterator[date]:
    bucket = bucket_of(days.from_on, grain, week_start)
    while bucket <= days.to_on:
        yield bucket
        bucket = bucket_days(bucket, grain).to_on + DAY
