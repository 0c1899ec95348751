"""What orders hold. Rows of an order are locked before their levels."""

from collections.abc import Sequence
from uuid import UUID

from tandem.kernel.db import Query, Tx, columns
from tandem.scm.inventory.domain import Reservation

OF_ORDER = Query(
    """
    select order_id, variant_id, location_id, sku, status, held, shipped, restocked, held_until
      from inventory.reservation
     where org_id = :org_id and order_id = :order_id
     order by variant_id, location_id
    """
)

HELD = Query(
    """
    select order_id, variant_id, location_id, sku, status, held, shipped, restocked, held_until
      from inventory.reservation
     where org_id = :org_id and order_id = any(:order_ids::uuid[]) and held > 0
     order by order_id, variant_id, location_id
    """
)

LOCK = Query(
    """
    select order_id, variant_id, location_id, sku, status, held, shipped, restocked, held_until
      from inventory.reservation
     where org_id = :org_id and order_id = any(:order_ids::uuid[])
     order by order_id, variant_id, location_id
       for no key update
    """
)

KEEP = Query(
    """
    update inventory.reservation
       set status = 'allocated', held_until = null
     where org_id = :org_id and order_id = any(:order_ids::uuid[]) and status = 'held'
    """
)

SAVE = Query(
    """
    update inventory.reservation as r
       set status = s.status, held = s.held, shipped = s.shipped, restocked = s.restocked
      from unnest(:order_id::uuid[], :variant_id::uuid[], :location_id::uuid[], :status::text[],
                  :held::int[], :shipped::int[], :restocked::int[])
           as s (order_id, variant_id, location_id, status, held, shipped, restocked)
     where r.org_id = :org_id and r.order_id = s.order_id
       and r.variant_id = s.variant_id and r.location_id = s.location_id
    """
)


async def of_order(tx: Tx, order_id: UUID) -> list[Reservation]:
    return await tx.many(OF_ORDER, Reservation, order_id=order_id)


async def held(tx: Tx, order_ids: Sequence[UUID]) -> list[Reservation]:
    return await tx.many(HELD, Reservation, order_ids=list(order_ids))


async def lock(tx: Tx, order_ids: Sequence[UUID]) -> list[Reservation]:
    return await tx.many(LOCK, Reservation, order_ids=list(order_ids))


async def keep(tx: Tx, order_ids: Sequence[UUID]) -> int:
    return await tx.run(KEEP, order_ids=list(order_ids))


async def save(tx: Tx, reservations: Sequence[Reservation]) -> None:
    names = ("order_id", "variant_id", "location_id", "status", "held", "shipped", "restocked")
    await tx.run(SAVE, **columns(reservations, *names))
