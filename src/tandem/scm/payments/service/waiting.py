"""Whose money is on its way back.

Checks no permission: the flow has, and it learns only which orders these are.
"""

from uuid import UUID

from tandem.kernel.db import Query, Tx

AT_ONCE_MAX = 10_000

ON_THEIR_WAY = Query(
    """
    select order_id
      from payments.refund
     where org_id = :org_id and status in ('requested', 'submitted', 'pending')
     group by order_id
     limit :count
    """
)


async def orders_with_open_refunds(tx: Tx) -> list[UUID]:
    """Orders with a refund that was asked for and is neither paid out nor failed."""
    return [row["order_id"] for row in await tx.records(ON_THEIR_WAY, count=AT_ONCE_MAX)]
