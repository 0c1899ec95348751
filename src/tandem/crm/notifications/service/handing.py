"""Handing one message over: claim it, say before the point of no return, write what came of it.

Only the holder of the lease writes, and only once the state is still theirs.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.contracts.notifications import MessageFailed, MessageSent
from tandem.crm.notifications import store
from tandem.crm.notifications.domain.messages import LEASE, Message, State, next_try
from tandem.crm.notifications.service.telling import facts_of
from tandem.kernel.db import Tx

SWEEP = 100


class LeaseLost(Exception):
    """Somebody else has the message in hand by now: let go without a word."""


async def claim(tx: Tx, message_id: UUID, *, now: datetime) -> Message | None:
    """Take a queued message in hand; None when it is not due or not queued any more."""
    message = await store.claim(tx, message_id, now=now, lease_until=now + LEASE)
    if message is not None and message.is_expired(now):
        await _fail(tx, message, "expired", "It would have come too late.", now=now)
        return None
    return message


async def hand_over(tx: Tx, message: Message, *, now: datetime) -> None:
    """From here on the other side may have it. Raises LeaseLost when it is no longer ours."""
    if not await store.hand_over(tx, message, now):
        raise LeaseLost


async def record_sent(tx: Tx, message: Message, *, provider_message_id: str, now: datetime) -> None:
    if not await _is_ours(tx, message):
        return
    await settle_sent(tx, message, provider_message_id=provider_message_id, now=now)


async def settle_sent(
    tx: Tx, message: Message, *, provider_message_id: str, now: datetime, outcome: str = "sent"
) -> None:
    sent = msgspec.structs.replace(
        message, state=State.SENT, provider_message_id=provider_message_id, error=""
    )
    await store.settle(tx, sent, is_erased=message.is_secret, now=now)
    await store.add_attempt(tx, message, outcome=outcome, detail=provider_message_id, now=now)
    await tx.publish(MessageSent(**facts_of(message)))


async def record_refused(tx: Tx, message: Message, *, reason: str, now: datetime) -> None:
    if await _is_ours(tx, message):
        await _fail(tx, message, "refused", reason, now=now)


async def record_later(
    tx: Tx,
    message: Message,
    *,
    reason: str,
    retry_after: timedelta | None,
    now: datetime,
) -> None:
    """Put it off; give up after the last try."""
    if not await _is_ours(tx, message):
        return
    due_at = next_try(message.attempts, now, retry_after=retry_after)
    if due_at is None:
        await _fail(tx, message, "later", f"Given up: {reason}", now=now)
        return
    waiting = msgspec.structs.replace(message, state=State.QUEUED, due_at=due_at, error=reason)
    await store.settle(tx, waiting, is_erased=False, now=now)
    await store.add_attempt(tx, message, outcome="later", detail=reason, now=now)


async def record_unknown(tx: Tx, message: Message, *, reason: str, now: datetime) -> None:
    """It may have arrived: it is sent again only if the provider says that it never came."""
    if await _is_ours(tx, message):
        await _unknown(tx, message, "unknown", reason, now=now)


async def release_abandoned(tx: Tx, *, now: datetime) -> int:
    """Messages whose holder died: back into the queue if nothing was handed over, else unknown."""
    abandoned = await store.lock_abandoned(tx, now=now, count=SWEEP)
    for message in abandoned:
        if message.handed_over_at is not None:
            await _unknown(tx, message, "abandoned", "The sender stopped half-way.", now=now)
            continue
        waiting = msgspec.structs.replace(message, state=State.QUEUED, due_at=now)
        await store.settle(tx, waiting, is_erased=False, now=now)
        await store.add_attempt(tx, message, outcome="abandoned", detail="Not begun.", now=now)
    return len(abandoned)


async def _is_ours(tx: Tx, message: Message) -> bool:
    """Lock it; True while this very try still holds it."""
    held = await store.lock(tx, message.id)
    return held is not None and held.state is State.SENDING and held.attempts == message.attempts


async def _unknown(tx: Tx, message: Message, outcome: str, reason: str, *, now: datetime) -> None:
    unsure = msgspec.structs.replace(message, state=State.UNKNOWN, error=reason)
    await store.settle(tx, unsure, is_erased=False, now=now)
    await store.add_attempt(tx, message, outcome=outcome, detail=reason, now=now)


async def _fail(tx: Tx, message: Message, outcome: str, reason: str, *, now: datetime) -> None:
    failed = msgspec.structs.replace(message, state=State.FAILED, error=reason)
    await store.settle(tx, failed, is_erased=message.is_secret, now=now)
    await store.add_attempt(tx, message, outcome=outcome, detail=reason, now=now)
    await tx.publish(MessageFailed(**facts_of(message), reason=reason))
