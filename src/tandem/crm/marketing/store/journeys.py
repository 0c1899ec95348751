"""Journeys and their published versions."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.journeys import Journey, Plan, State
from tandem.kernel.db import Query, Tx

JOURNEY: LiteralString = """
    select id, name, state, plan, published, owner_id, version, created_at, updated_at,
           enrolled_through, is_enrolling, created_by, changed_by
      from marketing.journey
"""

GET = Query(JOURNEY + "where org_id = :org_id and id = :id")
LOCK = Query(JOURNEY + "where org_id = :org_id and id = :id for update")
LIST = Query(
    JOURNEY
    + """
     where org_id = :org_id and (:before::uuid is null or id < :before)
     order by id desc
     limit :count
    """
)
LIVE = Query(
    JOURNEY
    + """
     where org_id = :org_id and state in ('running', 'paused')
     order by id
     limit 500
    """
)
ENROLLING = Query(
    "select id from marketing.journey where org_id = :org_id and state = 'running' and is_enrolling"
)

INSERT = Query(
    """
    insert into marketing.journey
           (org_id, id, name, state, plan, owner_id, created_by, changed_by, created_at, updated_at)
    values (:org_id, :id, :name, 'draft', :plan::jsonb, :owner_id, :author, :author, :now, :now)
    """
)

SAVE = Query(
    """
    update marketing.journey
       set name = :name, state = :state, plan = :plan::jsonb, published = :published,
           is_enrolling = :is_enrolling, enrolled_through = :enrolled_through,
           changed_by = :changed_by, version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

NOTE_ENROLLED = Query(
    """
    update marketing.journey
       set enrolled_through = :through, is_enrolling = :is_enrolling
     where org_id = :org_id and id = :id
    """
)

PUBLISH = Query(
    """
    insert into marketing.journey_version
           (org_id, journey_id, number, plan, published_by, published_at)
    values (:org_id, :journey_id, :number, :plan::jsonb, :by, :now)
    """
)

VERSION = Query(
    """
    select plan
      from marketing.journey_version
     where org_id = :org_id and journey_id = :journey_id and number = :number
    """
)


class _Version(msgspec.Struct, frozen=True):
    plan: Plan


async def get(tx: Tx, journey_id: UUID) -> Journey | None:
    return await tx.one_or_none(GET, Journey, id=journey_id)


async def lock(tx: Tx, journey_id: UUID) -> Journey | None:
    return await tx.one_or_none(LOCK, Journey, id=journey_id)


async def list_journeys(tx: Tx, *, before: UUID | None, count: int) -> list[Journey]:
    return await tx.many(LIST, Journey, before=before, count=count)


async def live(tx: Tx) -> list[Journey]:
    return await tx.many(LIVE, Journey)


async def enrolling(tx: Tx) -> list[UUID]:
    return [row["id"] for row in await tx.records(ENROLLING)]


async def insert(
    tx: Tx,
    journey_id: UUID,
    name: str,
    plan: Plan,
    *,
    owner_id: UUID | None,
    author: UUID | None,
    now: datetime,
) -> None:
    """`author` is the person behind it, also where a key made it, which then owns it."""
    await tx.run(
        INSERT, id=journey_id, name=name, plan=_told(plan), owner_id=owner_id, author=author,
        now=now,
    )  # fmt: skip


async def save(tx: Tx, journey: Journey, now: datetime) -> None:
    await tx.run(
        SAVE,
        id=journey.id,
        name=journey.name,
        state=State(journey.state),
        plan=_told(journey.plan),
        published=journey.published,
        is_enrolling=journey.is_enrolling,
        enrolled_through=journey.enrolled_through,
        changed_by=journey.changed_by,
        now=now,
    )


async def note_enrolled(
    tx: Tx, journey_id: UUID, *, through: UUID | None, is_enrolling: bool
) -> None:
    await tx.run(NOTE_ENROLLED, id=journey_id, through=through, is_enrolling=is_enrolling)


async def publish(tx: Tx, journey_id: UUID, number: int, plan: Plan, now: datetime) -> None:
    await tx.run(
        PUBLISH,
        journey_id=journey_id,
        number=number,
        plan=_told(plan),
        by=tx.actor.label,
        now=now,
    )


async def version(tx: Tx, journey_id: UUID, number: int) -> Plan | None:
    found = await tx.one_or_none(VERSION, _Version, journey_id=journey_id, number=number)
    return found.plan if found else None


def _told(plan: Plan) -> Any:
    return msgspec.to_builtins(plan)
