"""A campaign on its way: scheduled, built, sending, stopped, ended. Each takes a locked one."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.marketing import (
    CampaignCancelled,
    CampaignEvent,
    CampaignExpired,
    CampaignFinished,
    CampaignPaused,
    CampaignProgressed,
    CampaignResumed,
    CampaignScheduled,
    CampaignStarted,
)
from tandem.crm.marketing.domain.campaigns import (
    AT_WORK,
    OUTAGE,
    Campaign,
    State,
    check_complete,
    check_move,
)
from tandem.crm.marketing.domain.permissions import SEND
from tandem.crm.marketing.domain.stopping import Ends, Stop, since, why_stop
from tandem.crm.marketing.store import campaigns as store
from tandem.crm.marketing.store import recipients
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound

WATCH = "marketing.watch"
"""The job that looks whether a campaign must stop itself (flows/campaign_stopping)."""


async def schedule(
    tx: Tx, campaign: Campaign, *, at: datetime, now: datetime, local_day: date | None = None
) -> Campaign:
    """Promise an hour; with `local_day` that of everybody's own clock on this day, and `at` is when
    it is that hour for the first. Refuses one without people or words (CampaignIncomplete)."""
    tx.actor.require(SEND)
    check_move(campaign, State.SCHEDULED)
    check_complete(campaign, at, now)
    return await _move(
        tx,
        campaign,
        State.SCHEDULED,
        now,
        [CampaignScheduled(**_named(campaign), scheduled_at=at)],
        scheduled_at=at,
        local_day=local_day,
        state_reason="",
    )


async def unschedule(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """Back to a draft; a list kept when it was scheduled is thrown away."""
    tx.actor.require(SEND)
    check_move(campaign, State.DRAFT)
    await recipients.forget_planned(tx, campaign.id)
    return await _move(
        tx,
        campaign,
        State.DRAFT,
        now,
        [],
        scheduled_at=None,
        local_day=None,
        built_through=None,
        built_at=None,
    )


async def begin(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """Its hour has come: write down whom it is for, or go on where that is done."""
    check_move(campaign, State.BUILDING)
    started = CampaignStarted(
        **_named(campaign),
        purpose=campaign.purpose,
        cost_minor=campaign.cost_minor,
        currency=campaign.currency,
        utm_source=campaign.utm.source,
        utm_medium=campaign.utm.medium,
        utm_campaign=campaign.utm.campaign,
    )
    return await _move(tx, campaign, State.BUILDING, now, [started], started_at=now)


async def expire(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """Its hour has passed by too much: nothing leaves, and its owner is told."""
    check_move(campaign, State.EXPIRED)
    assert campaign.scheduled_at, "only what had an hour can miss it"
    await recipients.drop_planned(tx, campaign.id, reason="expired", now=now)
    event = CampaignExpired(
        **_named(campaign), scheduled_at=campaign.scheduled_at, owner_id=campaign.owner_id
    )
    return await _move(tx, campaign, State.EXPIRED, now, [event], ended_at=now)


async def note_built(
    tx: Tx, campaign: Campaign, *, through: UUID | None, is_done: bool, now: datetime
) -> Campaign:
    """So far its people are written down; where it goes on after a crash."""
    if through is not None:
        await store.save_progress(tx, campaign.id, through, now)
        campaign = msgspec.structs.replace(campaign, built_through=through)
    if not is_done:
        return campaign
    campaign = msgspec.structs.replace(campaign, built_at=now)
    await store.save_state(tx, campaign, now)
    return campaign


async def begin_sending(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """Its people are written down: what is said to them may leave."""
    check_move(campaign, State.SENDING)
    return await _move(tx, campaign, State.SENDING, now, [])


async def note_released(tx: Tx, campaign: Campaign, *, now: datetime) -> None:
    """Everybody has been decided about; what is left is the ledger's."""
    await store.save_state(tx, msgspec.structs.replace(campaign, released_at=now), now)


async def pause(tx: Tx, campaign: Campaign, *, reason: str, says: str, now: datetime) -> Campaign:
    """`reason` is by_hand, errors, bounces, complaints, outage, approval or segments; `says` is
    shown."""
    tx.actor.require(SEND)
    check_move(campaign, State.PAUSED)
    event = CampaignPaused(**_named(campaign), reason=reason, owner_id=campaign.owner_id)
    return await _move(
        tx, campaign, State.PAUSED, now, [event], state_reason=says, paused_for=reason
    )


async def stay_paused(tx: Tx, campaign: Campaign, *, says: str, now: datetime) -> Campaign:
    """It would have gone on by itself, and somebody wants it to wait for them."""
    tx.actor.require(SEND)
    if campaign.paused_for != OUTAGE:
        check_move(campaign, State.PAUSED)
    return await _move(tx, campaign, State.PAUSED, now, [], state_reason=says, paused_for="by_hand")


async def resume(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """On from where it stopped. Whoever resumes after a limit was reached has seen it: from here
    on only what follows is counted."""
    tx.actor.require(SEND)
    target = State.SENDING if campaign.built_at else State.BUILDING
    check_move(campaign, target)
    await store.save_stop_base(tx, campaign.id, await ends(tx, campaign.id))
    resumed = CampaignResumed(**_named(campaign))
    return await _move(tx, campaign, target, now, [resumed], state_reason="")


async def note_progress(tx: Tx, campaign: Campaign) -> None:
    """Count its people by state; whoever watches is told when that has changed."""
    progress: Counter[str] = Counter()
    for one in await recipients.counts(tx, campaign.id):
        progress[one.state] += one.count
    if await store.note_progress(tx, campaign.id, dict(progress)):
        await tx.publish(CampaignProgressed(**_named(campaign)))


async def ends(tx: Tx, campaign_id: UUID) -> Ends:
    """How many of its messages have come to which end."""
    by_state: Counter[str] = Counter()
    for one in await recipients.counts(tx, campaign_id):
        by_state[one.state] += one.count
    return Ends(
        sent=by_state["sent"] + by_state["delivered"],
        failed=by_state["failed"],
        bounced=by_state["bounced"],
        complained=by_state["complained"],
    )


async def must_stop(tx: Tx, campaign: Campaign) -> Stop | None:
    """Which limit it has reached since it began, or was resumed."""
    if campaign.state not in AT_WORK:
        return None
    so_far, before = await ends(tx, campaign.id), await store.stop_base(tx, campaign.id)
    return why_stop(since(so_far, before), campaign.limits)


async def set_pace(
    tx: Tx, campaign: Campaign, *, per_minute: int | None, now: datetime
) -> Campaign:
    """How many may leave in a minute; None is as fast as it goes."""
    tx.actor.require(SEND)
    changed = msgspec.structs.replace(campaign, per_minute=per_minute)
    await store.save_state(tx, changed, now)
    await audit.write(
        tx,
        action="marketing.set_pace",
        subject_kind="campaign",
        subject_id=campaign.id,
        now=now,
        before={"per_minute": campaign.per_minute},
        after={"per_minute": per_minute},
    )
    return msgspec.structs.replace(changed, version=campaign.version + 1)


async def cancel(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """For good: whoever was not written to yet never is."""
    tx.actor.require(SEND)
    check_move(campaign, State.CANCELLED)
    await recipients.drop_planned(tx, campaign.id, reason="cancelled", now=now)
    cancelled = CampaignCancelled(**_named(campaign))
    return await _move(tx, campaign, State.CANCELLED, now, [cancelled], ended_at=now)


async def finish(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """Every message has come to an end."""
    check_move(campaign, State.DONE)
    finished = CampaignFinished(**_named(campaign))
    return await _move(tx, campaign, State.DONE, now, [finished], ended_at=now)


async def _move(
    tx: Tx,
    campaign: Campaign,
    target: State,
    now: datetime,
    events: Sequence[CampaignEvent],
    **changes: Any,
) -> Campaign:
    if target is not State.PAUSED:
        changes["paused_for"] = ""
    moved = msgspec.structs.replace(campaign, state=target, **changes)
    await store.save_state(tx, moved, now)
    await audit.write(
        tx,
        action=f"marketing.{target}",
        subject_kind="campaign",
        subject_id=campaign.id,
        now=now,
        before={"state": campaign.state},
        after={"state": target, "reason": moved.state_reason},
    )
    await tx.publish(*events)
    found = await store.find(tx, campaign.id)
    if found is None:
        raise NotFound("There is no such campaign.")
    return found


def _named(campaign: Campaign) -> dict[str, Any]:
    return {"campaign_id": campaign.id, "name": campaign.name, "channel": campaign.channel}
