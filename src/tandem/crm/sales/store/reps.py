"""Availability of the people who work leads, and what each carries."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.reps import Absence, Availability
from tandem.kernel.calendars import Calendar
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select user_id, hours, lead_cap
      from sales.rep
     where org_id = :org_id and (:user_ids::uuid[] is null or user_id = any(:user_ids))
     order by user_id
     limit 1000
    """
)

SAVE = Query(
    """
    insert into sales.rep (org_id, user_id, hours, lead_cap)
    values (:org_id, :user_id, :hours::jsonb, :lead_cap)
        on conflict (org_id, user_id) do update
       set hours = excluded.hours, lead_cap = excluded.lead_cap
    """
)

ABSENCES = Query(
    """
    select id, user_id, from_at, until_at, note
      from sales.absence
     where org_id = :org_id and (:user_ids::uuid[] is null or user_id = any(:user_ids))
       and until_at > :now
     order by from_at, id
     limit 5000
    """
)

ADD_ABSENCE = Query(
    """
    insert into sales.absence (org_id, id, user_id, from_at, until_at, note)
    values (:org_id, :id, :user_id, :from_at, :until_at, :note)
    """
)

REMOVE_ABSENCE = Query(
    "delete from sales.absence where org_id = :org_id and user_id = :user_id and id = :id"
)

LOADS = Query(
    """
    select owner_id as user_id, count(*)::int as load
      from sales.lead
     where org_id = :org_id and owner_id = any(:user_ids::uuid[])
       and kind in ('open', 'qualified') and merged_into_id is null and erased_at is null
     group by owner_id
    """
)


class _Rep(msgspec.Struct, frozen=True):
    user_id: UUID
    hours: Calendar | None
    lead_cap: int | None


class _Load(msgspec.Struct, frozen=True):
    user_id: UUID
    load: int


async def availabilities(
    tx: Tx, user_ids: Sequence[UUID] | None = None
) -> dict[UUID, Availability]:
    """Of these people, or of all. Who said nothing is absent from the answer."""
    rows = await tx.many(LIST, _Rep, user_ids=None if user_ids is None else list(user_ids))
    return {row.user_id: Availability(hours=row.hours, lead_cap=row.lead_cap) for row in rows}


async def save(tx: Tx, user_id: UUID, availability: Availability) -> None:
    hours = None if availability.hours is None else msgspec.to_builtins(availability.hours)
    await tx.run(SAVE, user_id=user_id, hours=hours, lead_cap=availability.lead_cap)


async def absences(
    tx: Tx, now: datetime, user_ids: Sequence[UUID] | None = None
) -> dict[UUID, list[Absence]]:
    """Those that are not over, of these people or of all, in order."""
    rows = await tx.many(
        ABSENCES, Absence, now=now, user_ids=None if user_ids is None else list(user_ids)
    )
    found: dict[UUID, list[Absence]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append(row)
    return found


async def add_absence(tx: Tx, absence: Absence) -> None:
    await tx.run(ADD_ABSENCE, **msgspec.structs.asdict(absence))


async def remove_absence(tx: Tx, user_id: UUID, absence_id: UUID) -> bool:
    return bool(await tx.run(REMOVE_ABSENCE, user_id=user_id, id=absence_id))


async def loads(tx: Tx, user_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Open leads of each; who has none is absent from the answer."""
    return {row.user_id: row.load for row in await tx.many(LOADS, _Load, user_ids=list(user_ids))}
