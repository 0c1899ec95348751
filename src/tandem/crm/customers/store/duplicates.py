"""Customers who may be one person: who shares something, and who stands near whom."""

from collections.abc import Sequence
from uuid import UUID

from tandem.crm.customers.domain.likeness import Candidates
from tandem.crm.customers.domain.merging import Pair
from tandem.kernel.db import Query, Tx

BATCH = Query(
    """
    select id from customers.customer
     where org_id = :org_id and id >= :since and merged_into_id is null and erased_at is null
     order by id
     limit :limit
    """
)

SHARING = Query(
    """
    with shared (first_id, second_id, reason) as (
        select a.customer_id, b.customer_id, a.kind
          from customers.contact_point a
          join customers.contact_point b
            on b.org_id = :org_id and b.kind = a.kind and b.value = a.value
           and b.customer_id > a.customer_id
         where a.org_id = :org_id and a.customer_id = any(:ids::uuid[])
        union
        select a.id, b.id, 'gstin'
          from customers.customer a
          join customers.customer b
            on b.org_id = :org_id and b.gstin = a.gstin and b.id > a.id
         where a.org_id = :org_id and a.id = any(:ids::uuid[])
        union
        select a.id, b.id, 'name'
          from customers.customer a
          join customers.customer b
            on b.org_id = :org_id and b.folded_name = a.folded_name and b.id > a.id
         where a.org_id = :org_id and a.id = any(:ids::uuid[])
           and exists (
               select from customers.address x
                 join customers.address y
                   on y.org_id = :org_id and y.customer_id = b.id
                  and y.postal_code = x.postal_code
                where x.org_id = :org_id and x.customer_id = a.id)
    )
    select a.id as first_id, a.number as first_number, a.name as first_name, b.id as second_id,
           b.number as second_number, b.name as second_name,
           array_agg(shared.reason order by shared.reason) as matched_on
      from shared
      join customers.customer a
        on a.org_id = :org_id and a.id = shared.first_id
      join customers.customer b
        on b.org_id = :org_id and b.id = shared.second_id and b.merged_into_id is null
       and b.erased_at is null
     where not exists (
           select from customers.not_same n
            where n.org_id = :org_id and n.first_id = a.id and n.second_id = b.id)
     group by a.id, a.number, a.name, b.id, b.number, b.name
    """
)

# In one PIN code with the beginning of a name or the number of the house in common; or in one
# street; or of one name. Whether they are alike is looked at in Python: pg_trgm may not be there.
NEAR = Query(
    """
    with near (first_id, first_at, second_id, second_at) as (
        select x.customer_id, x.id, y.customer_id, y.id
          from customers.address x
          join customers.address y
            on y.org_id = :org_id and y.customer_id > x.customer_id
           and y.postal_code = x.postal_code
         where x.org_id = :org_id and x.customer_id = any(:ids::uuid[])
        union
        select x.customer_id, x.id, y.customer_id, y.id
          from customers.address x
          join customers.address y
            on y.org_id = :org_id and y.customer_id > x.customer_id
           and y.street = x.street
         where x.org_id = :org_id and x.customer_id = any(:ids::uuid[])
        union
        select a.id, x.id, b.id, y.id
          from customers.customer a
          join customers.customer b
            on b.org_id = :org_id and b.folded_name = a.folded_name and b.id > a.id
          join customers.address x on x.org_id = :org_id and x.customer_id = a.id
          join customers.address y on y.org_id = :org_id and y.customer_id = b.id
         where a.org_id = :org_id and a.id = any(:ids::uuid[])
    )
    select a.id as first_id, a.number as first_number, b.id as second_id,
           b.number as second_number,
           jsonb_build_object('name', a.name, 'line1', coalesce(x.address ->> 'line1', ''),
                              'city', coalesce(x.address ->> 'city', ''),
                              'postal_code', coalesce(x.address ->> 'postal_code', '')) as first,
           jsonb_build_object('name', b.name, 'line1', coalesce(y.address ->> 'line1', ''),
                              'city', coalesce(y.address ->> 'city', ''),
                              'postal_code', coalesce(y.address ->> 'postal_code', '')) as second
      from near
      join customers.customer a on a.org_id = :org_id and a.id = near.first_id
      join customers.customer b
        on b.org_id = :org_id and b.id = near.second_id and b.merged_into_id is null
       and b.erased_at is null
      join customers.address x on x.org_id = :org_id and x.id = near.first_at
      join customers.address y on y.org_id = :org_id and y.id = near.second_at
     where (substring(x.address ->> 'line1' from '[0-9]+')
                = substring(y.address ->> 'line1' from '[0-9]+')
            or array(select left(w, 2) from regexp_split_to_table(lower(a.name), '\\s+') as w)
               && array(select left(w, 2) from regexp_split_to_table(lower(b.name), '\\s+') as w))
       and not exists (
           select from customers.not_same n
            where n.org_id = :org_id and n.first_id = a.id and n.second_id = b.id)
     limit :limit
    """
)


async def batch(tx: Tx, since: UUID, limit: int) -> list[UUID]:
    return [row["id"] for row in await tx.records(BATCH, since=since, limit=limit)]


async def sharing(tx: Tx, ids: Sequence[UUID]) -> list[Pair]:
    """Pairs whose first is one of these, and what they share."""
    return await tx.many(SHARING, Pair, ids=list(ids))


async def near(tx: Tx, ids: Sequence[UUID], limit: int) -> list[Candidates]:
    return await tx.many(NEAR, Candidates, ids=list(ids), limit=limit)
