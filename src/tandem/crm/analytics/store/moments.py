"""Moments of people, each under whom it means today; those that the asker may see."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString

from tandem.crm.analytics.domain.happenings import DIMENSIONS, HAPPENINGS, TABLE, Chosen
from tandem.kernel import rules
from tandem.kernel.reach import (
    Reach,
    within_customer,
    within_lead,
    within_opportunity,
    within_order,
)
from tandem.kernel.rules import Compiled, Kind, Vocabulary, written
from tandem.kernel.rules.vocabulary import field

WORDS = Vocabulary(
    tables=TABLE + " f where f.org_id = :org_id",
    fields={key: field(Kind.TEXT, one.sql, one.label) for key, one in DIMENSIONS.items()},
)
_REACHED: Mapping[str, LiteralString] = {
    "order": within_order("f.record_id"),
    "customer": within_customer("f.record_id"),
    "opportunity": within_opportunity("f.record_id"),
    "lead": within_lead("f.record_id"),
    "everywhere": ":reach_all::boolean",
}
_KNOWN: LiteralString = (
    "f.org_id = :org_id and f.recorded_at <= :as_of::timestamptz"
    " and f.superseded_at > :as_of::timestamptz"
)

MERGED: LiteralString = (
    """
    link as (
        select f.from_id, f.to_id
          from analytics.fact_alias f
         where """
    + _KNOWN
    + """ and f.is_on
    ), led as (
        select from_id, to_id, 1 as depth from link
        union all
        select led.from_id, link.to_id, led.depth + 1
          from led join link on link.from_id = led.to_id
         where led.depth < 20
    ), whose as (
        select distinct on (from_id) from_id, to_id from led order by from_id, depth desc, to_id
    )"""
)
"""Whom somebody means who was merged, and perhaps merged again; a lead means its customer."""
IS_LEAD: LiteralString = (
    "exists (select from analytics.fact_lead lead"
    " where lead.org_id = :org_id and lead.id = person) as is_lead"
)
"""Of a row with `person`: nobody knows yet whose the lead is."""


class Telling:
    """A statement over moments: what it is given, and the conditions that are written into it."""

    def __init__(self, as_of: datetime, reaches: Mapping[str, Reach]) -> None:
        self.values: dict[str, Any] = {"as_of": as_of}
        self.moment = rules.Moment(now=as_of, zone="UTC")
        self.reaches = reaches

    def made(self, text: str) -> Compiled:
        return written(f"with recursive {MERGED}, {text}", self.values)

    def bind(self, name: str, value: Any, sql_type: str) -> str:
        self.values[name] = value
        return f":{name}::{sql_type}"

    def is_chosen(self, chosen: Chosen, name: str) -> str:
        """The condition that row `f` is such a happening. `name` keeps its parameters apart."""
        kind = self.bind(f"{name}_kind", chosen.event, "text")
        if chosen.where is None:
            return f"f.kind = {kind}"
        rule = rules.read(chosen.where, WORDS, field=f"{name}.where")
        made = rules.condition(rule, WORDS, self.moment)
        for given, value in made.values.items():
            self.values[f"{name}_{given}"] = value
        return f"(f.kind = {kind} and {made.sql.replace(':rule_', f':{name}_rule_')})"

    def moments(
        self,
        kinds: Sequence[str],
        shown: Sequence[str],
        *,
        from_on: date | None,
        to_on: date,
        conditions: Sequence[str] = (),
        name: str = "all",
    ) -> str:
        """Rows of `person`, `at`, `id`, `on_day` and what is to be shown of each. `name` keeps the
        parameters of several such reads apart."""
        of_kind = f"f.kind = any({self.bind(f'{name}_kinds', list(kinds), 'text[]')})"
        parts = [_KNOWN, "f.holds", of_kind]
        if from_on is not None:
            parts.append(f"f.on_day >= {self.bind(f'{name}_from', from_on, 'date')}")
        parts.append(f"f.on_day <= {self.bind(f'{name}_to', to_on, 'date')}")
        parts += [*conditions, self._visible(kinds, name)]
        listed = ", ".join(
            [
                "coalesce(whose.to_id, f.customer_id, f.lead_id) as person",
                "f.at",
                "f.id",
                "f.on_day",
                *shown,
            ]
        )
        return (
            f"select {listed} from {TABLE} f"
            " left join whose on whose.from_id = coalesce(f.customer_id, f.lead_id)"
            f" where {' and '.join(parts)}"
        )

    def _visible(self, kinds: Sequence[str], name: str) -> str:
        """What happened with records that the asker may see."""
        groups: dict[tuple[str, str], list[str]] = {}
        for kind in kinds:
            known = HAPPENINGS[kind]
            groups.setdefault((known.permission, known.reach), []).append(kind)
        parts = []
        for place, ((permission, reach), some) in enumerate(groups.items()):
            given = self.reaches[permission]
            if given.is_all:
                continue
            of_kind = f"f.kind = any({self.bind(f'{name}_kinds_{place}', some, 'text[]')})"
            condition = _REACHED[reach]
            for key, value in given.params().items():
                if key in condition:
                    self.values[f"{name}_as_{place}_{key}"] = value
            condition = condition.replace(":reach_", f":{name}_as_{place}_reach_")
            parts.append(f"(not {of_kind} or {condition})")
        return " and ".join(parts) or "true"


def check_where(chosen: Chosen, *, field: str) -> set[str]:
    """Refuses a rule over what happenings do not have; answers the dimensions that it looks at."""
    if chosen.where is None:
        return set()
    rule = rules.read(chosen.where, WORDS, field=f"{field}.where")
    return {one.field for one in rules.leaves_of(rule) if isinstance(one, rules.Compare)}
