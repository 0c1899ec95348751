"""The timeline and what orders are to their customers, both fed by events."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.timeline import Activity, NewActivity, Purchase, Summary
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

WRITE = Query(
    """
    insert into customers.activity
           (org_id, id, customer_id, order_id, kind, dedupe, occurred_at, actor_label, facts)
    select :org_id, told.id, coalesce(c.merged_into_id, c.id), told.order_id, told.kind,
           told.dedupe, told.occurred_at, told.actor_label, told.facts::jsonb
      from unnest(:ids::uuid[], :customer_ids::uuid[], :order_ids::uuid[], :kinds::text[],
                  :dedupes::text[], :moments::timestamptz[], :actor_labels::text[], :facts::text[])
           as told (id, customer_id, order_id, kind, dedupe, occurred_at, actor_label, facts)
      left join customers.customer c
        on c.org_id = :org_id
       and c.id = coalesce(told.customer_id, (
               select p.customer_id from customers.purchase p
                where p.org_id = :org_id and p.order_id = told.order_id))
     where c.erased_at is null and (c.id is not null or told.order_id is not null)
        on conflict (org_id, dedupe) do nothing
    """
)

# Whoever's orders changed is to be summed anew (`store.purchase_sums`).
_NOTE: LiteralString = """
    insert into customers.purchase_unsummed (org_id, customer_id)
    select :org_id, customer_id from changed where customer_id is not null
"""

# The customer of a purchase may have been merged while the event was on its way.
PLACE = Query(
    """
    with changed as (
        insert into customers.purchase as known
               (org_id, order_id, customer_id, number, placed_at, total_minor, currency)
        select :org_id, :order_id, coalesce(c.merged_into_id, c.id), :number, :placed_at,
               :total_minor, :currency
          from customers.customer c
         where c.org_id = :org_id and c.id = :customer_id
            on conflict (org_id, order_id) do update
           set customer_id = coalesce(known.customer_id, excluded.customer_id),
               number = excluded.number,
               placed_at = coalesce(known.placed_at, excluded.placed_at),
               total_minor = excluded.total_minor, currency = excluded.currency
        returning customer_id
    )"""
    + _NOTE
)

CLAIM_WAITING = Query(
    """
    update customers.activity a
       set customer_id = p.customer_id
      from customers.purchase p
     where a.org_id = :org_id and a.order_id = :order_id and a.customer_id is null
       and p.org_id = :org_id and p.order_id = :order_id
    """
)

MOVE = Query(
    """
    with changed as (
        insert into customers.purchase as known (org_id, order_id, status)
        values (:org_id, :order_id, :status)
            on conflict (org_id, order_id) do update
           set status = excluded.status
         where known.status = any(:sources::text[])
        returning customer_id
    )"""
    + _NOTE
)

MONEY = Query(
    """
    with changed as (
        insert into customers.purchase as known (org_id, order_id, paid_minor, refunded_minor)
        values (:org_id, :order_id, :paid_minor, :refunded_minor)
            on conflict (org_id, order_id) do update
           set paid_minor = greatest(known.paid_minor, excluded.paid_minor),
               refunded_minor = greatest(known.refunded_minor, excluded.refunded_minor)
        returning customer_id
    )"""
    + _NOTE
)

READ = Query(
    """
    select id, kind, occurred_at, order_id, actor_label, facts
      from customers.activity
     where org_id = :org_id and customer_id = :customer_id and kind = any(:kinds::text[])
       and (occurred_at, id) < (:before_at, :before_id)
     order by occurred_at desc, id desc
     limit :limit
    """
)

PURCHASES = Query(
    """
    select order_id, number, placed_at, status, total_minor, currency, paid_minor, refunded_minor
      from customers.purchase
     where org_id = :org_id and customer_id = :customer_id and placed_at is not null
     order by placed_at desc, order_id
     limit :limit
    """
)

SUMMARY = Query(
    """
    select count(*) filter (where status in ('placed', 'completed')) as orders,
           count(*) filter (where status in ('cancelled', 'expired')) as cancelled,
           coalesce(sum(total_minor) filter (where status in ('placed', 'completed')), 0)::bigint
               as ordered_minor,
           coalesce(sum(paid_minor), 0)::bigint as paid_minor,
           coalesce(sum(refunded_minor), 0)::bigint as refunded_minor,
           min(placed_at) filter (where status in ('placed', 'completed')) as first_order_at,
           max(placed_at) filter (where status in ('placed', 'completed')) as last_order_at
      from customers.purchase
     where org_id = :org_id and customer_id = :customer_id
    """
)


OF_COMPLAINT = Query(
    "select customer_id from customers.activity where org_id = :org_id and dedupe = :dedupe"
)


async def write(tx: Tx, activity: NewActivity) -> bool:
    """False where it stood there already, or nobody is left whose timeline it would be."""
    return bool(await write_many(tx, [activity]))


async def write_many(tx: Tx, activities: Sequence[NewActivity]) -> int:
    """How many are new: not those that stood there already, nor what nobody is left for whose
    timeline it would be."""
    return await tx.run(
        WRITE,
        ids=[new_id() for _ in activities],
        customer_ids=[one.customer_id for one in activities],
        order_ids=[one.order_id for one in activities],
        kinds=[one.kind for one in activities],
        dedupes=[one.dedupe for one in activities],
        moments=[one.occurred_at for one in activities],
        actor_labels=[one.actor_label for one in activities],
        facts=[msgspec.json.encode(one.facts).decode() for one in activities],
    )


async def place(
    tx: Tx,
    *,
    order_id: UUID,
    customer_id: UUID,
    number: str,
    placed_at: datetime,
    total_minor: int,
    currency: str,
) -> None:
    await tx.run(
        PLACE,
        order_id=order_id,
        customer_id=customer_id,
        number=number,
        placed_at=placed_at,
        total_minor=total_minor,
        currency=currency,
    )
    await tx.run(CLAIM_WAITING, order_id=order_id)


async def move(tx: Tx, order_id: UUID, status: str, sources: Sequence[str]) -> None:
    """To this status, from any of these only."""
    await tx.run(MOVE, order_id=order_id, status=status, sources=list(sources))


async def money(tx: Tx, order_id: UUID, *, paid_minor: int = 0, refunded_minor: int = 0) -> None:
    """Totals only grow, so that events in any order end alike."""
    await tx.run(MONEY, order_id=order_id, paid_minor=paid_minor, refunded_minor=refunded_minor)


async def read(
    tx: Tx, customer_id: UUID, kinds: Sequence[str], before: tuple[datetime, UUID], limit: int
) -> list[Activity]:
    return await tx.many(
        READ,
        Activity,
        customer_id=customer_id,
        kinds=list(kinds),
        before_at=before[0],
        before_id=before[1],
        limit=limit,
    )


async def purchases(tx: Tx, customer_id: UUID, limit: int) -> list[Purchase]:
    return await tx.many(PURCHASES, Purchase, customer_id=customer_id, limit=limit)


async def summary(tx: Tx, customer_id: UUID) -> Summary:
    return await tx.one(SUMMARY, Summary, customer_id=customer_id)


async def customer_of_complaint(tx: Tx, complaint_id: UUID) -> UUID | None:
    found: UUID | None = await tx.value(OF_COMPLAINT, dedupe=f"complaint_opened:{complaint_id}")
    return found
