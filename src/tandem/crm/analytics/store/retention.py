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
        " select begun.bucket::text, came.bucket::text, count(*)"
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
    days, bucket = scope.days, bucket_sql(scope.grain, scope.week_start, "on_day")
    # Each is read and summed as it comes: all of three years does not fit into memory twice.
    begins = telling.moments(
        [scope.begins.event],
        [],
        from_on=None if scope.is_first else days.from_on,
        to_on=days.to_on,
        conditions=[telling.is_chosen(scope.begins, "begins")],
        name="begun",
    )
    returns = telling.moments(
        [scope.returns.event],
        [],
        from_on=days.from_on,
        to_on=scope.until,
        conditions=[telling.is_chosen(scope.returns, "returns")],
        name="came",
    )
    if scope.is_first:
        # Everything is read, however long ago: who began earlier is in no cohort of these days. The
        # first of their days is that of their first moment, since days do not go back.
        telling.values["from_on"] = days.from_on
        begun = (
            f"select person, at, {bucket} as bucket from (select person, min(at) as at,"
            f" min(on_day) as on_day from ({begins}) as moment group by person) as first"
            " where on_day >= :from_on::date"
        )
    else:
        begun = (
            f"select person, min(at) as at, {bucket} as bucket from ({begins}) as moment"
            f" group by person, {bucket}"
        )
    return (
        f"begun as materialized ({begun}),"
        f" came as materialized (select person, {bucket} as bucket, max(at) as last,"
        f" count(*) as times from ({returns}) as moment group by person, {bucket})"
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
