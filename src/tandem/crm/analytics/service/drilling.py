"""A number opened into the rows that make it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.asking import TIME, Drill, DrillAsk, DrillRow
from tandem.crm.analytics.domain.calendar import Days, before, bucket_days, bucket_of, buckets
from tandem.crm.analytics.domain.catalogue import Metric, find_metric
from tandem.crm.analytics.domain.planning import Slice
from tandem.crm.analytics.service.answering import figure, plain
from tandem.crm.analytics.service.asking import Asked, scope_of, understand
from tandem.crm.analytics.store import answers, drills
from tandem.crm.analytics.store.writing import Scope
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.pages import decode_cursor, page_of

STREAMED = 2_000
STREAM_SECONDS = 50
"""For finding the first of many rows: nobody waits before a screen for them."""


async def drill(tx: Tx, ask: DrillAsk, *, limit: int, cursor: str | None, now: datetime) -> Drill:
    """The rows behind one cell, newest first, and what they come to: the number itself."""
    asked = await understand(tx, ask.query, now=now)
    one, metric = _asked_slice(asked, ask)
    scope = _cell(asked, one, ask, tx)
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    if after and after[0].tzinfo is None:
        raise Invalid("This cursor is not one of ours.", field="cursor")
    async with answers.guarded(tx):
        sums = (await answers.read(tx, drills.sums(one, metric, scope)))[0]
        records = await answers.read(
            tx, drills.rows(one, metric, scope, after=after, count=limit + 1)
        )
    above = 0 if sums["above"] is None and metric.over is None else sums["above"]
    rows = [_row(one, record) for record in records]
    page = page_of(rows, limit, lambda row: (row.at, row.id))
    return Drill(
        as_of=asked.as_of,
        measure=metric.key,
        version=metric.version,
        unit=metric.unit,
        currency=asked.known.currency,
        shows=list(one.dataset.shows),
        value=figure(above or 0, sums["below"]) if metric.over else plain(above),
        amount=plain(above),
        over=plain(sums["below"]),
        count=sums["rows"],
        items=page.items,
        next=page.next,
    )


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A number that all rows are read of, and what they rest on."""

    ask: DrillAsk
    as_of: datetime
    zone: str
    currency: str
    policy_hash: str
    metric: Metric
    shows: list[str]
    count: int
    value: int | float | None


async def open_number(tx: Tx, ask: DrillAsk, *, now: datetime) -> Opened:
    """How many rows there are, with the question fixed to its moment."""
    asked = await understand(tx, ask.query, now=now)
    fixed = msgspec.structs.replace(
        ask, query=msgspec.structs.replace(ask.query, as_of=asked.as_of)
    )
    found = await drill(tx, fixed, limit=1, cursor=None, now=now)
    return Opened(
        ask=fixed,
        as_of=asked.as_of,
        zone=asked.zone,
        currency=asked.known.currency,
        policy_hash=asked.policy_hash,
        metric=_asked_slice(asked, ask)[1],
        shows=found.shows,
        count=found.count,
        value=found.value,
    )


async def stream_rows(
    tx: Tx, opened: Opened, *, most: int, now: datetime
) -> AsyncIterator[list[DrillRow]]:
    """All rows of a number, newest first, of one snapshot: memory stays flat."""
    asked = await understand(tx, opened.ask.query, now=now)
    one, metric = _asked_slice(asked, opened.ask)
    scope = _cell(asked, one, opened.ask, tx)
    async with answers.guarded(tx, seconds=STREAM_SECONDS):
        statement = drills.rows(one, metric, scope, after=None, count=most)
        async for records in tx.stream(statement, chunk=STREAMED):
            yield [_row(one, record) for record in records]


def _asked_slice(asked: Asked, ask: DrillAsk) -> tuple[Slice, Metric]:
    wanted = find_metric(ask.measure, field="measure")
    for one in asked.plan.slices:
        for metric in one.metrics:
            if metric.key == wanted.key and (
                "@" not in ask.measure or metric.version == wanted.version
            ):
                return one, metric
    raise Invalid("The question has no such measure.", field="measure")


def _cell(asked: Asked, one: Slice, ask: DrillAsk, tx: Tx) -> Scope:
    """The question's scope, narrowed to the cell."""
    unknown = set(ask.keys) - {*asked.plan.names, *([TIME] if asked.ask.grain else [])}
    if unknown:
        raise Invalid("The question has no such column.", field=f"keys.{min(unknown)}")
    days = asked.days
    if ask.is_previous:
        if asked.ask.compare == "none":
            raise Invalid("The question compares with nothing.", field="is_previous")
        days = before(days, asked.ask.compare)
    if TIME in ask.keys:
        days = _bucket(asked, one, ask.keys[TIME], days, is_previous=ask.is_previous)
    only = {name: value for name, value in ask.keys.items() if name != TIME}
    scope = scope_of(asked, one, tx.actor, days)
    return msgspec.structs.replace(scope, grain=None, names=(), only=only)


def _bucket(asked: Asked, one: Slice, given: str | None, days: Days, *, is_previous: bool) -> Days:
    """The bucket's days, as far as they were asked for; a balance begins with everything."""
    grain, week = asked.ask.grain, asked.ask.week_start
    assert grain is not None, "time is a column only where there is a grain"
    try:
        first = date.fromisoformat(given or "")
        known = buckets(asked.days, grain, week)
        place = known.index(first)
    except ValueError as reason:
        raise Invalid("The question has no such bucket.", field="keys.time") from reason
    if is_previous:
        earlier = buckets(days, grain, week)
        if place >= len(earlier):
            raise Invalid("Nothing stands beside this bucket.", field="keys.time")
        first = earlier[place]
    assert first == bucket_of(first, grain, week), "buckets begin with their first day"
    return bucket_days(first, grain).within(days)


def _row(one: Slice, record: Any) -> DrillRow:
    link = one.dataset.link.format(id=record["link_id"]) if record["link_id"] else ""
    shown = {name: _shown(record[f"s{place}"]) for place, name in enumerate(one.dataset.shows)}
    return DrillRow(
        id=record["id"],
        at=record["at"].astimezone(UTC),
        link=link,
        shows=shown,
        amount=plain(record["above"]),
        over=plain(record["below"]),
        of=None if record["of"] is None else str(record["of"]),
    )


def _shown(value: Any) -> Any:
    if isinstance(value, (date, datetime, UUID)):
        return str(value)
    return value if value is None or isinstance(value, (str, bool)) else plain(value)
