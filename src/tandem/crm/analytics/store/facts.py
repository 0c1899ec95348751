"""Versions of facts, and the ledger of which event entered them when."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.folds import Fact, Rate
from tandem.crm.analytics.domain.folds.following import Logged
from tandem.crm.analytics.store.tables import TABLES, FactTable
from tandem.kernel.db import Query, Tx

TAKE = Query(
    """
    insert into analytics.intake (org_id, event_id, key)
    select :org_id, event_id, key
      from unnest(:event_ids::uuid[], :keys::text[]) as told (event_id, key)
        on conflict (org_id, event_id) do nothing
    """
)

OPEN = Query(
    """
    insert into analytics.watermark (org_id, at, zone, currency)
    values (:org_id, :now, :zone, :currency)
        on conflict (org_id) do nothing
    """
)
LOCK = Query(
    "select at, zone, currency, sums, rebuilt_at from analytics.watermark where org_id = :org_id"
    " order by org_id for update"
)
FIND = Query(
    "select at, zone, currency, sums, rebuilt_at from analytics.watermark where org_id = :org_id"
)
ADVANCE = Query("update analytics.watermark set at = :mark where org_id = :org_id")
SET_BOOKS = Query(
    "update analytics.watermark set zone = :zone, currency = :currency, rebuilt_at = :now"
    " where org_id = :org_id"
)

ENTER = Query(
    """
    update analytics.intake set recorded_at = :mark
     where org_id = :org_id and event_id in (
           select event_id from analytics.intake
            where org_id = :org_id and recorded_at is null
            order by event_id limit :count)
    """
)
KEYS_AT = Query(
    "select distinct key from analytics.intake where org_id = :org_id and recorded_at = :mark"
    " order by key"
)
COUNT_WAITING = Query(
    "select count(*) from analytics.intake where org_id = :org_id and recorded_at is null"
)

STORY = Query(
    """
    select e.id, e.seq, e.topic, e.key, e.occurred_at, e.payload
      from analytics.intake i
      join kernel.event e on e.org_id = :org_id and e.id = i.event_id
     where i.org_id = :org_id and i.key = any(:keys::text[]) and i.recorded_at <= :mark
       and (i.recorded_at = :mark or e.topic <> all(:alone::text[]))
     order by e.key, e.seq
    """
)

ADD_RATE = Query(
    """
    insert into analytics.fx_rate (org_id, id, currency, from_on, rate, recorded_at)
    values (:org_id, :id, :currency, :from_on, :rate, :mark)
        on conflict (org_id, id) do nothing
    """
)
RATES = Query(
    """
    select distinct on (currency, from_on) currency, from_on, rate
      from analytics.fx_rate
     where org_id = :org_id and recorded_at <= :mark
     order by currency, from_on, recorded_at desc, id desc
    """
)

MISSING = Query(
    """
    insert into analytics.intake (org_id, event_id, key)
    select e.org_id, e.id, e.key
      from kernel.event e
     where e.org_id = :org_id and e.topic = any(:topics::text[])
        on conflict (org_id, event_id) do nothing
    """
)
MARKS = Query(
    """
    select distinct recorded_at from analytics.intake
     where org_id = :org_id and recorded_at is not null
     order by recorded_at
    """
)
CLEAR_RATES = Query("delete from analytics.fx_rate where org_id = :org_id")


class Watermark(msgspec.Struct, frozen=True, kw_only=True):
    """Everything recorded up to `at` is in the facts, in days of `zone` and money of `currency`.
    `sums` says by which definitions the sums by day were made."""

    at: datetime
    zone: str
    currency: str
    sums: str = ""
    rebuilt_at: datetime | None = None


class _Rate(msgspec.Struct, frozen=True):
    currency: str
    from_on: date
    rate: Decimal


class Touched(msgspec.Struct, frozen=True):
    """Which table's facts changed, and all values of both the version before and the one after."""

    table: str
    values: Sequence[Mapping[str, Any]]


async def take(tx: Tx, told: Sequence[tuple[UUID, str]]) -> None:
    """Events by id, each with its key."""
    await tx.run(TAKE, event_ids=[one for one, _ in told], keys=[key for _, key in told])


async def find_watermark(tx: Tx) -> Watermark | None:
    return await tx.one_or_none(FIND, Watermark)


async def lock_watermark(tx: Tx, *, zone: str, currency: str, now: datetime) -> Watermark:
    await tx.run(OPEN, now=now, zone=zone, currency=currency)
    return await tx.one(LOCK, Watermark)


async def advance(tx: Tx, mark: datetime) -> None:
    await tx.run(ADVANCE, mark=mark)


async def set_books(tx: Tx, *, zone: str, currency: str, now: datetime) -> None:
    await tx.run(SET_BOOKS, zone=zone, currency=currency, now=now)


async def enter(tx: Tx, mark: datetime, *, count: int) -> int:
    """The longest waiting events belong to this mark from now on; how many they are."""
    return await tx.run(ENTER, mark=mark, count=count)


async def count_waiting(tx: Tx) -> int:
    waiting: int = await tx.value(COUNT_WAITING)
    return waiting


async def keys_at(tx: Tx, mark: datetime) -> list[str]:
    return [row["key"] for row in await tx.records(KEYS_AT, mark=mark)]


async def read_log(
    tx: Tx, keys: Sequence[str], mark: datetime, alone: Sequence[str]
) -> dict[str, list[Logged]]:
    """All that is known of each key at a mark. Of topics in `alone` only what entered then."""
    found: dict[str, list[Logged]] = {key: [] for key in keys}
    for row in await tx.many(STORY, Logged, keys=list(keys), mark=mark, alone=list(alone)):
        found[row.key].append(row)
    return found


async def add_rate(
    tx: Tx, event_id: UUID, *, currency: str, from_on: date, rate: Decimal, mark: datetime
) -> None:
    await tx.run(ADD_RATE, id=event_id, currency=currency, from_on=from_on, rate=rate, mark=mark)


async def rates(tx: Tx, mark: datetime) -> dict[str, list[Rate]]:
    found: dict[str, list[Rate]] = {}
    for row in await tx.many(RATES, _Rate, mark=mark):
        found.setdefault(row.currency, []).append(Rate(row.from_on, row.rate))
    return found


async def keys_of_currencies(tx: Tx, currencies: Sequence[str]) -> set[str]:
    keys: set[str] = set()
    for table in TABLES.values():
        if table.keys_of_currency is not None:
            rows = await tx.records(table.keys_of_currency, currencies=list(currencies))
            keys |= {row["key"] for row in rows}
    return keys


async def write(tx: Tx, facts: Sequence[Fact], mark: datetime) -> list[Touched]:
    """Put down what differs from what holds: the version before ends where the new one begins."""
    touched = []
    for name, table in TABLES.items():
        given = {fact.id: fact.values for fact in facts if fact.table == name}
        if given and (changed := await _write(tx, table, given, mark)):
            touched.append(Touched(name, changed))
    return touched


async def _write(
    tx: Tx, table: FactTable, given: Mapping[UUID, Mapping[str, Any]], mark: datetime
) -> list[Mapping[str, Any]]:
    known = {row["id"]: row for row in await tx.records(table.current, ids=list(given))}
    fresh = {
        fact_id: values
        for fact_id, values in given.items()
        if fact_id not in known or table.row(dict(known[fact_id])) != table.row(values)
    }
    if not fresh:
        return []
    ended = [fact_id for fact_id in fresh if fact_id in known]
    if ended:
        await tx.run(table.end, ids=ended, mark=mark)
    rows = [{"id": fact_id, **values} for fact_id, values in fresh.items()]
    await tx.run(table.add, mark=mark, rows=msgspec.json.encode(rows).decode())
    return [*rows, *(dict(known[fact_id]) for fact_id in ended)]


async def take_missing(tx: Tx, topics: Sequence[str]) -> int:
    """Events of these topics that nobody handed over: from before there was analytics."""
    return await tx.run(MISSING, topics=list(topics))


async def marks(tx: Tx) -> list[datetime]:
    return [row["recorded_at"] for row in await tx.records(MARKS)]


async def clear(tx: Tx) -> None:
    for table in TABLES.values():
        await tx.run(table.clear)
    await tx.run(CLEAR_RATES)
