"""One message in hand: taken out of turn, said to have left, found abandoned.

Only the holder of the lease writes, and only while the state is still theirs.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.notifications import MessageSent, MessageSkipped, MessageUnknown
from tandem.crm.notifications import store
from tandem.crm.notifications.domain.messages import LEASE, Message, State
from tandem.crm.notifications.service.telling import facts_of
from tandem.kernel.db import Tx

SWEEP = 200


class LeaseLost(Exception):
    """Somebody else has the message in hand by now: let go without a word."""


async def claim(tx: Tx, message_id: UUID, *, now: datetime) -> Message | None:
    """Take a waiting message in hand; None when it is not due, or not waiting any more."""
    message = await store.claim(tx, message_id, now=now, lease_until=now + LEASE)
    if message is not None and message.is_expired(now):
        await _expire(tx, message, now)
        return None
    return message


async def hand_over(tx: Tx, message: Message, *, now: datetime) -> None:
    """From here on the other side may have it. Raises LeaseLost when it is no longer ours."""
    if not await store.hand_over(tx, message, now):
        raise LeaseLost


async def settle_sent(
    tx: Tx, message: Message, *, provider_message_id: str, now: datetime, outcome: str = "sent"
) -> None:
    sent = msgspec.structs.replace(
        message, state=State.SENT, provider_message_id=provider_message_id, error=""
    )
    await store.settle(tx, sent, is_erased=message.is_secret, now=now)
    await store.add_attempt(tx, message, outcome=outcome, detail=provider_message_id, now=now)
    await tx.publish(MessageSent(**facts_of(message)))


async def release_abandoned(tx: Tx, *, now: datetime) -> int:
    """Messages whose holder died: back into the queue if nothing was handed over, else unknown."""
    abandoned = await store.lock_abandoned(tx, now=now, count=SWEEP)
    for message in abandoned:
        if message.handed_over_at is not None:
            await _unknown(tx, message, now)
            continue
        waiting = msgspec.structs.replace(
            message, state=State.QUEUED, due_at=now, outages=message.outages + 1
        )
        await store.settle(tx, waiting, is_erased=False, now=now)
        await store.add_attempt(tx, message, outcome="abandoned", detail="Not begun.", now=now)
    return len(abandoned)


async def _unknown(tx: Tx, message: Message, now: datetime) -> None:
    reason = "The sender stopped half-way."
    unsure = msgspec.structs.replace(message, state=State.UNKNOWN, error=reason)
    await store.settle(tx, unsure, is_erased=False, now=now)
    await store.add_attempt(tx, message, outcome="abandoned", detail=reason, now=now)
    await tx.publish(MessageUnknown(**facts_of(message), reason=reason))


async def _expire(tx: Tx, message: Message, now: datetime) -> None:
    late = msgspec.structs.replace(
        message, state=State.SKIPPED, reason="expired", error="It would have come too late."
    )
    await store.settle(tx, late, is_erased=message.is_secret, now=now)
    await tx.publish(MessageSkipped(**facts_of(message), reason="expired"))
