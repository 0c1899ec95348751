"""What marketing learns of its messages from notifications' ledger."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from tandem.contracts.notifications import (
    MessageBounced,
    MessageComplained,
    MessageDelivered,
    MessageEngaged,
    MessageFailed,
    MessageSent,
    MessageSkipped,
    MessageUnknown,
)
from tandem.crm.marketing import service
from tandem.crm.marketing.domain.campaigns import campaign_of
from tandem.crm.marketing.domain.engagement import Hit, Type
from tandem.crm.marketing.domain.recipients import State
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe

KINDS: Mapping[str, Type] = {
    "opened": "open",
    "clicked": "click",
    "unsubscribed": "unsubscribe",
}


@subscribe(MessageSent, "marketing.follow_sent")
async def follow_sent(tx: Tx, event: MessageSent, now: datetime) -> None:
    if campaign_of(event.feed):
        await service.follow(tx, event.message_id, State.SENT, now=now)


@subscribe(MessageDelivered, "marketing.follow_delivered")
async def follow_delivered(tx: Tx, event: MessageDelivered, now: datetime) -> None:
    if campaign_of(event.feed):
        await service.follow(tx, event.message_id, State.DELIVERED, now=now)


@subscribe(MessageSkipped, "marketing.follow_skipped")
async def follow_skipped(tx: Tx, event: MessageSkipped, now: datetime) -> None:
    if campaign_of(event.feed):
        await service.follow(
            tx, event.message_id, State.SKIPPED, reason=event.reason or "skipped", now=now
        )


@subscribe(MessageUnknown, "marketing.follow_unknown")
async def follow_unknown(tx: Tx, event: MessageUnknown, now: datetime) -> None:
    if campaign_of(event.feed):
        await service.follow(tx, event.message_id, State.UNKNOWN, now=now)


@subscribe(MessageFailed, "marketing.follow_failed")
async def follow_failed(tx: Tx, event: MessageFailed, now: datetime) -> None:
    await _went_wrong(tx, event, State.FAILED, event.reason, now)


@subscribe(MessageBounced, "marketing.follow_bounced")
async def follow_bounced(tx: Tx, event: MessageBounced, now: datetime) -> None:
    await _went_wrong(tx, event, State.BOUNCED, event.bounce, now)


@subscribe(MessageComplained, "marketing.follow_complained")
async def follow_complained(tx: Tx, event: MessageComplained, now: datetime) -> None:
    await _went_wrong(tx, event, State.COMPLAINED, "complained", now)


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


async def _went_wrong(
    tx: Tx,
    event: MessageFailed | MessageBounced | MessageComplained,
    state: State,
    reason: str,
    now: datetime,
) -> None:
    """Kept, and the campaign looked at: it may be time to stop. One look for many of them."""
    campaign_id = campaign_of(event.feed)
    if campaign_id is None:
        return
    if await service.follow(tx, event.message_id, state, reason=reason[:200], now=now):
        await jobs.enqueue(tx, service.WATCH, dedupe=str(campaign_id), campaign_id=str(campaign_id))
