"""A second person's yes to campaigns: who they are for is asked of customers."""

from datetime import datetime
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.approvals import REASON, Approval, ApprovalNeeded, says
from tandem.crm.marketing.domain.campaigns import Campaign, check_complete
from tandem.crm.marketing.domain.permissions import WRITE
from tandem.kernel.db import Tx


async def ask(tx: Tx, campaign: Campaign, *, note: str, now: datetime) -> Approval:
    """Takes a locked campaign, and only one that could leave as it is (CampaignIncomplete)."""
    tx.actor.require(WRITE)
    check_complete(campaign, now, now)
    people, segments = await _meant(tx, campaign)
    return await marketing.ask_approval(
        tx, campaign, people=people, segments=segments, note=note, now=now
    )


async def check_approved(tx: Tx, campaign: Campaign) -> None:
    """Refuses ApprovalNeeded. What was stopped on its way by something else goes on as it was:
    its people were written down when the yes was looked at."""
    is_settled = campaign.built_at is not None and campaign.paused_for != REASON
    people = await lacking(tx, campaign, is_settled=is_settled)
    if people is not None:
        raise ApprovalNeeded(
            f"It is for {people:,} people: somebody else must approve it first.", people=people
        )


async def set_off(tx: Tx, campaign: Campaign, *, now: datetime) -> None:
    """Its people are written down: it leaves, or waits for a yes where they have become more."""
    people = await lacking(tx, campaign)
    if people is None:
        await marketing.begin_sending(tx, campaign, now=now)
        return
    await marketing.pause(tx, campaign, reason=REASON, says=says(people), now=now)


async def lacking(tx: Tx, campaign: Campaign, *, is_settled: bool = False) -> int | None:
    """How many people it is for, where it lacks a yes to that; None: it may leave. Once it
    `is_settled` who they are, what the segments say now does not matter."""
    rule = (await marketing.get_rule(tx.with_all_grants())).rule
    if rule.people_max is None:
        return None
    people, segments = await _meant(tx, campaign)
    lacks = await marketing.lacks_approval(
        tx, campaign, rule, people=people, segments=None if is_settled else segments
    )
    return people if lacks else None


async def _meant(tx: Tx, campaign: Campaign) -> tuple[int, dict[UUID, int]]:
    """How many it is for, and the versions of the rules that say who."""
    trusted = tx.with_all_grants()
    wanted = {*campaign.include_ids, *campaign.exclude_ids}
    segments = [await customers.get_segment(trusted, one) for one in sorted(wanted)]
    versions = {one.id: one.version for one in segments}
    if campaign.built_at is not None:
        counts = await marketing.counts(trusted, campaign.id)
        return sum(one.count for one in counts), versions
    people = await customers.count_audience(trusted, campaign.include_ids, campaign.exclude_ids)
    return people, versions
