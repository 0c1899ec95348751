"""Whom a campaign reaches: written down, decided about, followed, explained."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tandem.contracts.marketing import CampaignReached
from tandem.contracts.notifications import MessageSent
from tandem.crm.marketing.domain.campaigns import Campaign
from tandem.crm.marketing.domain.permissions import READ
from tandem.crm.marketing.domain.recipients import Count, Decided, Recipient, State
from tandem.crm.marketing.domain.splitting import is_held_out, variant_for
from tandem.crm.marketing.domain.trials import is_sampled
from tandem.crm.marketing.store import recipients as store
from tandem.crm.marketing.store.recipients import Followed, Taken
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.pages import Page, decode_cursor, page_of


async def plan_recipients(
    tx: Tx, campaign: Campaign, customer_ids: Sequence[UUID], *, now: datetime
) -> int:
    """Write down who is in, each once and with the variant that is theirs, which whoever waits for
    the end of a trial has not yet; how many were new."""
    rows: list[tuple[UUID, UUID | None, State]] = []
    for customer_id in customer_ids:
        if is_held_out(campaign.id, customer_id, campaign.holdout_percent):
            rows.append((customer_id, None, State.HOLDOUT))
        elif campaign.trial and not is_sampled(
            campaign.id, customer_id, campaign.trial.sample_percent
        ):
            rows.append((customer_id, None, State.PLANNED))
        else:
            variant = variant_for(campaign.id, customer_id, campaign.variants)
            rows.append((customer_id, variant.id, State.PLANNED))
    return await store.plan(tx, campaign.id, campaign.channel, rows, now)


async def take_planned(tx: Tx, campaign: Campaign, count: int) -> list[Recipient]:
    """Some that nothing was decided about yet, locked against every other worker. Whoever waits
    for the end of a trial is not among them before it has a winner, which then is their variant."""
    return await store.take_planned(tx, campaign.id, campaign.winner_id, count)


async def decide(tx: Tx, campaign: Campaign, decided: Sequence[Decided], *, now: datetime) -> int:
    return await store.decide(tx, campaign.id, campaign.winner_id, decided, now)


async def waits_for_trial(tx: Tx, campaign_id: UUID) -> bool:
    """Somebody has no variant yet."""
    return await store.waits_for_trial(tx, campaign_id)


async def is_sample_sent(tx: Tx, campaign_id: UUID) -> bool:
    """Nobody of the sample waits to be written to; whom a rule holds back is not waited for."""
    return await store.is_sample_sent(tx, campaign_id)


async def follow(
    tx: Tx, told: Mapping[UUID, str], state: State, *, now: datetime
) -> list[Followed]:
    """Messages of campaigns came further, each with a reason; absent is what is none's, or is
    further already."""
    found = await store.follow(tx, told, state, now=now) if told else []
    if state is State.SENT:
        await tx.publish(*(_reached(one, now) for one in found))
    return found


async def reached_by_journey(tx: Tx, sent: MessageSent, journey_id: UUID, *, now: datetime) -> None:
    """Told as a campaign's message is; who walks has no row here."""
    await tx.publish(
        CampaignReached(
            message_id=sent.message_id,
            customer_id=sent.customer_id,
            campaign_id=None,
            journey_id=journey_id,
            variant_id=None,
            channel=sent.channel,
            at=now,
        )
    )


def _reached(one: Followed, now: datetime) -> CampaignReached:
    return CampaignReached(
        message_id=one.message_id,
        customer_id=one.customer_id,
        campaign_id=one.campaign_id,
        journey_id=None,
        variant_id=one.variant_id,
        channel=one.channel,
        at=now,
    )


async def counts(tx: Tx, campaign_id: UUID) -> list[Count]:
    """How many by state, reason and variant."""
    tx.actor.require(READ)
    return await store.counts(tx, campaign_id)


async def has_open(tx: Tx, campaign_id: UUID) -> bool:
    """Whether anybody is still to be written to."""
    return await store.has_open(tx, campaign_id)


async def list_recipients(
    tx: Tx,
    campaign_id: UUID,
    *,
    limit: int,
    cursor: str | None = None,
    state: State | None = None,
    reason: str | None = None,
    variant_id: UUID | None = None,
) -> Page[Recipient]:
    tx.actor.require(READ)
    after: UUID | None = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await store.list_recipients(
        tx,
        campaign_id,
        state=state,
        reason=reason,
        variant_id=variant_id,
        after_id=after,
        count=limit + 1,
    )
    return page_of(found, limit, lambda recipient: (recipient.customer_id,))


async def get_recipient(tx: Tx, campaign_id: UUID, customer_id: UUID) -> Recipient:
    tx.actor.require(READ)
    found = await store.find(tx, campaign_id, customer_id)
    if found is None:
        raise NotFound("This person is not in the campaign.")
    return found


async def trace(tx: Tx, campaign_id: UUID, customer_id: UUID) -> list[dict[str, object]]:
    """Every rule that was asked about somebody when it was decided, in order."""
    tx.actor.require(READ)
    return await store.trace(tx, campaign_id, customer_id)


async def by_message(tx: Tx, message_id: UUID) -> Followed | None:
    return await store.by_message(tx, message_id)


async def taken_by(tx: Tx, customer_id: UUID) -> list[Taken]:
    """The campaigns somebody was in, newest first."""
    return await store.of_customer(tx, customer_id)


async def move_recipients(
    tx: Tx, source_id: UUID, into_id: UUID, campaign_ids: Sequence[UUID] | None
) -> list[UUID]:
    return await store.move(tx, source_id, into_id, campaign_ids)
