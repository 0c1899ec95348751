"""Orders that somebody waits for, by customer."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

LATE = Query(
    """
    select customer_id, number
      from orders.order
     where org_id = :org_id and customer_id = any(:customer_ids::uuid[])
       and status in ('confirmed', 'processing') and promised_on < :today
       and fulfilment_status not in ('delivered', 'partially_returned', 'returned')
     order by customer_id, placed_at, id
    """
)

THEIRS = Query(
    """
    select customer_id, number
      from orders.order
     where org_id = :org_id and id = any(:ids::uuid[])
       and customer_id = any(:customer_ids::uuid[])
     order by customer_id, placed_at, id
    """
)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: UUID
    number: str


async def late(tx: Tx, customer_ids: Sequence[UUID], today: date) -> list[Waiting]:
    return await tx.many(LATE, Waiting, customer_ids=list(customer_ids), today=today)


async def theirs(tx: Tx, order_ids: Sequence[UUID], customer_ids: Sequence[UUID]) -> list[Waiting]:
    return await tx.many(THEIRS, Waiting, ids=list(order_ids), customer_ids=list(customer_ids))
