"""The one executor: a question in, an answer out, with what it rests on."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.asking import (
    GROUPS_MAX,
    TIME,
    Ask,
    Cell,
    Definition,
    Result,
    Row,
    TooManyGroups,
)
from tandem.crm.analytics.domain.calendar import Days, before, buckets
from tandem.crm.analytics.domain.catalogue import Metric
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.domain.planning import Slice, columns, sums_for
from tandem.crm.analytics.service.asking import Asked, filtered_by, scope_of, understand
from tandem.crm.analytics.service.remembering import ANSWERS, key_of, until
from tandem.crm.analytics.store import answers, writing
from tandem.crm.analytics.store.writing import Scope, Top
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid

Keys = tuple[str | None, ...]
Number = int | float | None
Groups = dict[Keys, dict[str, Number]]


async def run(tx: Tx, ask: Ask, now: datetime, *, question: UUID | None = None) -> Result:
    """The answer to a question, of the rows that the asker may see. By its name `question` it can
    be given up meanwhile.

    Every number is made of the facts as they were known at `as_of`, which without being asked for
    is the newest moment that is known whole.
    """
    asked = await understand(tx, ask, now=now)
    names = [one.name for one in asked.plan.metrics]
    key = key_of(tx.actor, asked.permissions, asked.known, asked.as_of, ask, names, asked.days)
    found = ANSWERS.find(key, Result, now)
    if found is None:
        async with answers.guarded(tx, question=question):
            found = await _answer(tx, asked)
        ANSWERS.keep(key, tx.actor.org_id, found, until(tx.actor, asked.permissions, now))
    return found


async def give_up(tx: Tx, question: UUID) -> bool:
    """Stop one's own question of that name; whether there was one."""
    tx.actor.require(READ)
    return await answers.cancel(tx, question)


async def _answer(tx: Tx, asked: Asked) -> Result:
    ask, made = asked.ask, asked.plan
    earlier = None if ask.compare == "none" else before(asked.days, ask.compare)
    totals = await _whole(tx, asked, asked.days)
    previous_totals = await _whole(tx, asked, earlier) if earlier else {}
    rows, is_cut = await _rows(tx, asked, earlier)
    return Result(
        as_of=asked.as_of,
        days=asked.days,
        previous_days=earlier,
        zone=asked.zone,
        currency=asked.known.currency,
        columns=columns(ask, made),
        rows=rows,
        totals=[
            Cell(value=totals.get(one.key), previous=previous_totals.get(one.key))
            for one in made.metrics
        ],
        definitions=[
            Definition(metric=one.key, version=one.version, meaning=one.meaning)
            for one in made.metrics
        ],
        policy_hash=asked.policy_hash,
        is_cut=is_cut,
        warnings=await _warnings(tx, asked),
    )


async def _whole(tx: Tx, asked: Asked, days: Days) -> dict[str, Number]:
    """The numbers over everything: parts of distinct counts and shares do not add up to them."""
    found: dict[str, Number] = {}
    for one in asked.plan.slices:
        found |= await _total(tx, asked, one, days)
    return found


async def _total(tx: Tx, asked: Asked, one: Slice, days: Days) -> dict[str, Number]:
    scope = scope_of(asked, one, tx.actor, days)
    bare = msgspec.structs.replace(scope, grain=None, names=())
    if all(amount.kind != "distinct" for amount in one.amounts):
        return (await _read(tx, asked, one, bare, None)).get((), {})
    # Different things take long to count and are the same however they are cut: a dashboard shows
    # the number, its course and its parts.
    names = [metric.name for metric in one.metrics]
    of = ["whole", names, asked.ask.filters, asked.zone, bare.slot, days]
    key = key_of(tx.actor, asked.permissions, asked.known, asked.as_of, of)
    found = ANSWERS.find(key, dict[str, Number], asked.now)
    if found is None:
        found = (await _read(tx, asked, one, bare, None)).get((), {})
        kept_until = until(tx.actor, asked.permissions, asked.now)
        ANSWERS.keep(key, tx.actor.org_id, found, kept_until)
    return found


async def _rows(tx: Tx, asked: Asked, earlier: Days | None) -> tuple[list[Row], bool]:
    if asked.ask.grain is None and not asked.plan.names:
        return [], False
    top = _top(asked, earlier)
    groups = await _groups(tx, asked, asked.days, top)
    old: Groups = {}
    if earlier is not None:
        old = _shifted(asked, await _groups(tx, asked, earlier, None), earlier)
    keys = _order(asked, groups, old)
    limit = asked.ask.limit
    metrics = asked.plan.metrics
    rows = [
        Row(
            keys=list(key),
            cells=[
                Cell(
                    value=groups.get(key, {}).get(one.key, _empty(one)),
                    previous=old.get(key, {}).get(one.key, _empty(one)) if earlier else None,
                )
                for one in metrics
            ],
        )
        for key in keys[:limit]
    ]
    return rows, len(keys) > limit


def _empty(metric: Metric) -> Number:
    """What a group without rows comes to: nothing, or no number at all for a share."""
    return 0 if metric.over is None else None


def _top(asked: Asked, earlier: Days | None) -> Top | None:
    """The database can choose the greatest where one statement has everything."""
    ask, made = asked.ask, asked.plan
    if len(made.slices) > 1 or earlier is not None or ask.grain is not None:
        return None
    name = (ask.sort or f"-{made.metrics[0].key}").removeprefix("-")
    for place, metric in enumerate(made.slices[0].metrics):
        if metric.key == name:
            falls = ask.sort is None or ask.sort.startswith("-")
            return Top(place, falls, ask.limit + 1)
    return None


async def _groups(tx: Tx, asked: Asked, days: Days, top: Top | None) -> Groups:
    found: Groups = {}
    for one in asked.plan.slices:
        scope = scope_of(asked, one, tx.actor, days)
        for key, cells in (await _read(tx, asked, one, scope, top)).items():
            found.setdefault(key, {}).update(cells)
    if asked.ask.grain is not None:
        return _filled(asked, found, days)
    return found


async def _read(tx: Tx, asked: Asked, one: Slice, scope: Scope, top: Top | None) -> Groups:
    used = {*scope.names, *filtered_by(scope.rule)}
    sums = sums_for(one, sorted(used)) if _may_use_sums(asked, one, scope) else None
    if sums is None:
        statement = writing.over_facts(one, scope, top)
    else:
        statement = writing.over_sums(one, sums, scope, top)
    records = await answers.read(tx, statement)
    if len(records) > GROUPS_MAX:
        raise TooManyGroups(
            f"This makes more than {GROUPS_MAX} groups. Cut less finely, or filter first.",
            field="dimensions" if scope.names else "grain",
        )
    width = len(scope.names) + (scope.grain is not None)
    return {tuple(record)[:width]: _cells(one, tuple(record)[width:]) for record in records}


def _may_use_sums(asked: Asked, one: Slice, scope: Scope) -> bool:
    return scope.reach.is_all and scope.zone is None and one.span != "standing" and asked.has_sums


def _cells(one: Slice, amounts: tuple[Any, ...]) -> dict[str, Number]:
    by_amount = dict(zip(one.amounts, amounts, strict=True))
    return {
        metric.key: figure(
            by_amount[metric.amount], None if metric.over is None else by_amount[metric.over]
        )
        for metric in one.metrics
    }


def figure(above: Any, below: Any = None) -> Number:
    """A sum as it is; a share or an average to six places, none where nothing is below."""
    if below is None:
        return plain(above)
    return round(float(Decimal(above) / Decimal(below)), 6) if below else None


def plain(value: Any) -> Number:
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == int(value) else round(float(value), 6)


def _filled(asked: Asked, groups: Groups, days: Days) -> Groups:
    """Every bucket, empty ones too; balances carried on from bucket to bucket."""
    grain = asked.ask.grain
    assert grain is not None, "only a course over time has buckets"
    times = [str(one) for one in buckets(days, grain, asked.ask.week_start)]
    tails = list(dict.fromkeys(key[1:] for key in groups)) or ([()] if not asked.plan.names else [])
    if len(times) * len(tails) > GROUPS_MAX:
        raise TooManyGroups("So many groups need a coarser grain.", field="grain")
    running = [one.key for one in asked.plan.metrics if one.span == "balance"]
    filled: Groups = {}
    for tail in tails:
        carried: dict[str, Any] = dict.fromkeys(running, 0)
        for time in times:
            cells = dict(groups.get((time, *tail), {}))
            for name in running:
                carried[name] += cells.get(name, 0) or 0
                cells[name] = carried[name]
            filled[(time, *tail)] = cells
    return filled


def _shifted(asked: Asked, old: Groups, earlier: Days) -> Groups:
    """Buckets of before under the names of those they stand beside, the first by the first."""
    grain = asked.ask.grain
    if grain is None:
        return old
    week = asked.ask.week_start
    was = [str(one) for one in buckets(earlier, grain, week)]
    now = [str(one) for one in buckets(asked.days, grain, week)]
    beside = dict(zip(was, now, strict=False))
    return {
        (beside[str(key[0])], *key[1:]): cells for key, cells in old.items() if key[0] in beside
    }


def _order(asked: Asked, groups: Groups, old: Groups) -> list[Keys]:
    """By what was asked for; otherwise by time, or by the first measure, the greatest first."""
    keys = list(dict.fromkeys([*groups, *old]))
    names = [*([TIME] if asked.ask.grain else []), *asked.plan.names]
    default = TIME if asked.ask.grain else f"-{asked.plan.metrics[0].key}"
    sort = asked.ask.sort or default
    name, falls = sort.removeprefix("-"), sort.startswith("-")
    keys.sort(key=_by_keys)
    if name in names:
        place = names.index(name)
        keys.sort(key=lambda key: (key[place] is None, key[place] or ""), reverse=falls)
        return keys
    if name not in {one.key for one in asked.plan.metrics}:
        raise Invalid("Sort by a measure, a dimension or time of the question.", field="sort")
    sign = -1 if falls else 1

    def by_number(key: Keys) -> tuple[bool, float]:
        value = groups.get(key, {}).get(name)
        return value is None, 0 if value is None else sign * value

    keys.sort(key=by_number)
    return keys


def _by_keys(key: Keys) -> list[tuple[bool, str]]:
    return [(part is None, part or "") for part in key]


async def _warnings(tx: Tx, asked: Asked) -> list[str]:
    found = []
    for one in asked.plan.slices:
        statement = writing.unconverted(one, scope_of(asked, one, tx.actor, asked.days))
        missing = await answers.count(tx, statement) if statement else 0
        if missing:
            found.append(
                f"{one.dataset.label}: {missing} in another currency count as rows but not as "
                "money, because no rate is known for their day."
            )
    return found
