"""The delivery status table: every status, as it was told, and what conflicted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.deliveries import StatusRow
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.statuses import Status

ADD_STATUS = Query(
    """
    insert into delivery.delivery_status
           (org_id, id, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
            actor_id, actor_label, driver_id, proof_id, client_event_id, conflict)
    values (:org_id, :id, :delivery_id, :status, :reason, :lat, :lon, :occurred_at, :received_at,
            :actor_kind, :actor_id, :actor_label, :driver_id, :proof_id, :client_event_id,
            :conflict)
    """
)


LIST_STATUSES = Query(
    """
    select id, seq, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
           actor_label, proof_id, client_event_id, conflict
      from delivery.delivery_status
     where org_id = :org_id and delivery_id = :delivery_id and seq > :after
     order by seq
     limit 500
    """
)


LIST_STATUSES_OF_DRIVER = Query(
    """
    select id, seq, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
           actor_label, proof_id, client_event_id, conflict
      from delivery.delivery_status
     where org_id = :org_id and driver_id = :driver_id
       and occurred_at >= :from_at and occurred_at < :to_at
     order by occurred_at, seq
     limit 2000
    """
)


LIST_CHANGES = Query(
    """
    select s.delivery_id, d.driver_id, d.status, s.received_at
      from delivery.delivery_status s
      join delivery.delivery d on d.org_id = s.org_id and d.id = s.delivery_id
     where s.org_id = :org_id and s.received_at >= :since and s.conflict is null
     order by s.seq
     limit 500
    """
)


KNOWN_EVENTS = Query(
    """
    select client_event_id
      from delivery.delivery_status
     where org_id = :org_id and client_event_id = any(:ids::uuid[])
    """
)


HAS_SERVED = Query(
    """
    select exists (
           select 1 from delivery.delivery_status
            where org_id = :org_id and delivery_id = :delivery_id and driver_id = :driver_id)
    """
)


CONFLICTED = Query(
    """
    select id, seq, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
           actor_label, proof_id, client_event_id, conflict
      from delivery.delivery_status
     where org_id = :org_id and delivery_id = :delivery_id and driver_id = :driver_id
       and conflict = 'illegal_transition' and occurred_at >= :since and seq > :after
     order by occurred_at, seq
     limit 20
    """
)


async def add_status(
    tx: Tx,
    *,
    delivery_id: UUID,
    status: Status,
    reason: str,
    point: Point | None,
    occurred_at: datetime,
    received_at: datetime,
    driver_id: UUID | None,
    proof_id: UUID | None = None,
    client_event_id: UUID | None = None,
    conflict: str | None = None,
) -> None:
    await tx.run(
        ADD_STATUS,
        id=new_id(),
        delivery_id=delivery_id,
        status=status,
        reason=reason,
        lat=point.lat if point else None,
        lon=point.lon if point else None,
        occurred_at=occurred_at,
        received_at=received_at,
        actor_kind=tx.actor.kind,
        actor_id=tx.actor.user_id,
        actor_label=tx.actor.label,
        driver_id=driver_id,
        proof_id=proof_id,
        client_event_id=client_event_id,
        conflict=conflict,
    )


async def list_statuses(tx: Tx, delivery_id: UUID, *, after: int = 0) -> list[StatusRow]:
    return await tx.many(LIST_STATUSES, StatusRow, delivery_id=delivery_id, after=after)


async def list_statuses_of_driver(
    tx: Tx, driver_id: UUID, *, from_at: datetime, to_at: datetime
) -> list[StatusRow]:
    """What happened on a driver's way, by the device's clock."""
    return await tx.many(
        LIST_STATUSES_OF_DRIVER, StatusRow, driver_id=driver_id, from_at=from_at, to_at=to_at
    )


async def list_changes(tx: Tx, since: datetime) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(LIST_CHANGES, since=since)]


async def known_events(tx: Tx, ids: list[UUID]) -> set[UUID]:
    return {row["client_event_id"] for row in await tx.records(KNOWN_EVENTS, ids=ids)}


async def has_served(tx: Tx, delivery_id: UUID, driver_id: UUID) -> bool:
    return bool(await tx.value(HAS_SERVED, delivery_id=delivery_id, driver_id=driver_id))


async def conflicted(
    tx: Tx, delivery_id: UUID, driver_id: UUID, *, since: datetime, after: int
) -> list[StatusRow]:
    return await tx.many(
        CONFLICTED,
        StatusRow,
        delivery_id=delivery_id,
        driver_id=driver_id,
        since=since,
        after=after,
    )
