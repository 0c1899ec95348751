"""Shipments whose goods are to be picked."""

from collections.abc import Sequence
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import within_order
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.store.shipments import SHIPMENT

GET_CHOSEN = Query(
    SHIPMENT
    + f"""
     where s.org_id = :org_id and s.id = any(:ids::uuid[]) and {within_order("s.order_id")}
     order by s.id
    """
)

WITH_US = Query(
    SHIPMENT
    + """
     where s.org_id = :org_id and s.order_id = any(:order_ids::uuid[])
       and s.status in ('draft', 'label_pending', 'ready', 'manifested')
     order by s.id
     limit 2000
    """
)


async def list_chosen(tx: Tx, ids: Sequence[UUID]) -> list[Shipment]:
    return await tx.many(
        GET_CHOSEN, Shipment, ids=list(ids), **tx.actor.reach("shipping.read").params()
    )


async def list_with_us(tx: Tx, order_ids: Sequence[UUID]) -> list[Shipment]:
    return await tx.many(WITH_US, Shipment, order_ids=list(order_ids))
