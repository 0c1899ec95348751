"""Doors as circles on the map, and who went in and out of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.fences import Crossing, Fence

LIST_FENCES = Query(
    """
    select delivery_id, is_inside, count, since_ms, seen_ms
      from delivery.fence
     where org_id = :org_id and delivery_id = any(:delivery_ids::uuid[])
    """
)


SAVE_FENCES = Query(
    """
    insert into delivery.fence (org_id, delivery_id, is_inside, count, since_ms, seen_ms)
    select :org_id, delivery_id, is_inside, count, since_ms, seen_ms
      from unnest(:delivery_ids::uuid[], :insides::boolean[], :counts::int[], :sinces_ms::bigint[],
                  :seens_ms::bigint[]) as new (delivery_id, is_inside, count, since_ms, seen_ms)
     order by delivery_id
        on conflict (org_id, delivery_id) do update
       set is_inside = excluded.is_inside, count = excluded.count, since_ms = excluded.since_ms,
           seen_ms = excluded.seen_ms
    """
)


ADD_CROSSING = Query(
    """
    insert into delivery.fence_crossing
           (org_id, id, delivery_id, driver_id, edge, occurred_at, received_at)
    values (:org_id, :id, :delivery_id, :driver_id, :edge, :occurred_at, :received_at)
    """
)


LIST_CROSSINGS = Query(
    """
    select delivery_id, edge, occurred_at
      from delivery.fence_crossing
     where org_id = :org_id and delivery_id = :delivery_id
     order by occurred_at, id
     limit 500
    """
)


class CrossingRow(msgspec.Struct, frozen=True, kw_only=True):
    delivery_id: UUID
    edge: str
    occurred_at: datetime


async def list_fences(tx: Tx, delivery_ids: Sequence[UUID]) -> dict[UUID, Fence]:
    rows = await tx.records(LIST_FENCES, delivery_ids=list(delivery_ids))
    return {
        row["delivery_id"]: Fence(
            is_inside=row["is_inside"],
            count=row["count"],
            since_ms=row["since_ms"],
            seen_ms=row["seen_ms"],
        )
        for row in rows
    }


async def save_fences(tx: Tx, fences: dict[UUID, Fence]) -> None:
    await tx.run(
        SAVE_FENCES,
        delivery_ids=list(fences),
        insides=[fence.is_inside for fence in fences.values()],
        counts=[fence.count for fence in fences.values()],
        sinces_ms=[fence.since_ms for fence in fences.values()],
        seens_ms=[fence.seen_ms for fence in fences.values()],
    )


async def add_crossing(
    tx: Tx, delivery_id: UUID, driver_id: UUID, crossing: Crossing, *, at: datetime, now: datetime
) -> None:
    await tx.run(
        ADD_CROSSING,
        id=new_id(),
        delivery_id=delivery_id,
        driver_id=driver_id,
        edge=crossing.edge,
        occurred_at=at,
        received_at=now,
    )


async def list_crossings(tx: Tx, delivery_id: UUID) -> list[CrossingRow]:
    return await tx.many(LIST_CROSSINGS, CrossingRow, delivery_id=delivery_id)
