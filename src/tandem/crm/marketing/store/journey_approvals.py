"""Each yes to a journey's draft that was asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.approvals import Standing
from tandem.crm.marketing.domain.journey_approvals import JourneyApproval
from tandem.crm.marketing.domain.journeys import Plan
from tandem.kernel.db import Query, Tx

_APPROVAL: LiteralString = """
    select id, journey_id, state, people, plan, segments, note, asked_by, asked_at, decided_by,
           decided_at, answer, voided_at
      from marketing.journey_approval
"""

GET = Query(_APPROVAL + "where org_id = :org_id and id = :id")
OF_JOURNEY = Query(
    _APPROVAL + "where org_id = :org_id and journey_id = :journey_id order by id desc limit 20"
)
WAITING = Query(
    _APPROVAL + "where org_id = :org_id and state = 'asked' order by id desc limit :count"
)
IN_FORCE = Query(
    _APPROVAL
    + """
     where org_id = :org_id and journey_id = :journey_id and state in ('asked', 'approved')
    """
)

INSERT = Query(
    """
    insert into marketing.journey_approval
           (org_id, id, journey_id, state, people, plan, segments, note, asked_by, asked_at)
    values (:org_id, :id, :journey_id, 'asked', :people, :plan::jsonb, :segments::jsonb, :note,
            :asked_by, :now)
    """
)

DECIDE = Query(
    """
    update marketing.journey_approval
       set state = :state, decided_by = :decided_by, decided_at = :now, answer = :answer
     where org_id = :org_id and id = :id and state = 'asked'
    """
)

VOID = Query(
    """
    update marketing.journey_approval
       set state = 'void', voided_at = :now
     where org_id = :org_id and journey_id = :journey_id and state in ('asked', 'approved')
    returning id
    """
)


async def find(tx: Tx, approval_id: UUID) -> JourneyApproval | None:
    return await tx.one_or_none(GET, JourneyApproval, id=approval_id)


async def of_journey(tx: Tx, journey_id: UUID) -> list[JourneyApproval]:
    """Newest first."""
    return await tx.many(OF_JOURNEY, JourneyApproval, journey_id=journey_id)


async def waiting(tx: Tx, count: int) -> list[JourneyApproval]:
    return await tx.many(WAITING, JourneyApproval, count=count)


async def in_force(tx: Tx, journey_id: UUID) -> JourneyApproval | None:
    """The one that is asked for or given, and void by no change."""
    return await tx.one_or_none(IN_FORCE, JourneyApproval, journey_id=journey_id)


async def insert(
    tx: Tx,
    approval_id: UUID,
    journey_id: UUID,
    *,
    people: int | None,
    plan: Plan,
    segments: Mapping[UUID, int],
    note: str,
    asked_by: UUID | None,
    now: datetime,
) -> None:
    await tx.run(
        INSERT,
        id=approval_id,
        journey_id=journey_id,
        people=people,
        plan=msgspec.to_builtins(plan),
        segments=msgspec.to_builtins(dict(segments)),
        note=note,
        asked_by=asked_by,
        now=now,
    )


async def decide(
    tx: Tx, approval_id: UUID, state: Standing, *, decided_by: UUID, answer: str, now: datetime
) -> bool:
    """False where it is no longer asked for."""
    return bool(
        await tx.run(
            DECIDE, id=approval_id, state=state, decided_by=decided_by, answer=answer, now=now
        )
    )


async def void(tx: Tx, journey_id: UUID, now: datetime) -> list[UUID]:
    return [row["id"] for row in await tx.records(VOID, journey_id=journey_id, now=now)]
