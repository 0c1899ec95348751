"""Quotas: what is to be won in a period, how much of it is, and whether the pace will do.

The financial year begins in April, so its quarters are April to June, July to September, October
to December, January to March: the calendar's quarters, counted from April.
"""

from calendar import monthrange
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.opportunities import AMOUNT_MAX
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.money import round_half_up

YEAR_BEGINS = 4
"""April: the financial year of Indian companies (Companies Act 2013, s.2(41))."""
NEARLY = Decimal("0.75")
"""Below this part of what the pace asks for, it is behind; from there up to all of it, at risk."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Period(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Pace(StrEnum):
    NOT_BEGUN = "not_begun"
    REACHED = "reached"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BEHIND = "behind"


Target = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]


class NewQuota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For a person or a team; `on` is any day of the period."""

    owner_id: UUID | None = None
    team_id: UUID | None = None
    period: Period
    on: date
    target_minor: Target


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units of the company's own currency; both days belong to the period."""

    id: UUID
    owner_id: UUID | None
    team_id: UUID | None
    period: Period
    from_on: date
    to_on: date
    target_minor: int
    version: int
    created_at: datetime

    @property
    def label(self) -> str:
        return label_of(self.period, self.from_on)


class Attainment(msgspec.Struct, frozen=True, kw_only=True):
    """How a quota stands on a day. `expected_minor` is its part of the target at an even pace, the
    day counted whole; `won_minor` what was won in the period so far."""

    quota: Quota
    currency: str
    won_minor: int
    won_count: int
    expected_minor: int
    pace: Pace

    @property
    def percent(self) -> int:
        """Of the target, rounded down: 100 only when it is reached."""
        return self.won_minor * 100 // self.quota.target_minor


class Span(NamedTuple):
    from_on: date
    to_on: date


class QuotaExists(Conflict):
    """One person or team has one quota for a period."""

    code = "quota_exists"


def span_of(period: Period, on: date) -> Span:
    """The month, the quarter or the financial year that a day lies in."""
    if on.year in (date.min.year, date.max.year):
        raise Invalid("This year is out of range.", field="on")
    months = MONTHS[period]
    begun = (on.month - YEAR_BEGINS) % 12 // months * months
    month = (YEAR_BEGINS - 1 + begun) % 12 + 1
    first = date(on.year - (month > on.month), month, 1)
    last = (first.month - 1 + months - 1) % 12 + 1
    year = first.year + (last < first.month)
    return Span(first, date(year, last, monthrange(year, last)[1]))


def label_of(period: Period, from_on: date) -> str:
    """Nov 2026, Q3 2026-27, FY 2026-27."""
    if period is Period.MONTH:
        return f"{NAMES[from_on.month - 1]} {from_on.year}"
    begins = from_on.year - (from_on.month < YEAR_BEGINS)
    year = f"{begins}-{(begins + 1) % 100:02}"
    if period is Period.YEAR:
        return f"FY {year}"
    return f"Q{(from_on.month - YEAR_BEGINS) % 12 // 3 + 1} {year}"


def expected(quota: Quota, today: date) -> int:
    days = (quota.to_on - quota.from_on).days + 1
    gone = min(max((today - quota.from_on).days + 1, 0), days)
    return round_half_up(Decimal(quota.target_minor) * gone / days)


def pace_of(quota: Quota, won_minor: int, today: date) -> Pace:
    if won_minor >= quota.target_minor:
        return Pace.REACHED
    if today < quota.from_on:
        return Pace.NOT_BEGUN
    asked = expected(quota, today)
    if won_minor >= asked:
        return Pace.ON_TRACK
    return Pace.AT_RISK if won_minor >= asked * NEARLY else Pace.BEHIND
