"""Shipments as records of a person: taking the name and the street out of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx

ERASE = Query(
    """
    update shipping.shipment
       set recipient_phone = null,
           ship_to = jsonb_strip_nulls(jsonb_build_object(
               'name', 'Erased', 'line1', 'Erased', 'city', ship_to -> 'city',
               'state_code', ship_to -> 'state_code', 'postal_code', ship_to -> 'postal_code',
               'country', ship_to -> 'country')),
           version = version + 1, updated_at = :now
     where org_id = :org_id and order_id = any(:order_ids::uuid[])
       and status in ('delivered', 'rto_delivered', 'cancelled', 'lost', 'damaged')
    """
)

COUNT_OPEN = Query(
    """
    select count(*) from shipping.shipment
     where org_id = :org_id and order_id = any(:order_ids::uuid[])
       and status not in ('delivered', 'rto_delivered', 'cancelled', 'lost', 'damaged')
    """
)


async def erase(tx: Tx, order_ids: Sequence[UUID], now: datetime) -> int:
    return await tx.run(ERASE, order_ids=list(order_ids), now=now)


async def count_open(tx: Tx, order_ids: Sequence[UUID]) -> int:
    found: int = await tx.value(COUNT_OPEN, order_ids=list(order_ids))
    return found
