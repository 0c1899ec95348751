"""What all orders of somebody come to: a row for each buyer, and whose row is not right yet.

Whatever changes a purchase also notes its customer in `purchase_unsummed`, in the same transaction.
Summing takes notes away and writes the sums anew from the purchases, so that no order of events
and no repetition can make a sum wrong. Rules read `SUMS`, which is right at every moment.
"""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from tandem.kernel.db import Query, Tx

_SUMMED: LiteralString = """
    count(*) filter (where p.status in ('placed', 'completed')) as order_count,
    coalesce(sum(p.paid_minor - p.refunded_minor), 0)::bigint as spent_minor,
    min(p.placed_at) filter (where p.status in ('placed', 'completed')) as first_order_at,
    max(p.placed_at) filter (where p.status in ('placed', 'completed')) as last_order_at
"""

# Each of those not summed yet is looked up by itself: they are few, and orders are many.
SUMS: LiteralString = (
    """(
    (select s.customer_id, s.order_count, s.spent_minor, s.first_order_at, s.last_order_at
      from customers.purchase_sum s
     where s.org_id = :org_id
       and s.customer_id not in (select u.customer_id from customers.purchase_unsummed u
                                  where u.org_id = :org_id)
      order by s.customer_id)
     union all
    (select u.customer_id, anew.order_count, anew.spent_minor, anew.first_order_at,
           anew.last_order_at
      from (select distinct customer_id from customers.purchase_unsummed
             where org_id = :org_id) u
     cross join lateral (
           select """
    + _SUMMED
    + """
             from customers.purchase p
            where p.org_id = :org_id and p.customer_id = u.customer_id) anew
      order by u.customer_id))"""
)
"""To be read as a table: the kept sums, and the sums of those not summed yet."""

LOCK = Query("select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text, 47))")

# Notes and sums are read in one snapshot: what a note in it tells of is in it as well.
SUM = Query(
    """
    with taken as (
        delete from customers.purchase_unsummed
         where org_id = :org_id
           and (customer_id, id) in (select customer_id, id from customers.purchase_unsummed
                                    where org_id = :org_id order by customer_id, id limit :limit)
        returning customer_id
    ),
    summed as materialized (
        select p.customer_id, """
    + _SUMMED
    + """
          from customers.purchase p
         where p.org_id = :org_id and p.customer_id in (select customer_id from taken)
         group by p.customer_id
    ),
    kept as (
        insert into customers.purchase_sum as known
               (org_id, customer_id, order_count, spent_minor, first_order_at, last_order_at)
        select :org_id, customer_id, order_count, spent_minor, first_order_at, last_order_at
          from summed
            on conflict (org_id, customer_id) do update
           set order_count = excluded.order_count, spent_minor = excluded.spent_minor,
               first_order_at = excluded.first_order_at, last_order_at = excluded.last_order_at
    ),
    dropped as (
        delete from customers.purchase_sum
         where org_id = :org_id and customer_id in (select customer_id from taken)
           and customer_id not in (select customer_id from summed)
    )
    select count(*) from taken
    """
)

NOTE = Query(
    """
    insert into customers.purchase_unsummed (org_id, customer_id)
    select :org_id, id from unnest(:ids::uuid[]) as given (id)
    """
)

NOTE_EVERYBODY = Query(
    """
    insert into customers.purchase_unsummed (org_id, customer_id)
    select :org_id, customer_id
      from customers.purchase
     where org_id = :org_id and customer_id is not null
     union
    select :org_id, customer_id from customers.purchase_sum where org_id = :org_id
    """
)


async def sum_noted(tx: Tx, limit: int) -> int:
    """Sum anew for so many notes; how many there were. One at a time in a company: who came later
    must see what the earlier one wrote."""
    await tx.value(LOCK)
    taken: int = await tx.value(SUM, limit=limit)
    return taken


async def note(tx: Tx, ids: Sequence[UUID]) -> None:
    await tx.run(NOTE, ids=list(ids))


async def note_everybody(tx: Tx) -> int:
    return await tx.run(NOTE_EVERYBODY)
