"""The statement behind a funnel: of each person the run that counts. See `domain.funnels`."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.calendar import DAY, Days
from tandem.crm.analytics.domain.funnels import VALUES_MAX, Exclusion, FunnelAsk
from tandem.crm.analytics.domain.happenings import DIMENSIONS
from tandem.crm.analytics.store.moments import IS_LEAD, Telling
from tandem.kernel.reach import Reach
from tandem.kernel.rules import Compiled

NO_STEP = 99


class FunnelScope(msgspec.Struct, frozen=True, kw_only=True):
    """What the statements of one funnel share. `kinds` are all that are read: for a strict one,
    everything that the asker may see."""

    ask: FunnelAsk
    days: Days
    window: timedelta
    kinds: Sequence[str]
    as_of: datetime
    reaches: Mapping[str, Reach]


def counts(scope: FunnelScope) -> Compiled:
    """One row over everybody, and one for each value of the breakdown, the greatest first."""
    writer = _Writer(scope)
    steps = range(1, len(scope.ask.steps) + 1)
    last = len(scope.ask.steps)
    shown = [f"count(*) filter (where depth >= {step})::bigint as n{step}" for step in steps]
    shown += [
        f"{_quantiles(f'times[{step}] - times[{step - 1}]', step)} as q{step}"
        for step in steps
        if step > 1
    ]
    shown.append(f"{_quantiles(f'times[{last}] - times[1]', last)} as q1")
    is_broken = scope.ask.breakdown is not None
    value = "value" if is_broken else "null::text"
    whole = "grouping(value) = 1" if is_broken else "true"
    group = "group by grouping sets ((), (value))" if is_broken else ""
    writer.telling.values["cap"] = VALUES_MAX + 2
    return writer.telling.made(
        f"{writer.runs()} select {value} as value, {whole} as whole, {', '.join(shown)}"
        f" from counted {group} order by whole desc, n1 desc, value limit :cap::bigint"
    )


def people(
    scope: FunnelScope,
    *,
    step: int,
    is_dropped: bool,
    value: str | None,
    after: list[Any] | None,
    count: int,
) -> Compiled:
    """Those who got to a step, or to the one before and no further; the newest runs first."""
    writer = _Writer(scope)
    telling = writer.telling
    telling.values |= {"step": step - 1 if is_dropped else step, "count": count}
    conditions = [f"depth {'=' if is_dropped else '>='} :step::int"]
    if value is not None:
        conditions.append(f"value = {telling.bind('only', value, 'text')}")
    page = ""
    if after is not None:
        at: datetime = after[0]
        person: UUID = after[1]
        telling.values |= {"after_at": at, "after_id": person}
        page = "where (times[1], person) < (:after_at::timestamptz, :after_id::uuid)"
    return telling.made(
        f"{writer.runs()}, chosen as materialized"
        f" (select * from counted where {' and '.join(conditions)})"
        " select found.*, (select count(*) from chosen) as total"
        " from (select null) as one left join"
        f" (select person, {IS_LEAD}, times, value,"
        " extract(epoch from times[depth] - times[1])::float8 as seconds"
        f" from chosen {page} order by times[1] desc, person desc limit :count::bigint)"
        " as found on true order by times[1] desc, person desc"
    )


def _quantiles(span: str, step: int) -> str:
    return (
        "percentile_cont(array[0.5, 0.9]) within group"
        f" (order by extract(epoch from {span})::float8) filter (where depth >= {step})"
    )


class _Writer:
    """Rows `counted`: `person`, `times` of the steps taken, `depth`, `value`."""

    def __init__(self, scope: FunnelScope) -> None:
        self.scope = scope
        self.ask = scope.ask
        self.telling = Telling(scope.as_of, scope.reaches)
        self.steps = range(1, len(scope.ask.steps) + 1)
        self.telling.values |= {
            "window": scope.window,
            "from_on": scope.days.from_on,
            "to_on": scope.days.to_on,
        }

    def runs(self) -> str:
        parts = [f"moment as materialized ({self._moments()})"]
        parts.append(self._any() if self.ask.order == "any" else self._in_order())
        parts += [self._valued(), self._counted()]
        return ", ".join(parts)

    def _moments(self) -> str:
        telling = self.telling
        steps = [
            f"({telling.is_chosen(one, f'step_{place}')}) as s{place}"
            for place, one in enumerate(self.ask.steps, 1)
        ]
        spoilers = [
            f"({telling.is_chosen(one.happening, f'exclusion_{place}')}) as x{place}"
            for place, one in enumerate(self.ask.exclusions)
        ]
        value = "''" if self.ask.breakdown is None else DIMENSIONS[self.ask.breakdown].sql
        days = math.ceil(self.scope.window / DAY) + 1
        read = telling.moments(
            self.scope.kinds,
            [*steps, *spoilers, f"{value} as value"],
            from_on=self.scope.days.from_on,
            to_on=self.scope.days.to_on + DAY * days,
        )
        whens = " ".join(f"when s{step} then {step}" for step in self.steps)
        ranked = f"select *, case {whens} else {NO_STEP} end as rank from ({read}) as read"
        if self.ask.order != "strict":
            return ranked
        beside = f"bool_or(rank < {NO_STEP}) over (partition by person, at) as beside"
        return (
            f"select * from (select *, {beside} from ({ranked}) as ranked) as beside"
            f" where rank < {NO_STEP} or not beside"
        )

    def _in_order(self) -> str:
        """At every step the tightest run that ends with it: the latest one that it can follow."""
        if self.ask.order == "strict":
            before, frame = "lag", ""
        else:
            before, frame = "max", " rows between unbounded preceding and 1 preceding"
        text = (
            "select *, case when s1 and on_day between :from_on::date and :to_on::date"
            " then array[at] end as c1 from moment"
        )
        for step in self.steps[1:]:
            run = f"({before}(c{step - 1}) over w)"
            text = (
                f"select *, case when s{step} and {run}[1] >= at - :window::interval"
                f" then {run} || at end as c{step} from ({text}) as c{step - 1}"
                f" window w as (partition by person order by at, rank, id{frame})"
            )
        deepest = ", ".join(f"c{step}" for step in reversed(self.steps))
        return (
            "run as (select distinct on (person) person, times,"
            " cardinality(times) as depth"
            f" from (select person, at, coalesce({deepest}) as times"
            f" from ({text}) as walked) as ended where times is not null"
            " order by person, cardinality(times) desc, at, times desc)"
        )

    def _any(self) -> str:
        """Of each step the first one within the window that begins with a happening."""
        firsts = ", ".join(
            f"min(at) filter (where s{step}) over w as t{step}" for step in self.steps
        )
        times = ", ".join(f"t{step}" for step in self.steps)
        return (
            "run as (select person, array(select unnest(times) order by 1) as times, depth"
            " from (select distinct on (person) person, times, cardinality(times) as depth"
            f" from (select person, at, on_day, greatest({times}) as done,"
            f" array_remove(array[{times}], null) as times"
            f" from (select person, at, on_day, {firsts} from moment"
            f" where rank < {NO_STEP}"
            " window w as (partition by person order by at"
            " range between current row and :window::interval following)) as opened) as ended"
            " where on_day between :from_on::date and :to_on::date"
            " order by person, cardinality(times) desc, done, at desc) as best)"
        )

    def _valued(self) -> str:
        """With the breakdown's value where the run begins; of several, the first by alphabet."""
        if self.ask.breakdown is None:
            return "valued as (select *, '' as value from run)"
        begins = f"rank < {NO_STEP}" if self.ask.order == "any" else "s1"
        return (
            "begun as (select person, at, min(value) as value from moment"
            f" where {begins} group by person, at),"
            " valued as (select run.*, begun.value from run join begun"
            " on begun.person = run.person and begun.at = run.times[1])"
        )

    def _counted(self) -> str:
        """Without those whose run something happened in that must not."""
        if not self.ask.exclusions:
            return "counted as (select * from valued)"
        spoils = " or ".join(
            self._spoils(place, one) for place, one in enumerate(self.ask.exclusions)
        )
        return (
            "spoilt as (select distinct run.person from run join moment m on m.person = run.person"
            f" where {spoils}),"
            " counted as (select valued.* from valued left join spoilt"
            " on spoilt.person = valued.person where spoilt.person is null)"
        )

    def _spoils(self, place: int, one: Exclusion) -> str:
        before = len(self.ask.steps) if one.before_step is None else one.before_step
        return (
            f"(m.x{place} and m.at > run.times[{one.after_step}]"
            f" and coalesce(m.at < run.times[{before}], m.at <= run.times[1] + :window::interval))"
        )
