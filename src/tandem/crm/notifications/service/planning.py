"""Planning messages, streams of them, and taking back what has not left yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tandem.contracts.notifications import MessageSkipped
from tandem.crm.notifications.domain.domain_limits import DomainWait
from tandem.crm.notifications.domain.messages import Channel, Lane, Message, State
from tandem.crm.notifications.domain.outgoing import (
    FEED_LENGTH_MAX,
    PLANNED_MAX,
    Outgoing,
    planned,
)
from tandem.crm.notifications.service.telling import facts_of
from tandem.crm.notifications.store import domain_limits, ledger
from tandem.crm.notifications.store.ledger import Feed, Tally
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

SEND_LANE = "notifications.send_lane"
"""The job that empties a lane (flows/send_messages)."""
FIRST = 10
"""A code's job goes before every other job of the suite."""


async def plan(tx: Tx, outgoing: Sequence[Outgoing], *, now: datetime) -> list[UUID]:
    """Put messages into the ledger, in one statement; their ids, in order.

    Commits with the caller's change and leaves afterwards. What was planned before under the same
    `dedupe` and channel is not planned again: its id is the first one's. At most 1,000.
    """
    tx.actor.require("notifications.send")
    return [message_id for message_id, _ in await put(tx, outgoing, now=now)]


async def put(tx: Tx, outgoing: Sequence[Outgoing], *, now: datetime) -> list[tuple[UUID, bool]]:
    """As `plan`; with each id, whether it waits now because of this very call."""
    assert len(outgoing) <= PLANNED_MAX, "plan a thousand at a time"
    if not outgoing:
        return []
    messages = [planned(one, new_id(), now) for one in outgoing]
    done = await ledger.plan(tx, messages, now=now)
    unsaid = [
        message
        for message, (message_id, _) in zip(messages, done, strict=True)
        if message_id == message.id and message.state is State.SKIPPED
    ]
    await tx.publish(
        *(MessageSkipped(**facts_of(message), reason=message.reason) for message in unsaid)
    )
    due = {message.lane for message, (_, waits) in zip(messages, done, strict=True) if waits}
    for lane in sorted(due):
        await wake(tx, lane)
    return done


async def find_planned(tx: Tx, message_id: UUID) -> Message:
    """What has become of it so far, for whoever has just planned it."""
    tx.actor.require("notifications.send")
    found = await ledger.find(tx, message_id)
    assert found is not None, "what was planned stays in the ledger"
    return found


async def wake(
    tx: Tx, lane: Lane, *, delay: timedelta | None = None, is_sweep: bool = False
) -> None:
    """Have a worker look at the lane once this commits, or `delay` later.

    For the bulk lane, and for a sweep, one waiting job is enough, whoever asked for it. A code gets
    its own: the waiting one might start just before this commits, and it would miss it.
    """
    dedupe = f"{lane}:{is_sweep}:{bool(delay)}" if is_sweep or lane is Lane.BULK else None
    priority = FIRST if lane is Lane.OTP else 0
    await jobs.enqueue(tx, SEND_LANE, dedupe=dedupe, priority=priority, delay=delay, lane=str(lane))


async def set_feed(
    tx: Tx,
    key: str,
    *,
    per_minute: int | None,
    is_paused: bool,
    reason: str = "",
    now: datetime,
) -> None:
    """Throttle, pause or resume a stream. In any 60 seconds at most `per_minute` of it are handed
    over, however many workers send; nothing of a paused stream is taken in hand any more."""
    tx.actor.require("notifications.send")
    assert 0 < len(key) <= FEED_LENGTH_MAX
    await ledger.set_feed(
        tx, key, per_minute=per_minute, is_paused=is_paused, reason=reason[:200], now=now
    )
    if not is_paused:
        await wake(tx, Lane.BULK)


async def get_feed(tx: Tx, key: str) -> Feed | None:
    """None: nothing was ever set for it, so it runs as fast as it goes."""
    tx.actor.require("notifications.read")
    return await ledger.find_feed(tx, key)


async def count_of_feed(tx: Tx, feed: str) -> list[Tally]:
    """How many messages of the stream stand in which state, and why."""
    tx.actor.require("notifications.read")
    return await ledger.count_of_feed(tx, feed)


async def domain_waits(tx: Tx, feed: str) -> list[DomainWait]:
    """Which recipients' domains a stream waits for, most first."""
    tx.actor.require("notifications.read")
    return await domain_limits.waits(tx, feed)


async def cancel(
    tx: Tx,
    *,
    feed: str | None = None,
    dedupe: str | None = None,
    customer_id: UUID | None = None,
    reason: str,
    now: datetime,
) -> int:
    """Take back what has not left yet: of a stream, of one occasion, or of one person (of one
    stream). How many; those already in hand leave."""
    tx.actor.require("notifications.send")
    assert feed is not None or dedupe is not None or customer_id is not None
    gone = await ledger.cancel(
        tx, feed=feed, dedupe=dedupe, customer_id=customer_id, reason=reason[:200], now=now
    )
    await tx.publish(*(MessageSkipped(**facts_of(one), reason="cancelled") for one in gone))
    return len(gone)


async def messages_of(
    tx: Tx,
    *,
    limit: int,
    cursor: str | None = None,
    customer_id: UUID | None = None,
    feed: str | None = None,
    states: Sequence[State] | None = None,
    channel: Channel | None = None,
    kind: str | None = None,
) -> Page[Message]:
    """All messages to a customer, or of a stream; newest first, each with the policy's trace."""
    tx.actor.require("notifications.read")
    after = decode_cursor(cursor, UUID) if cursor else [None]
    found = await ledger.page(
        tx,
        customer_id=customer_id,
        feed=feed,
        states=states,
        channel=channel,
        kind=kind,
        after_id=after[0],
        count=limit + 1,
    )
    return page_of(found, limit, lambda message: (message.id,))
