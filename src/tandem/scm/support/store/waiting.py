"""Complaints that are not settled yet, by customer."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

OPEN = Query(
    """
    select customer_id, severity, number
      from support.complaint
     where org_id = :org_id and customer_id = any(:customer_ids::uuid[])
       and customer_id is not null and status not in ('resolved', 'closed')
     order by customer_id, id
    """
)


class Open(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: UUID
    severity: str
    number: str


async def open_of(tx: Tx, customer_ids: Sequence[UUID]) -> list[Open]:
    return await tx.many(OPEN, Open, customer_ids=list(customer_ids))
