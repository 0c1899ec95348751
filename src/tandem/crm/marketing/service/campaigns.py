"""Campaigns: drafted, changed while nothing has left, read."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.marketing import CampaignCosted
from tandem.crm.marketing.domain.approvals import author_of
from tandem.crm.marketing.domain.campaigns import (
    Campaign,
    Channel,
    Kind,
    Plan,
    State,
    check_draft,
    check_instant,
    check_trial,
)
from tandem.crm.marketing.domain.permissions import READ, WRITE
from tandem.crm.marketing.store import campaigns as store
from tandem.crm.marketing.store.approvals import OF_CAMPAIGNS
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.fields import as_kept
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of


async def add_campaign(tx: Tx, plan: Plan, *, currency: str, now: datetime) -> Campaign:
    """A draft, which belongs to whoever made it."""
    tx.actor.require(WRITE)
    _check(plan)
    campaign_id = new_id()
    await store.insert(
        tx,
        campaign_id,
        plan,
        currency=currency,
        owner_id=tx.actor.user_id,
        author=author_of(tx.actor),
        now=now,
    )
    await _audit(tx, "marketing.add_campaign", campaign_id, now, after=_told(plan))
    return await _find(tx, campaign_id)


async def change_campaign(tx: Tx, campaign: Campaign, plan: Plan, *, now: datetime) -> Campaign:
    """Put a new plan in place of a draft's; an approval of the one before is void. Takes a
    campaign from `lock_campaign`."""
    tx.actor.require(WRITE)
    check_draft(campaign)
    _check(plan)
    plan = as_kept(tx.actor, plan, campaign)
    await store.save_plan(tx, campaign.id, plan, author=author_of(tx.actor), now=now)
    for one in await OF_CAMPAIGNS.void(tx, campaign.id, now):
        after: dict[str, object] = {"approval": str(one)}
        await _audit(tx, "marketing.void_approval", campaign.id, now, after=after)
    await _audit(
        tx,
        "marketing.change_campaign",
        campaign.id,
        now,
        before=_told(plan_of(campaign)),
        after=_told(plan),
    )
    return await _find(tx, campaign.id)


async def state_cost(
    tx: Tx,
    campaign: Campaign,
    *,
    cost_minor: int,
    budget_minor: int | None,
    now: datetime,
) -> Campaign:
    """What it cost and what it may cost, in minor units; at any time, the bill comes late."""
    tx.actor.require(WRITE)
    changed = msgspec.structs.replace(campaign, cost_minor=cost_minor, budget_minor=budget_minor)
    changed = as_kept(tx.actor, changed, campaign)
    await store.save_state(tx, changed, now)
    await _audit(
        tx,
        "marketing.state_cost",
        campaign.id,
        now,
        before={"cost_minor": campaign.cost_minor, "budget_minor": campaign.budget_minor},
        after={"cost_minor": cost_minor, "budget_minor": budget_minor},
    )
    await tx.publish(
        CampaignCosted(
            campaign_id=campaign.id,
            name=campaign.name,
            channel=campaign.channel,
            cost_minor=cost_minor,
            currency=campaign.currency,
            utm_source=campaign.utm.source,
            utm_medium=campaign.utm.medium,
            utm_campaign=campaign.utm.campaign,
        )
    )
    return await _find(tx, campaign.id)


async def get_campaign(tx: Tx, campaign_id: UUID) -> Campaign:
    tx.actor.require(READ)
    return await _find(tx, campaign_id)


async def lock_campaign(tx: Tx, campaign_id: UUID) -> Campaign:
    """For whoever goes on to change it: until the transaction ends nobody else does."""
    tx.actor.require(READ)
    found = await store.lock(tx, campaign_id)
    if found is None:
        raise NotFound("There is no such campaign.")
    return found


async def list_campaigns(
    tx: Tx,
    *,
    limit: int,
    cursor: str | None = None,
    state: State | None = None,
    kind: Kind | None = None,
    words: str | None = None,
) -> Page[Campaign]:
    """Newest first."""
    tx.actor.require(READ)
    before_id: UUID | None = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await store.list_campaigns(
        tx, state=state, kind=kind, words=words, before_id=before_id, count=limit + 1
    )
    return page_of(found, limit, lambda campaign: (campaign.id,))


async def at_work(tx: Tx, now: datetime) -> list[UUID]:
    """Campaigns that have something to do now."""
    tx.actor.require(READ)
    return await store.at_work(tx, now)


async def sending_by(tx: Tx, channel: str) -> list[Campaign]:
    """Campaigns at work by this channel, locked: for who stops them."""
    return await store.sending_by(tx, channel)


async def calling(tx: Tx, endpoint_id: UUID) -> list[str]:
    """The names of campaigns that call this webhook and have not ended."""
    return await store.calling(tx, endpoint_id)


async def waiting_for_way(tx: Tx) -> list[Campaign]:
    """Campaigns that an outage stopped, locked: for who lets them go on."""
    return await store.waiting_for_way(tx)


async def greeting(tx: Tx, segment_id: UUID) -> list[Campaign]:
    """Welcome campaigns that greet whoever enters this segment."""
    tx.actor.require(READ)
    return await store.greeting(tx, segment_id)


def plan_of(campaign: Campaign) -> Plan:
    """A campaign as it was planned: to change it, or to make another one like it."""
    names = set(Plan.__struct_fields__) & set(Campaign.__struct_fields__)
    row = {name: getattr(campaign, name) for name in names}
    return msgspec.convert(
        {**msgspec.to_builtins(row), "variants": [_bare(one) for one in row["variants"]]}, Plan
    )


def _bare(variant: msgspec.Struct) -> dict[str, object]:
    row: dict[str, object] = msgspec.to_builtins(variant)
    return {name: value for name, value in row.items() if name not in ("id", "position")}


def _check(plan: Plan) -> None:
    check_instant(plan.send_until, "send_until")
    check_trial(plan)
    names = [variant.name.strip().lower() for variant in plan.variants]
    if len(set(names)) != len(names):
        raise Invalid("Two variants have the same name.", field="variants")
    if set(plan.include_ids) & set(plan.exclude_ids):
        raise Invalid("A segment is both in and out.", field="exclude_ids")
    if plan.purpose == "service":
        raise Invalid("What needs no consent is no campaign.", field="purpose")
    if plan.endpoint_id is not None and plan.channel is not Channel.WEBHOOK:
        raise Invalid("Only a campaign by webhook calls one.", field="endpoint_id")
    if plan.kind is Kind.OPT_IN and plan.channel is Channel.WEBHOOK:
        raise Invalid("A webhook cannot ask anybody for consent.", field="channel")
    if plan.kind is Kind.WELCOME and not plan.is_live:
        raise Invalid("Who is welcomed comes later: it cannot be kept now.", field="is_live")


def _told(plan: Plan) -> dict[str, object]:
    """The plan without its words: they are long, and kept with the campaign."""
    row: dict[str, object] = msgspec.to_builtins(plan)
    row["variants"] = [{"name": one.name, "weight": one.weight} for one in plan.variants]
    return row


async def _find(tx: Tx, campaign_id: UUID) -> Campaign:
    found = await store.find(tx, campaign_id)
    if found is None:
        raise NotFound("There is no such campaign.")
    return found


async def _audit(
    tx: Tx,
    action: str,
    campaign_id: UUID,
    now: datetime,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="campaign",
        subject_id=campaign_id,
        now=now,
        before=before,
        after=after,
    )
