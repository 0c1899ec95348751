"""Whom a message to many goes to: members of some segments and of none of the others."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from tandem.crm.customers.domain.audiences import Reachable
from tandem.kernel.db import Query, Tx

_IN: LiteralString = """
      from customers.customer c
     where c.org_id = :org_id and c.merged_into_id is null and c.erased_at is null
       and exists (select from customers.segment_member m
                    where m.org_id = :org_id and m.customer_id = c.id
                      and m.segment_id = any(:include_ids::uuid[]))
       and not exists (select from customers.segment_member m
                        where m.org_id = :org_id and m.customer_id = c.id
                          and m.segment_id = any(:exclude_ids::uuid[]))
"""

COUNT = Query("select count(*)" + _IN)

PAGE = Query(
    "select c.id" + _IN + " and c.id > :after order by c.id limit :count",
)

# Every nth person by a hash of the id: the same people each time, whatever order they came in.
SAMPLE = Query(
    "select c.id"
    + _IN
    + """
       and abs(hashtextextended(c.id::text, 0) % :every_nth) = 0
     order by c.id
     limit :count
    """
)

REACHABLE = Query(
    """
    select c.id, c.number, c.name, c.company_name, c.locale,
           (select (array_agg(p.value order by p.position)
                    filter (where p.kind = 'email' and p.invalid_at is null))[1]
              from customers.contact_point p
             where p.org_id = :org_id and p.customer_id = c.id) as email,
           (select (array_agg(p.value order by p.position)
                    filter (where p.kind = 'phone' and p.invalid_at is null))[1]
              from customers.contact_point p
             where p.org_id = :org_id and p.customer_id = c.id) as phone,
           coalesce((select a.address ->> 'city' from customers.address a
                      where a.org_id = :org_id and a.customer_id = c.id
                      order by a.position limit 1), '') as city
      from customers.customer c
     where c.org_id = :org_id and c.id = any(:ids::uuid[])
       and c.merged_into_id is null and c.erased_at is null
     order by c.id
    """
)

LOCALE = Query("select locale from customers.customer where org_id = :org_id and id = :id")


async def locale_of(tx: Tx, customer_id: UUID) -> str:
    found: str | None = await tx.value(LOCALE, id=customer_id)
    return found or ""


async def count(tx: Tx, include_ids: Sequence[UUID], exclude_ids: Sequence[UUID]) -> int:
    found: int = await tx.value(COUNT, include_ids=list(include_ids), exclude_ids=list(exclude_ids))
    return found


async def page(
    tx: Tx,
    include_ids: Sequence[UUID],
    exclude_ids: Sequence[UUID],
    *,
    after: UUID,
    count: int,
) -> list[UUID]:
    found = await tx.records(
        PAGE, include_ids=list(include_ids), exclude_ids=list(exclude_ids), after=after, count=count
    )
    return [row["id"] for row in found]


async def sample(
    tx: Tx,
    include_ids: Sequence[UUID],
    exclude_ids: Sequence[UUID],
    *,
    every_nth: int,
    count: int,
) -> list[UUID]:
    found = await tx.records(
        SAMPLE,
        include_ids=list(include_ids),
        exclude_ids=list(exclude_ids),
        every_nth=every_nth,
        count=count,
    )
    return [row["id"] for row in found]


async def reachable(tx: Tx, ids: Sequence[UUID]) -> list[Reachable]:
    return await tx.many(REACHABLE, Reachable, ids=list(ids))
