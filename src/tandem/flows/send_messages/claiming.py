"""Taking messages in hand: only by the installation that sends, only what the policy lets leave."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Lane, Message
from tandem.crm.notifications.domain.outgoing import Content
from tandem.crm.notifications.domain.policy import ask_of
from tandem.crm.notifications.service import deciding, leaving, storms, wording
from tandem.crm.notifications.service.senders import place_of, sending_refused
from tandem.flows.send_policy import decide
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work

log = structlog.get_logger()


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    message: Message
    content: Content


async def take_in_hand(work: Work, lane: Lane, *, count: int) -> list[Ready] | None:
    """Up to `count` messages that may leave now; None when the lane has nothing due."""
    now = work.now()
    async with work.transaction() as tx:
        if await _is_fenced(tx, work, now):
            return None
        await leaving.expire(tx, now=now)
        claimed = await leaving.claim_lane(tx, lane, count=count, now=now)
        if not claimed:
            return None
        return await _decided(tx, claimed, now)


async def take_one(work: Work, message_id: UUID) -> list[Ready]:
    """One message out of turn, whatever lane it is in."""
    now = work.now()
    async with work.transaction() as tx:
        if await _is_fenced(tx, work, now):
            return []
        message = await notifications.claim(tx, message_id, now=now)
        return await _decided(tx, [message], now) if message else []


async def _decided(tx: Tx, claimed: Sequence[Message], now: datetime) -> list[Ready]:
    """Asked at the last moment: who has unsubscribed since it was planned is not written to."""
    asks = [ask_of(message, now) for message in claimed]
    await deciding.take_turns(tx, asks)
    verdicts = await decide(tx, asks, now=now, with_gates=False)
    going = await leaving.apply_verdicts(tx, claimed, verdicts, now=now)
    await storms.collapse(tx, claimed, verdicts, now=now)
    return [
        Ready(message=message, content=content)
        for message, content in await wording.words_of(tx, going, now=now)
    ]


async def _is_fenced(tx: Tx, work: Work, now: datetime) -> bool:
    reason = await sending_refused(tx, place_of(work), now=now)
    if reason:
        log.warning("sending_refused", reason=reason)
    return bool(reason)
