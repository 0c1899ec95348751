"""Who looked at where a driver has been."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

ADD_VIEW = Query(
    """
    insert into delivery.track_view
           (org_id, id, at, actor_kind, actor_id, actor_label, driver_id, delivery_id, from_at,
            to_at)
    values (:org_id, :id, :at, :actor_kind, :actor_id, :actor_label, :driver_id, :delivery_id,
            :from_at, :to_at)
    """
)


LIST_VIEWS = Query(
    """
    select at, actor_kind, actor_id, actor_label, delivery_id, from_at, to_at
      from delivery.track_view
     where org_id = :org_id and driver_id = :driver_id
     order by at desc, id desc
     limit :count
    """
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One look at where a driver has been."""

    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_label: str
    delivery_id: UUID | None
    from_at: datetime | None
    to_at: datetime | None


async def add_view(
    tx: Tx,
    *,
    driver_id: UUID,
    delivery_id: UUID | None,
    from_at: datetime | None,
    to_at: datetime | None,
    now: datetime,
) -> None:
    await tx.run(
        ADD_VIEW,
        id=new_id(),
        at=now,
        actor_kind=tx.actor.kind,
        actor_id=tx.actor.user_id,
        actor_label=tx.actor.label,
        driver_id=driver_id,
        delivery_id=delivery_id,
        from_at=from_at,
        to_at=to_at,
    )


async def list_views(tx: Tx, driver_id: UUID, *, count: int) -> list[View]:
    return await tx.many(LIST_VIEWS, View, driver_id=driver_id, count=count)
