"""From how many people on campaigns need a yes, and each yes that was asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.approvals import Approval, ApprovalRule, RuleKept, Standing
from tandem.crm.marketing.domain.campaigns import Plan
from tandem.kernel.db import Query, Tx

RULE = Query("select people_max, version from marketing.approval_rule where org_id = :org_id")

SAVE_RULE = Query(
    """
    insert into marketing.approval_rule as kept (org_id, people_max, version, updated_at)
    values (:org_id, :people_max, 1, :now)
        on conflict (org_id) do update
       set people_max = excluded.people_max, version = kept.version + 1,
           updated_at = excluded.updated_at
     where kept.version = :version
    returning version
    """
)

_APPROVAL: LiteralString = """
    select id, campaign_id, state, people, plan, segments, note, asked_by, asked_at, decided_by,
           decided_at, answer, voided_at
      from marketing.campaign_approval
"""

GET = Query(_APPROVAL + "where org_id = :org_id and id = :id")
OF_CAMPAIGN = Query(
    _APPROVAL + "where org_id = :org_id and campaign_id = :campaign_id order by id desc limit 20"
)
WAITING = Query(
    _APPROVAL + "where org_id = :org_id and state = 'asked' order by id desc limit :count"
)
IN_FORCE = Query(
    _APPROVAL
    + """
     where org_id = :org_id and campaign_id = :campaign_id and state in ('asked', 'approved')
    """
)

INSERT = Query(
    """
    insert into marketing.campaign_approval
           (org_id, id, campaign_id, state, people, plan, segments, note, asked_by, asked_at)
    values (:org_id, :id, :campaign_id, 'asked', :people, :plan::jsonb, :segments::jsonb, :note,
            :asked_by, :now)
    """
)

DECIDE = Query(
    """
    update marketing.campaign_approval
       set state = :state, decided_by = :decided_by, decided_at = :now, answer = :answer
     where org_id = :org_id and id = :id and state = 'asked'
    """
)

VOID = Query(
    """
    update marketing.campaign_approval
       set state = 'void', voided_at = :now
     where org_id = :org_id and campaign_id = :campaign_id and state in ('asked', 'approved')
    returning id
    """
)


async def read_rule(tx: Tx) -> RuleKept:
    found = await tx.records(RULE)
    if not found:
        return RuleKept(rule=ApprovalRule(), version=0)
    return RuleKept(
        rule=ApprovalRule(people_max=found[0]["people_max"]), version=found[0]["version"]
    )


async def save_rule(tx: Tx, rule: ApprovalRule, *, version: int, now: datetime) -> int | None:
    """The new version; None when somebody saved another one meanwhile."""
    found: int | None = await tx.value(
        SAVE_RULE, people_max=rule.people_max, version=version, now=now
    )
    return found


async def find(tx: Tx, approval_id: UUID) -> Approval | None:
    return await tx.one_or_none(GET, Approval, id=approval_id)


async def of_campaign(tx: Tx, campaign_id: UUID) -> list[Approval]:
    """Newest first."""
    return await tx.many(OF_CAMPAIGN, Approval, campaign_id=campaign_id)


async def waiting(tx: Tx, count: int) -> list[Approval]:
    return await tx.many(WAITING, Approval, count=count)


async def in_force(tx: Tx, campaign_id: UUID) -> Approval | None:
    """The one that is asked for or given, and void by no change."""
    return await tx.one_or_none(IN_FORCE, Approval, campaign_id=campaign_id)


async def insert(
    tx: Tx,
    approval_id: UUID,
    campaign_id: UUID,
    *,
    people: int,
    plan: Plan,
    segments: Mapping[UUID, int],
    note: str,
    asked_by: UUID | None,
    now: datetime,
) -> None:
    await tx.run(
        INSERT,
        id=approval_id,
        campaign_id=campaign_id,
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


async def void(tx: Tx, campaign_id: UUID, now: datetime) -> list[UUID]:
    return [row["id"] for row in await tx.records(VOID, campaign_id=campaign_id, now=now)]
