"""Segments, their members, and everybody a rule finds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.segments import Member, Sampled, Segment
from tandem.crm.customers.store.people import CUSTOMER
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within
from tandem.kernel.rules import Condition, RuledQuery

_SEGMENT: LiteralString = """
    select id, name, description, kind, rule, member_count, refreshed_at, error, version,
           retired_at, created_at, updated_at
      from customers.segment
"""

LIST = Query(
    _SEGMENT + "where org_id = :org_id and retired_at is null order by lower(name), id limit :limit"
)
GET = Query(_SEGMENT + "where org_id = :org_id and id = :id")
LOCK = Query(_SEGMENT + "where org_id = :org_id and id = :id for update")

DUE = Query(
    """
    select id from customers.segment
     where org_id = :org_id and kind = 'dynamic' and retired_at is null
       and refresh_due_at <= :now
     order by refresh_due_at, id
     limit 50
    """
)

INSERT = Query(
    """
    insert into customers.segment
           (org_id, id, name, description, kind, rule, refresh_due_at, created_at, updated_at)
    values (:org_id, :id, :name, :description, :kind, :rule::jsonb, :now, :now, :now)
        on conflict do nothing
    """
)

UPDATE = Query(
    """
    update customers.segment
       set name = :name, description = :description, rule = :rule::jsonb,
           retired_at = :retired_at, refresh_due_at = :now, error = '', version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id
    """
)

NAME_TAKEN = Query(
    """
    select 1 from customers.segment
     where org_id = :org_id and lower(name) = lower(:name) and id <> :id and retired_at is null
    """
)

SETTLE = Query(
    """
    update customers.segment
       set member_count = (select count(*) from customers.segment_member m
                            where m.org_id = :org_id and m.segment_id = :id),
           refreshed_at = :now, refresh_due_at = :due_at, refresh_ms = :took_ms, error = :error
     where org_id = :org_id and id = :id
    """
)

ADD = Query(
    """
    insert into customers.segment_member (org_id, segment_id, customer_id, entered_at)
    select :org_id, :id, c.id, :now
      from customers.customer c
     where c.org_id = :org_id and c.id = any(:ids::uuid[])
       and c.merged_into_id is null and c.erased_at is null and """
    + within("c")
    + """
        on conflict do nothing
    returning customer_id
    """
)

REMOVE = Query(
    """
    delete from customers.segment_member
     where org_id = :org_id and segment_id = :id and customer_id = any(:ids::uuid[])
    returning customer_id
    """
)

AMONG = Query(
    """
    select m.customer_id
      from customers.segment_member m
      join customers.segment s on s.org_id = :org_id and s.id = m.segment_id
     where m.org_id = :org_id and m.segment_id = :id and m.customer_id = any(:ids::uuid[])
       and s.retired_at is null
    """
)

MEMBERS = Query(
    """
    select m.customer_id, c.number, c.name, m.entered_at
      from customers.segment_member m
      join customers.customer c on c.org_id = :org_id and c.id = m.customer_id
     where m.org_id = :org_id and m.segment_id = :id and m.customer_id > :after and """
    + within("c")
    + """
     order by m.customer_id
     limit :limit
    """
)

OF_CUSTOMER = Query(
    """
    select s.id, s.name, s.description, s.kind, s.rule, s.member_count, s.refreshed_at, s.error,
           s.version, s.retired_at, s.created_at, s.updated_at
      from customers.segment_member m
      join customers.segment s on s.org_id = :org_id and s.id = m.segment_id
     where m.org_id = :org_id and m.customer_id = :customer_id and s.retired_at is null
     order by lower(s.name), s.id
     limit 500
    """
)

# Everybody is gone through once, for the count and for the first of them.
COUNT = RuledQuery(
    """
    with met as materialized (
        select c.id
          from customers.customer c
         where c.org_id = :org_id and c.merged_into_id is null and c.erased_at is null and """
    + within("c")
    + """ and {rule}
    )
    select (select count(*) from met) as count,
           array(select id from met order by id limit :limit) as ids
    """
)

SAMPLED = Query(
    """
    select id, number, name from customers.customer
     where org_id = :org_id and id = any(:ids::uuid[])
     order by id
    """
)

FACTS = RuledQuery(
    "select {facts} from customers.customer c where c.org_id = :org_id and c.id = :id"
)

ENTER = RuledQuery(
    """
    insert into customers.segment_member (org_id, segment_id, customer_id, entered_at)
    select :org_id, :id, c.id, :now
      from customers.customer c
     where c.org_id = :org_id and c.merged_into_id is null and c.erased_at is null and {rule}
       and not exists (
           select from customers.segment_member m
            where m.org_id = :org_id and m.segment_id = :id and m.customer_id = c.id)
     limit :limit
    returning customer_id
    """
)

# Found once, then deleted: a join would look for all of them anew for each member where the table
# is too fresh for PostgreSQL to know how many there are. Who is in and not among those who fit: so
# the rule is asked of everybody at once, as when they enter.
LEAVE = RuledQuery(
    """
    delete from customers.segment_member m
     where m.org_id = :org_id and m.segment_id = :id
       and m.customer_id = any(array(
           select m2.customer_id
             from customers.segment_member m2
            where m2.org_id = :org_id and m2.segment_id = :id
              and not exists (
                  select from customers.customer c
                   where c.org_id = :org_id and c.id = m2.customer_id
                     and c.merged_into_id is null and c.erased_at is null and {rule})
            limit :limit))
    returning m.customer_id
    """
)

_CHOSEN: LiteralString = (
    CUSTOMER
    + """
     where c.org_id = :org_id and c.merged_into_id is null and c.erased_at is null and """
    + within("c")
    + " and {rule}"
)
BY_NAME = RuledQuery(
    _CHOSEN + " and (c.name, c.id) > (:after, :after_id) order by c.name, c.id limit :limit"
)
_TEXT: LiteralString = "coalesce(c.custom ->> :key::text, '')"
BY_TEXT = RuledQuery(
    _CHOSEN
    + f" and ({_TEXT}, c.id) > (:after::text, :after_id) order by {_TEXT}, c.id limit :limit"
)
BY_TEXT_DOWN = RuledQuery(
    _CHOSEN
    + f" and ({_TEXT}, c.id) < (:after::text, :after_id)"
    + f" order by {_TEXT} desc, c.id desc limit :limit"
)
_NUMBER: LiteralString = (
    "coalesce(case when jsonb_typeof(c.custom -> :key::text) = 'number'"
    " then (c.custom ->> :key::text)::numeric end, -1e16)"
)
BY_NUMBER = RuledQuery(
    _CHOSEN
    + f" and ({_NUMBER}, c.id) > (:after::text::numeric, :after_id)"
    + f" order by {_NUMBER}, c.id limit :limit"
)
BY_NUMBER_DOWN = RuledQuery(
    _CHOSEN
    + f" and ({_NUMBER}, c.id) < (:after::text::numeric, :after_id)"
    + f" order by {_NUMBER} desc, c.id desc limit :limit"
)
SORTED = {
    ("text", False): BY_TEXT,
    ("text", True): BY_TEXT_DOWN,
    ("number", False): BY_NUMBER,
    ("number", True): BY_NUMBER_DOWN,
}


async def list_segments(tx: Tx, limit: int) -> list[Segment]:
    return await tx.many(LIST, Segment, limit=limit)


async def get(tx: Tx, segment_id: UUID) -> Segment | None:
    return await tx.one_or_none(GET, Segment, id=segment_id)


async def lock(tx: Tx, segment_id: UUID) -> Segment | None:
    return await tx.one_or_none(LOCK, Segment, id=segment_id)


async def due(tx: Tx, now: datetime) -> list[UUID]:
    return [row["id"] for row in await tx.records(DUE, now=now)]


async def insert(tx: Tx, segment: Segment, now: datetime) -> bool:
    row = {name: getattr(segment, name) for name in ("id", "name", "description", "kind", "rule")}
    return bool(await tx.run(INSERT, **row, now=now))


async def is_taken(tx: Tx, name: str, segment_id: UUID) -> bool:
    return await tx.value(NAME_TAKEN, name=name, id=segment_id) is not None


async def update(tx: Tx, segment: Segment, now: datetime) -> None:
    row = msgspec.structs.asdict(segment)
    kept = {name: row[name] for name in ("id", "name", "description", "rule", "retired_at")}
    await tx.run(UPDATE, **kept, now=now)


async def settle(
    tx: Tx, segment_id: UUID, *, now: datetime, due_at: datetime, took_ms: int, error: str = ""
) -> None:
    await tx.run(SETTLE, id=segment_id, now=now, due_at=due_at, took_ms=took_ms, error=error)


async def add(
    tx: Tx, segment_id: UUID, ids: Sequence[UUID], reach: Reach, now: datetime
) -> list[UUID]:
    found = await tx.records(ADD, id=segment_id, ids=list(ids), now=now, **reach.params())
    return [row["customer_id"] for row in found]


async def remove(tx: Tx, segment_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    found = await tx.records(REMOVE, id=segment_id, ids=list(ids))
    return [row["customer_id"] for row in found]


async def members(
    tx: Tx, segment_id: UUID, reach: Reach, *, after: UUID, limit: int
) -> list[Member]:
    return await tx.many(MEMBERS, Member, id=segment_id, after=after, limit=limit, **reach.params())


async def among(tx: Tx, segment_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    rows = await tx.records(AMONG, id=segment_id, ids=list(ids))
    return {row["customer_id"] for row in rows}


async def of_customer(tx: Tx, customer_id: UUID) -> list[Segment]:
    return await tx.many(OF_CUSTOMER, Segment, customer_id=customer_id)


async def count(tx: Tx, made: Condition, reach: Reach, limit: int) -> tuple[int, list[Sampled]]:
    """How many, and the first of them."""
    (row,) = await tx.records(COUNT.with_rule(made), limit=limit, **reach.params())
    return row["count"], await tx.many(SAMPLED, Sampled, ids=row["ids"])


async def facts(tx: Tx, made: Condition, customer_id: UUID) -> list[Any]:
    found: list[Any] = await tx.value(FACTS.with_rule(made), id=customer_id)
    return found


async def enter(
    tx: Tx, segment_id: UUID, made: Condition, *, now: datetime, limit: int
) -> list[UUID]:
    """Put in whom the rule finds and who is not in yet, so many at most."""
    found = await tx.records(ENTER.with_rule(made), id=segment_id, now=now, limit=limit)
    return [row["customer_id"] for row in found]


async def leave(tx: Tx, segment_id: UUID, made: Condition, *, limit: int) -> list[UUID]:
    found = await tx.records(LEAVE.with_rule(made), id=segment_id, limit=limit)
    return [row["customer_id"] for row in found]


async def chosen_by_name(
    tx: Tx, made: Condition, reach: Reach, *, after: tuple[str, UUID], limit: int
) -> list[Customer]:
    return await tx.many(
        BY_NAME.with_rule(made),
        Customer,
        after=after[0],
        after_id=after[1],
        limit=limit,
        **reach.params(),
    )


async def chosen_by_field(
    tx: Tx,
    made: Condition,
    reach: Reach,
    *,
    key: str,
    kind: str,
    is_down: bool,
    after: tuple[str, UUID],
    limit: int,
) -> list[Customer]:
    """By an own field; who lacks the value comes first going up and last going down."""
    query = SORTED["number" if kind == "number" else "text", is_down]
    return await tx.many(
        query.with_rule(made),
        Customer,
        key=key,
        after=after[0],
        after_id=after[1],
        limit=limit,
        **reach.params(),
    )
