"""The statements behind cohorts and stickiness."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.calendar import Days, Grain, WeekStart
from tandem.crm.analytics.domain.happenings import Chosen
from tandem.crm.analytics.store.moments import IS_LEAD, Telling
from tandem.crm.analytics.store.writing import bucket_sql
from tandem.kernel.reach import Reach
from tandem.kernel.rules import Compiled


class CohortScope(msgspec.Struct, frozen=True, kw_only=True):
    """`days` are those of beginnings, `until` the last one of a return."""

    begins: Chosen
    returns: Chosen
    is_first: bool
    grain: Grain
    week_start: WeekStart
    days: Days
    until: date
    kinds: Sequence[str]
    as_of: datetime
    reaches: Mapping[str, Reach]


def cohorts(scope: CohortScope) -> Compiled:
    """Of each cohort its size (`came` is null), and how many came in each period."""
    telling = Telling(scope.as_of, scope.reaches)
    text = _begun(telling, scope)
    return telling.made(
        f"{text} select bucket::text as cohort, null::text as came, count(*) as people from begun"
        " group by bucket union all"
        " select begun.bucket::text, came.bucket::text, count(distinct begun.person)"
        " from begun join came on came.person = begun.person and came.last >= begun.at"
        " group by begun.bucket, came.bucket order by 1, 2 nulls first"
    )


def cohort_people(
    scope: CohortScope, *, cohort: date, came: date | None, after: list[Any] | None, count: int
) -> Compiled:
    """Who began in one period, and if asked came in another one; the last to begin first."""
    telling = Telling(scope.as_of, scope.reaches)
    text = _begun(telling, scope)
    telling.values["cohort"] = cohort
    if came is None:
        chosen = "select *, 1::bigint as times from begun where bucket = :cohort::date"
    else:
        telling.values["came"] = came
        chosen = (
            "select begun.*, came.times from begun join came on came.person = begun.person"
            " and came.last >= begun.at"
            " where begun.bucket = :cohort::date and came.bucket = :came::date"
        )
    return telling.made(_paged(telling, text, chosen, after, count))


def stickiness(scope: CohortScope) -> Compiled:
    telling = Telling(scope.as_of, scope.reaches)
    return telling.made(
        f"{_often(telling, scope)} select periods, count(*) as people from often"
        " group by periods order by periods"
    )


def sticky_people(
    scope: CohortScope, *, periods: int, after: list[Any] | None, count: int
) -> Compiled:
    telling = Telling(scope.as_of, scope.reaches)
    text = _often(telling, scope)
    telling.values["periods"] = periods
    chosen = "select * from often where periods = :periods::bigint"
    return telling.made(_paged(telling, text, chosen, after, count))


def _begun(telling: Telling, scope: CohortScope) -> str:
    """`begun`: when each person began; `came`: in which periods they came, and how late at most."""
    begins = telling.is_chosen(scope.begins, "begins")
    returns = telling.is_chosen(scope.returns, "returns")
    read = telling.moments(
        scope.kinds,
        [f"({begins}) as begins", f"({returns}) as returns"],
        from_on=None if scope.is_first else scope.days.from_on,
        to_on=scope.until,
    )
    telling.values |= {"from_on": scope.days.from_on, "to_on": scope.days.to_on}
    bucket = bucket_sql(scope.grain, scope.week_start, "on_day")
    within = "on_day between :from_on::date and :to_on::date"
    if scope.is_first:
        # Everything is read, however long ago: who began earlier is in no cohort of these days.
        begun = (
            f"select person, at, {bucket} as bucket from ("
            "select distinct on (person) person, at, on_day from moment where begins"
            f" order by person, at, id) as first where {within}"
        )
    else:
        begun = (
            f"select person, min(at) as at, {bucket} as bucket"
            f" from moment where begins and {within} group by person, {bucket}"
        )
    return (
        f"moment as materialized ({read}), begun as materialized ({begun}),"
        f" came as materialized (select person, {bucket} as bucket, max(at) as last,"
        " count(*) as times from moment"
        f" where returns and on_day >= :from_on::date group by person, {bucket})"
    )


def _often(telling: Telling, scope: CohortScope) -> str:
    chosen = telling.is_chosen(scope.begins, "happening")
    read = telling.moments(
        scope.kinds, [], from_on=scope.days.from_on, to_on=scope.days.to_on, conditions=[chosen]
    )
    bucket = bucket_sql(scope.grain, scope.week_start, "on_day")
    return (
        f"often as (select person, min(at) as at, count(*) as times,"
        f" count(distinct {bucket}) as periods from ({read}) as moment group by person)"
    )


def _paged(telling: Telling, text: str, chosen: str, after: list[Any] | None, count: int) -> str:
    page = ""
    if after is not None:
        at: datetime = after[0]
        person: UUID = after[1]
        telling.values |= {"after_at": at, "after_id": person}
        page = "where (at, person) < (:after_at::timestamptz, :after_id::uuid)"
    telling.values["count"] = count
    return (
        f"{text}, chosen as materialized ({chosen})"
        " select found.*, (select count(*) from chosen) as total from (select null) as one"
        f" left join (select person, {IS_LEAD}, at, times from chosen"
        f" {page} order by at desc, person desc limit :count::bigint) as found on true"
        " order by at desc, person desc"
    )
