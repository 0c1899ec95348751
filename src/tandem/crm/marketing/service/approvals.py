"""A second person's yes: from how many people on, asked for, given or declined, and its history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.marketing import CampaignApprovalAsked, CampaignApprovalDecided
from tandem.crm.marketing.domain.approvals import (
    MAY_BE_ASKED,
    Approval,
    ApprovalNotAsked,
    ApprovalRule,
    ApprovalSettled,
    Decision,
    RuleKept,
    Standing,
    author_of,
    changes,
    check_second,
    covers,
    is_needed,
)
from tandem.crm.marketing.domain.campaigns import Campaign
from tandem.crm.marketing.domain.permissions import APPROVE, READ, WRITE
from tandem.crm.marketing.service.campaigns import lock_campaign, plan_of
from tandem.crm.marketing.store.approvals import OF_CAMPAIGNS, read_rule, save_rule
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound, StaleVersion
from tandem.kernel.ids import new_id

SETS_RULE = "identity.settings"
"""Not marketing's own: whoever sends campaigns does not decide who looks at them."""
WAITING_MAX = 50


async def get_rule(tx: Tx) -> RuleKept:
    tx.actor.require(READ)
    return await read_rule(tx)


async def set_rule(tx: Tx, rule: ApprovalRule, *, version: int, now: datetime) -> RuleKept:
    """Holds at once, for what is scheduled too. Refuses with StaleVersion."""
    tx.actor.require(SETS_RULE)
    before = await read_rule(tx)
    saved = await save_rule(tx, rule, version=version, now=now)
    if before.version != version or saved is None:
        raise StaleVersion("Somebody has changed the rule meanwhile. Look at it again.")
    await audit.write(
        tx,
        action="marketing.set_approval_rule",
        subject_kind="approval_rule",
        subject_id=tx.actor.org_id,
        before=msgspec.to_builtins(before.rule),
        after=msgspec.to_builtins(rule),
        now=now,
    )
    return RuleKept(rule=rule, version=saved)


async def ask_approval(
    tx: Tx,
    campaign: Campaign,
    *,
    people: int,
    segments: Mapping[UUID, int],
    note: str,
    now: datetime,
) -> Approval:
    """For a locked campaign as it stands now; one asked for before is void."""
    tx.actor.require(WRITE)
    if campaign.state not in MAY_BE_ASKED:
        raise ApprovalNotAsked("It has left already.")
    await OF_CAMPAIGNS.void(tx, campaign.id, now)
    approval_id = new_id()
    asker = author_of(tx.actor)
    await OF_CAMPAIGNS.insert(
        tx,
        approval_id,
        campaign.id,
        people=people,
        plan=plan_of(campaign),
        segments=segments,
        note=note,
        asked_by=asker,
        now=now,
    )
    await _audit(tx, "marketing.ask_approval", campaign.id, now, people=people, note=note)
    hands = {campaign.created_by, campaign.changed_by, campaign.owner_id, asker}
    await tx.publish(
        CampaignApprovalAsked(
            **_named(campaign),
            approval_id=approval_id,
            people=people,
            asked_by=asker,
            not_by=sorted(one for one in hands if one is not None),
        )
    )
    return await get_approval(tx, approval_id)


async def decide_approval(
    tx: Tx, approval_id: UUID, decision: Decision, *, now: datetime
) -> Approval:
    """Refuses OwnApproval, and ApprovalSettled where the campaign was changed meanwhile."""
    tx.actor.require(APPROVE)
    approval = await get_approval(tx, approval_id)
    campaign = await lock_campaign(tx, approval.campaign_id)
    hands = (campaign.created_by, campaign.changed_by, campaign.owner_id, approval.asked_by)
    who = check_second(hands, author_of(tx.actor))
    state = Standing.APPROVED if decision.is_approved else Standing.DECLINED
    if not await OF_CAMPAIGNS.decide(
        tx, approval_id, state, decided_by=who, answer=decision.note, now=now
    ):
        raise ApprovalSettled("It was answered, or the campaign was changed, meanwhile.")
    await _audit(
        tx, f"marketing.{state}", campaign.id, now, people=approval.people, note=decision.note
    )
    told = {one for one in (approval.asked_by, campaign.owner_id) if one not in (None, who)}
    await tx.publish(
        CampaignApprovalDecided(
            **_named(campaign),
            approval_id=approval_id,
            is_approved=decision.is_approved,
            told=sorted(one for one in told if one is not None),
        )
    )
    return await get_approval(tx, approval_id)


async def get_approval(tx: Tx, approval_id: UUID) -> Approval:
    tx.actor.require(READ)
    found = await OF_CAMPAIGNS.find(tx, approval_id)
    if found is None:
        raise NotFound("There is no such approval.")
    listed = await list_approvals(tx, found.campaign_id)
    return next((one for one in listed if one.id == found.id), found)


async def list_approvals(tx: Tx, campaign_id: UUID) -> list[Approval]:
    """Newest first, each with what had changed since the decision before."""
    tx.actor.require(READ)
    found = await OF_CAMPAIGNS.of_subject(tx, campaign_id)
    told: list[Approval] = []
    for place, one in enumerate(found):
        before = next((older for older in found[place + 1 :] if older.decided_at), None)
        changed = changes(before.plan, one.plan) if before else []
        told.append(msgspec.structs.replace(one, changes=changed))
    return told


async def waiting_approvals(tx: Tx) -> list[Approval]:
    """What waits for somebody's yes, newest first."""
    tx.actor.require(READ)
    return await OF_CAMPAIGNS.waiting(tx, WAITING_MAX)


async def lacks_approval(
    tx: Tx,
    campaign: Campaign,
    rule: ApprovalRule,
    *,
    people: int,
    segments: Mapping[UUID, int] | None,
) -> bool:
    """Whether it needs a yes and has none that covers it. Without `segments` only the people
    count: they have been written down."""
    if not is_needed(rule, campaign.kind, people):
        return False
    given = await OF_CAMPAIGNS.in_force(tx, campaign.id)
    if given is None:
        return True
    return not covers(given, people, given.segments if segments is None else segments)


async def _audit(tx: Tx, action: str, campaign_id: UUID, now: datetime, **after: object) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="campaign",
        subject_id=campaign_id,
        now=now,
        after=after,
    )


def _named(campaign: Campaign) -> dict[str, Any]:
    return {"campaign_id": campaign.id, "name": campaign.name, "channel": campaign.channel}
