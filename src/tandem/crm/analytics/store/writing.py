"""The statement that answers a slice. Only the catalogue's literals and parameters go into it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tandem.crm.analytics.domain.asking import GROUPS_MAX
from tandem.crm.analytics.domain.calendar import Days, Grain, WeekStart, buckets
from tandem.crm.analytics.domain.catalogue import Amount, Sums, Unit
from tandem.crm.analytics.domain.planning import Slice
from tandem.crm.analytics.store.reaching import CONDITIONS
from tandem.crm.analytics.store.vocabularies import FACTS, MEASURES, SLOTS, SUMS
from tandem.kernel import rules
from tandem.kernel.reach import Reach
from tandem.kernel.rules import Compiled, Condition, Rule, written

DAY = timedelta(days=1)
_BUCKETS: Mapping[Grain, str] = {
    Grain.DAY: "DAY",
    Grain.MONTH: "date_trunc('month', (DAY)::timestamp)::date",
    Grain.QUARTER: "date_trunc('quarter', (DAY)::timestamp)::date",
    Grain.YEAR: "date_trunc('year', (DAY)::timestamp)::date",
    Grain.FISCAL_YEAR: (
        "(date_trunc('year', DAY - interval '3 months') + interval '3 months')::date"
    ),
}
_WEEKS: Mapping[str, str] = {
    "monday": "date_trunc('week', (DAY)::timestamp)::date",
    "sunday": "(date_trunc('week', (DAY + 1)::timestamp)::date - 1)",
}
"""Of plain days: no time zone has a say in which month a day is."""


def bucket_sql(grain: Grain, week_start: WeekStart, day: str) -> str:
    """The first day of the bucket that a day is in."""
    form = _WEEKS[week_start] if grain is Grain.WEEK else _BUCKETS[grain]
    return form.replace("DAY", day)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What all statements of one question share. `zone` is set where it is not the company's."""

    days: Days
    grain: Grain | None
    week_start: WeekStart
    zone: str | None
    names: tuple[str, ...]
    as_of: datetime
    reach: Reach
    rule: Rule | None
    only: Mapping[str, str | None] = {}
    """Dimensions that are fixed, with their values."""
    slot: int = 1
    """Of what is credited, the place of the model and the window."""


class Top(msgspec.Struct, frozen=True):
    """Only so many groups, by one of the slice's metrics."""

    metric: int
    is_descending: bool
    count: int


def over_facts(one: Slice, scope: Scope, top: Top | None = None) -> Compiled:
    """Groups with their amounts, from the facts themselves."""
    text = Statement(one, scope)
    dimensions = [f"({one.dataset.dimensions[name].sql})" for name in scope.names]
    parts = text.conditions()
    if any(amount.kind == "distinct" for amount in one.amounts) and text.is_in_days:
        if scope.grain is not None:
            return text.bucket_by_bucket(dimensions, parts)
        if len(one.amounts) == 1:
            return text.different(dimensions, parts, top)
    amounts = [aggregate(amount) for amount in one.amounts]
    return text.grouped(one.dataset.table, dimensions, amounts, parts, top)


def over_sums(one: Slice, sums: Sums, scope: Scope, top: Top | None = None) -> Compiled:
    """The same groups from what is summed up by day; only for who sees everything."""
    text = Statement(one, scope, sums)
    dimensions = [SLOTS[sums.dimensions.index(name)] for name in scope.names]
    amounts = [
        f"coalesce(sum(f.{MEASURES[sums.amounts.index(amount)]}), 0)" for amount in one.amounts
    ]
    text.values |= {"dataset": one.dataset.key, "clock": sums.name}
    parts = [*text.conditions(), "f.dataset = :dataset::text", "f.clock = :clock::text"]
    return text.grouped("analytics.rollup", dimensions, amounts, parts, top)


def unconverted(one: Slice, scope: Scope) -> Compiled | None:
    """How many rows have an amount of money that no rate is known for."""
    money = one.dataset.money
    if not money or all(metric.unit is not Unit.MONEY for metric in one.metrics):
        return None
    text = Statement(one, scope)
    where = " and ".join([*text.conditions(), f"{money} is null"])
    return text.made(f"select count(*) from {one.dataset.table} f where {where}")


def _key(place: int, sql: str) -> str:
    """A constant cannot be grouped by but as the column that it is."""
    return str(place) if sql.lstrip("(").startswith(("'", "null")) else sql


def aggregate(amount: Amount) -> str:
    if amount.kind == "count":
        return f"count(*) filter (where {amount.where})"
    if amount.kind == "sum":
        return f"coalesce(sum({amount.value}) filter (where {amount.where}), 0)"
    return f"count(distinct {amount.value}) filter (where {amount.where})"


class Statement:
    """One statement over rows `f`: its conditions and parameters, and what is made of them."""

    def __init__(self, one: Slice, scope: Scope, sums: Sums | None = None) -> None:
        self.one = one
        self.scope = scope
        self.sums = sums
        self.values: dict[str, Any] = {"as_of": scope.as_of}
        self.rule: Condition | None = None

    def made(self, text: str) -> Compiled:
        if ":slot" in text:
            self.values["slot"] = self.scope.slot
        return written(text, self.values, self.rule)

    @property
    def day(self) -> str:
        if self.sums is not None:
            return "f.on_day"
        if self.scope.zone is None:
            return self.one.clock.day
        self.values["zone"] = self.scope.zone
        return f"({self.one.clock.at} at time zone :zone::text)::date"

    def conditions(self) -> list[str]:
        parts = [
            "f.org_id = :org_id",
            "f.recorded_at <= :as_of::timestamptz and f.superseded_at > :as_of::timestamptz",
            *self._days(),
            *self._fixed(),
        ]
        if not self.scope.reach.is_all:
            condition = CONDITIONS[self.one.dataset.key]
            parts.append(condition)
            given = self.scope.reach.params()
            self.values |= {name: value for name, value in given.items() if name in condition}
        if self.scope.rule is not None:
            self.rule = self._rule(self.scope.rule)
            parts.append("{rule}")
        return parts

    def _days(self) -> list[str]:
        if self.one.span == "standing":
            return []
        self.values["to_on"] = self.scope.days.to_on
        if self.one.span == "balance":
            return [f"{self.day} <= :to_on::date"]
        self.values["from_on"] = self.scope.days.from_on
        exact = f"{self.day} between :from_on::date and :to_on::date"
        if self.scope.zone is None:
            return [exact]
        # Another zone's day is the company's own or one beside it, and those are indexed.
        near = f"{self.one.clock.day} between :from_on::date - 1 and :to_on::date + 1"
        return [near, exact]

    def _fixed(self) -> list[str]:
        parts = []
        for place, (name, value) in enumerate(sorted(self.scope.only.items())):
            self.values[f"only_{place}"] = value
            expression = self.one.dataset.dimensions[name].sql
            parts.append(f"({expression})::text is not distinct from :only_{place}::text")
        return parts

    def _rule(self, rule: Rule) -> Condition:
        key = self.one.dataset.key
        words = FACTS[key] if self.sums is None else SUMS[key, self.sums.name]
        moment = rules.Moment(now=self.scope.as_of, zone=self.scope.zone or "UTC")
        return rules.condition(rule, words, moment)

    def bucket(self) -> str | None:
        grain = self.scope.grain
        if grain is None:
            return None
        day = self.day
        if self.one.span == "balance":
            self.values["from_on"] = self.scope.days.from_on
            day = f"greatest({day}, :from_on::date)"
        return bucket_sql(grain, self.scope.week_start, day)

    def grouped(
        self,
        table: str,
        dimensions: Sequence[str],
        amounts: Sequence[str],
        parts: Sequence[str],
        top: Top | None,
    ) -> Compiled:
        bucket = self.bucket()
        keys = [*([] if bucket is None else [bucket]), *dimensions]
        listed = [f"({sql})::text as k{place}" for place, sql in enumerate(keys)]
        listed += [f"{sql} as a{place}" for place, sql in enumerate(amounts)]
        group = ", ".join(str(place + 1) for place in range(len(keys)))
        text = f"select {', '.join(listed)} from {table} f where {' and '.join(parts)}"
        if keys:
            # By what they are: days and ids are sorted in half the time that their texts are.
            text += f" group by {', '.join(map(_key, range(1, len(keys) + 1), keys))}"
        if top is not None:
            direction = "desc" if top.is_descending else "asc"
            text += (
                f" order by {self._measure(top.metric, amounts)} {direction} nulls last, {group}"
            )
        self.values["cap"] = top.count if top else GROUPS_MAX + 1
        return self.made(f"{text} limit :cap::bigint")

    @property
    def is_in_days(self) -> bool:
        """Whether the days asked for are found by an index of the table."""
        return self.one.span == "days" and self.scope.zone is None and self.day == "f.on_day"

    def bucket_by_bucket(self, dimensions: Sequence[str], parts: Sequence[str]) -> Compiled:
        """What can only be counted over all of a bucket's rows: those of one are sorted by
        themselves, which takes a third of the time that sorting all of them does."""
        grain = self.scope.grain
        assert grain is not None, "buckets are of a course over time"
        days = self.scope.days
        firsts = buckets(days, grain, self.scope.week_start)
        self.values["starts"] = [max(one, days.from_on) for one in firsts]
        self.values["ends"] = [one - DAY for one in firsts[1:]] + [days.to_on]
        self.values["names"] = [str(one) for one in firsts]
        shared = {amount.where for amount in self.one.amounts}
        if not dimensions and len(shared) == 1:
            parts = [*parts, *shared]
        listed = [f"({sql})::text as k{place}" for place, sql in enumerate(dimensions, start=1)]
        listed += [f"{aggregate(one)} as a{place}" for place, one in enumerate(self.one.amounts)]
        where = " and ".join([*parts, "f.on_day between bucket.first and bucket.last"])
        each = f"select {', '.join(listed)} from {self.one.dataset.table} f where {where}"
        if dimensions:
            each += f" group by {', '.join(map(_key, range(1, len(dimensions) + 1), dimensions))}"
        self.values["cap"] = GROUPS_MAX + 1
        return self.made(
            "select bucket.name, found.* from unnest(:names::text[], :starts::date[],"
            f" :ends::date[]) as bucket (name, first, last) cross join lateral ({each}) as found"
            " limit :cap::bigint"
        )

    def different(
        self, dimensions: Sequence[str], parts: Sequence[str], top: Top | None
    ) -> Compiled:
        """One count of different things: each once first, and then counted. They are far fewer than
        the rows, which would have to be sorted."""
        amount = self.one.amounts[0]
        listed = [f"({sql})::text as k{place}" for place, sql in enumerate(dimensions)]
        keys = [f"k{place}" for place in range(len(dimensions))]
        if dimensions:
            listed.append(f"case when {amount.where} then {amount.value} end as one")
        else:
            listed.append(f"{amount.value} as one")
            parts = [*parts, amount.where]
        places = ", ".join(str(place + 1) for place in range(len(listed)))
        each = (
            f"select {', '.join(listed)} from {self.one.dataset.table} f"
            f" where {' and '.join(parts)} group by {places}"
        )
        group = f" group by {', '.join(keys)}" if keys else ""
        text = f"select {', '.join([*keys, 'count(one) as a0'])} from ({each}) as each{group}"
        if top is not None:
            direction = "desc" if top.is_descending else "asc"
            text += f" order by {', '.join([f'count(one) {direction} nulls last', *keys])}"
        self.values["cap"] = top.count if top else GROUPS_MAX + 1
        return self.made(f"{text} limit :cap::bigint")

    def _measure(self, place: int, amounts: Sequence[str]) -> str:
        metric = self.one.metrics[place]
        above = amounts[self.one.amounts.index(metric.amount)]
        if metric.over is None:
            return above
        below = amounts[self.one.amounts.index(metric.over)]
        return f"({above})::numeric / nullif({below}, 0)"
