"""Deliveries as records of a person: taking the name and the street out of them."""

from collections.abc import Sequence
from uuid import UUID

from tandem.kernel.db import Query, Tx

ERASE = Query(
    """
    update delivery.delivery
       set recipient_phone = '', phone_key = '',
           lat = null, lon = null,
           ship_to = jsonb_strip_nulls(jsonb_build_object(
               'name', 'Erased', 'line1', 'Erased', 'city', ship_to -> 'city',
               'state_code', ship_to -> 'state_code', 'postal_code', ship_to -> 'postal_code',
               'country', ship_to -> 'country')),
           version = version + 1
     where org_id = :org_id and order_id = any(:order_ids::uuid[])
       and status in ('delivered', 'returned', 'cancelled')
    """
)

COUNT_OPEN = Query(
    """
    select count(*) from delivery.delivery
     where org_id = :org_id and order_id = any(:order_ids::uuid[])
       and status not in ('delivered', 'returned', 'cancelled')
    """
)


async def erase(tx: Tx, order_ids: Sequence[UUID]) -> int:
    return await tx.run(ERASE, order_ids=list(order_ids))


async def count_open(tx: Tx, order_ids: Sequence[UUID]) -> int:
    found: int = await tx.value(COUNT_OPEN, order_ids=list(order_ids))
    return found
