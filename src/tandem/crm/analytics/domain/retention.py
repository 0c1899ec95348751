"""Who comes back: cohorts by when people began, and how often they come at all.

A cohort is everybody who began in the same day, week, month, quarter, year or fiscal year of the
company's calendar: with the first of their happenings ever (`first`), or with any of them (`every`:
the same person may be in many cohorts). Period 0 is the cohort's own; in period n are those to whom
the returning happening came at least once in the n-th period after it, at or after they began. With
the same happening on both sides everybody has returned in period 0.

A period that has not begun is no number; one that has not ended is `is_running` and left out of the
averages.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.calendar import Days, Grain, Period, WeekStart
from tandem.crm.analytics.domain.happenings import Chosen, Meant, find_happening
from tandem.kernel.errors import Invalid

PERIODS_MAX = 36
COHORTS_MAX = 60
"""Cohorts of one answer: more would be no table that anybody reads."""


class RetentionAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who began in these days, and whether they came back in the `periods` after it."""

    begins: Chosen
    returns: Chosen
    cohort: Literal["first", "every"] = "first"
    grain: Grain = Grain.MONTH
    periods: Annotated[int, msgspec.Meta(ge=1, le=PERIODS_MAX)] = 12
    week_start: WeekStart = "monday"
    period: Period | None = None
    from_on: date | None = None
    to_on: date | None = None
    as_of: datetime | None = None


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """`count` people of the cohort in one period; none before it has begun."""

    count: int | None
    share: float | None
    is_running: bool = False


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """`first` is the first day of the cohort's own period; `returned[0]` is that period."""

    first: date
    size: int
    returned: list[Returned]


class RetentionResult(msgspec.Struct, frozen=True, kw_only=True):
    """`averages` are over all people of the cohorts that have that period behind them."""

    as_of: datetime
    days: Days
    zone: str
    grain: Grain
    begins: Meant
    returns: Meant
    cohorts: list[Cohort]
    averages: list[float | None]
    policy_hash: str


class RetentionDrillAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The people of a cohort; with a period, those of them who returned in it."""

    query: RetentionAsk
    cohort: date
    period: Annotated[int, msgspec.Meta(ge=0, le=PERIODS_MAX)] | None = None


class StickinessAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In how many different days, weeks or months of the range it happened to somebody."""

    happening: Chosen
    grain: Grain = Grain.WEEK
    week_start: WeekStart = "monday"
    period: Period | None = None
    from_on: date | None = None
    to_on: date | None = None
    as_of: datetime | None = None


class Often(msgspec.Struct, frozen=True, kw_only=True):
    """`count` people came in exactly so many `periods`."""

    periods: int
    count: int
    share: float | None


class StickinessResult(msgspec.Struct, frozen=True, kw_only=True):
    """`total` is how many periods the range has."""

    as_of: datetime
    days: Days
    zone: str
    grain: Grain
    happening: Meant
    people: int
    total: int
    often: list[Often]
    policy_hash: str


class StickinessDrillAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    query: StickinessAsk
    periods: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class CohortPerson(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is when they began (of stickiness: came first), `times` how often it happened then."""

    id: UUID
    is_lead: bool
    link: str
    at: datetime
    times: int


class PeopleDrill(msgspec.Struct, frozen=True, kw_only=True):
    as_of: datetime
    count: int
    items: list[CohortPerson]
    next: str | None


def check_retention(ask: RetentionAsk) -> None:
    find_happening(ask.begins.event, field="begins.event")
    find_happening(ask.returns.event, field="returns.event")


def check_stickiness(ask: StickinessAsk) -> None:
    find_happening(ask.happening.event, field="happening.event")


def check_cohorts(count: int) -> None:
    if count > COHORTS_MAX:
        raise Invalid("So many cohorts need fewer days or a coarser grain.", field="grain")
