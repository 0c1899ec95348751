"""Orders as records of a person: changing hands, being erased, being handed out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx

REOWN = Query(
    """
    update orders.order
       set customer_id = :into, version = version + 1, updated_at = updated_at
     where org_id = :org_id and customer_id = :source
       and (:ids::uuid[] is null or id = any(:ids::uuid[]))
    returning id
    """
)

# What is still to be delivered or paid keeps its address until then.
ERASE = Query(
    """
    update orders.order
       set customer_name = 'Erased', customer_email = null, customer_phone = null,
           customer_gstin = null, note = '',
           ship_to = jsonb_strip_nulls(jsonb_build_object('name', 'Erased', 'line1', 'Erased',
                                        'city', ship_to -> 'city',
                                        'state_code', ship_to -> 'state_code',
                                        'postal_code', ship_to -> 'postal_code',
                                        'country', coalesce(ship_to -> 'country', '"IN"'))),
           bill_to = jsonb_strip_nulls(jsonb_build_object('name', 'Erased', 'line1', 'Erased',
                                        'city', bill_to -> 'city',
                                        'state_code', bill_to -> 'state_code',
                                        'postal_code', bill_to -> 'postal_code',
                                        'country', coalesce(bill_to -> 'country', '"IN"'))),
           version = version + 1, updated_at = :now
     where org_id = :org_id and customer_id = :customer_id
       and status in ('draft', 'completed', 'cancelled', 'expired')
    """
)

COUNT_OPEN = Query(
    """
    select count(*) from orders.order
     where org_id = :org_id and customer_id = :customer_id
       and status not in ('draft', 'completed', 'cancelled', 'expired')
    """
)

EXPORT = Query(
    """
    select number, status, payment_status, fulfilment_status, customer_name, customer_email,
           customer_phone, customer_gstin, currency, total_minor, paid_minor, refunded_minor,
           ship_to, bill_to, placed_at
      from orders.order
     where org_id = :org_id and customer_id = :customer_id
     order by placed_at, id
     limit 10000
    """
)

IDS = Query(
    """
    select id from orders.order
     where org_id = :org_id and customer_id = :customer_id
     order by id
    """
)


async def reown(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    found = await tx.records(
        REOWN, source=source, into=into, ids=None if ids is None else list(ids)
    )
    return [row["id"] for row in found]


async def erase(tx: Tx, customer_id: UUID, now: datetime) -> int:
    return await tx.run(ERASE, customer_id=customer_id, now=now)


async def count_open(tx: Tx, customer_id: UUID) -> int:
    found: int = await tx.value(COUNT_OPEN, customer_id=customer_id)
    return found


async def export(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(EXPORT, customer_id=customer_id)]


async def ids(tx: Tx, customer_id: UUID) -> list[UUID]:
    return [row["id"] for row in await tx.records(IDS, customer_id=customer_id)]
