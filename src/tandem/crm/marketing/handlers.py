"""What marketing learns of its messages from notifications' ledger."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from tandem.contracts.notifications import (
    MessageBounced,
    MessageComplained,
    MessageDelivered,
    MessageEngaged,
    MessageEvent,
    MessageFailed,
    MessageSent,
    MessageSkipped,
    MessageUnknown,
)
from tandem.crm.marketing import service
from tandem.crm.marketing.domain.campaigns import campaign_of, journey_of
from tandem.crm.marketing.domain.engagement import Hit, Type
from tandem.crm.marketing.domain.recipients import State
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe, subscribe_many

M = TypeVar("M", bound=MessageEvent)
KINDS: Mapping[str, Type] = {
    "opened": "open",
    "clicked": "click",
    "unsubscribed": "unsubscribe",
}


@subscribe_many(MessageSent, "marketing.follow_sent")
async def follow_sent(tx: Tx, events: Sequence[MessageSent], now: datetime) -> None:
    await service.follow(tx, _told(events), State.SENT, now=now)
    for event in events:
        journey_id = journey_of(event.feed)
        if journey_id is not None:
            await service.reached_by_journey(tx, event, journey_id, now=now)


@subscribe_many(MessageDelivered, "marketing.follow_delivered")
async def follow_delivered(tx: Tx, events: Sequence[MessageDelivered], now: datetime) -> None:
    await service.follow(tx, _told(events), State.DELIVERED, now=now)


@subscribe_many(MessageSkipped, "marketing.follow_skipped")
async def follow_skipped(tx: Tx, events: Sequence[MessageSkipped], now: datetime) -> None:
    told = {event.message_id: event.reason or "skipped" for event in _of_campaigns(events)}
    await service.follow(tx, told, State.SKIPPED, now=now)


@subscribe_many(MessageUnknown, "marketing.follow_unknown")
async def follow_unknown(tx: Tx, events: Sequence[MessageUnknown], now: datetime) -> None:
    await service.follow(tx, _told(events), State.UNKNOWN, now=now)


@subscribe_many(MessageFailed, "marketing.follow_failed")
async def follow_failed(tx: Tx, events: Sequence[MessageFailed], now: datetime) -> None:
    told = {event.message_id: event.reason for event in _of_campaigns(events)}
    await _went_wrong(tx, told, State.FAILED, now)


@subscribe_many(MessageBounced, "marketing.follow_bounced")
async def follow_bounced(tx: Tx, events: Sequence[MessageBounced], now: datetime) -> None:
    told = {event.message_id: event.bounce for event in _of_campaigns(events)}
    await _went_wrong(tx, told, State.BOUNCED, now)


@subscribe_many(MessageComplained, "marketing.follow_complained")
async def follow_complained(tx: Tx, events: Sequence[MessageComplained], now: datetime) -> None:
    told = dict.fromkeys(_told(events), "complained")
    await _went_wrong(tx, told, State.COMPLAINED, now)


@subscribe(MessageEngaged, "marketing.note_engaged")
async def note_engaged(tx: Tx, event: MessageEngaged, now: datetime) -> None:
    """A provider that counts openings and clicks itself tells of them, and a link that was used to
    say no."""
    kind = KINDS.get(event.action)
    if kind is None or not event.feed:
        return
    hit = Hit(method="GET", user_agent=event.user_agent, address=event.address, at=event.at)
    occasion = f"{event.message_id}:{event.action}:{event.at.isoformat()}:{event.url}"
    await service.record_told(
        tx,
        message_id=event.message_id,
        feed=event.feed,
        kind=kind,
        url=event.url[:4000],
        hit=hit,
        event=hashlib.sha256(occasion.encode()).hexdigest(),
        purpose=event.purpose,
    )


def _of_campaigns(events: Sequence[M]) -> list[M]:
    return [event for event in events if campaign_of(event.feed)]


def _told(events: Sequence[MessageEvent]) -> dict[UUID, str]:
    """Of campaigns' messages there is nothing more to say."""
    return {event.message_id: "" for event in _of_campaigns(events)}


async def _went_wrong(tx: Tx, told: Mapping[UUID, str], state: State, now: datetime) -> None:
    """Kept, and the campaign looked at: it may be time to stop. One look for many of them."""
    short = {message_id: reason[:200] for message_id, reason in told.items()}
    found = await service.follow(tx, short, state, now=now)
    for campaign_id in sorted({one.campaign_id for one in found}):
        await jobs.enqueue(tx, service.WATCH, dedupe=str(campaign_id), campaign_id=str(campaign_id))
