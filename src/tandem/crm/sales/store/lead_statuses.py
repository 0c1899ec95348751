"""Statuses of leads."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.lead_statuses import Status
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select id, name, kind, colour, position, version
      from sales.lead_status
     where org_id = :org_id and retired_at is null
     order by position
    """
)

# Whoever makes the first statuses, or changes them, waits here for the other one.
LOCK = Query("select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text, 42))")

SAVE = Query(
    """
    insert into sales.lead_status (org_id, id, name, kind, colour, position)
    select :org_id, id, name, kind, colour, position
      from jsonb_to_recordset(:statuses::jsonb)
           as given (id uuid, name text, kind text, colour text, position int)
        on conflict (org_id, id) do update
       set name = excluded.name, colour = excluded.colour, position = excluded.position,
           version = lead_status.version + 1
    """
)

# Two steps, because two statuses may not have one name even for a moment.
LOOSEN = Query(
    """
    update sales.lead_status set name = '~' || id::text
     where org_id = :org_id and retired_at is null
    """
)

USED = Query(
    """
    select s.id from sales.lead_status s
     where s.org_id = :org_id and s.id = any(:ids::uuid[])
       and (exists (select from sales.lead l where l.org_id = :org_id and l.status_id = s.id)
            or exists (select from sales.lead_status r
                        where r.org_id = :org_id and r.successor_id = s.id)
            or exists (select from sales.conversion c
                        where c.org_id = :org_id and c.undone_at is null
                          and c.before ->> 'status_id' = s.id::text))
    """
)

HAND_OVER = Query(
    """
    update sales.lead set status_id = :into, version = version + 1, updated_at = :now
     where org_id = :org_id and status_id = :source
    """
)

# Whoever was followed by the one that goes now is followed by its successor.
RETIRE = Query(
    """
    update sales.lead_status
       set retired_at = coalesce(retired_at, :now), successor_id = :into, version = version + 1
     where org_id = :org_id and (id = :source or successor_id = :source)
    """
)

SUCCESSOR = Query(
    """
    select successor_id from sales.lead_status
     where org_id = :org_id and id = :id and retired_at is not null
    """
)

DELETE = Query("delete from sales.lead_status where org_id = :org_id and id = any(:ids::uuid[])")


async def list_statuses(tx: Tx) -> list[Status]:
    return await tx.many(LIST, Status)


async def lock(tx: Tx) -> None:
    await tx.value(LOCK)


async def save(tx: Tx, statuses: Sequence[Status]) -> None:
    await tx.run(LOOSEN)
    await tx.run(SAVE, statuses=msgspec.to_builtins(statuses))


async def used(tx: Tx, ids: Sequence[UUID]) -> set[UUID]:
    return {row["id"] for row in await tx.records(USED, ids=list(ids))}


async def retire(tx: Tx, source: UUID, into: UUID, now: datetime) -> int:
    """How many leads went over."""
    count = await tx.run(HAND_OVER, source=source, into=into, now=now)
    await tx.run(RETIRE, source=source, into=into, now=now)
    return count


async def successor(tx: Tx, status_id: UUID) -> UUID | None:
    found: UUID | None = await tx.value(SUCCESSOR, id=status_id)
    return found


async def delete(tx: Tx, ids: Sequence[UUID]) -> None:
    await tx.run(DELETE, ids=list(ids))
