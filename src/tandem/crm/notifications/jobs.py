"""Handing messages over: claim, call with no transaction open, record."""

import asyncio
from uuid import UUID

from tandem.crm.notifications import service
from tandem.crm.notifications.domain.messages import Lane, Message
from tandem.crm.notifications.gateways.port import (
    HandOver,
    Leaving,
    Refused,
    Site,
    TryLater,
)
from tandem.crm.notifications.service import carrying
from tandem.crm.notifications.service.planning import SEND_LANE
from tandem.kernel.jobs import Work, every, job
from tandem.kernel.outbound import OutcomeUnknown

TRY_SECONDS_MAX = 90.0
"""Below the lease, so that nobody else takes a message that is still in hand."""


@job(SEND_LANE)
async def send_lane(work: Work, lane: str) -> None:
    async with work.transaction() as tx:
        due = await service.list_due(tx, lane=Lane(lane), now=work.now())
    for message_id in due:
        await deliver(work, str(message_id))


async def deliver(work: Work, message_id: str) -> None:
    async with work.transaction() as tx:
        message = await service.claim(tx, UUID(message_id), now=work.now())
    if message is None:
        return
    try:
        async with asyncio.timeout(TRY_SECONDS_MAX):
            provider_message_id = await _carry(work, message)
    except service.LeaseLost:
        return
    except Refused as refusal:
        async with work.transaction() as tx:
            await service.record_refused(tx, message, reason=str(refusal), now=work.now())
    except TryLater as later:
        async with work.transaction() as tx:
            await service.record_later(
                tx,
                message,
                reason=str(later),
                retry_after=later.retry_after,
                now=work.now(),
            )
    except (OutcomeUnknown, TimeoutError) as silence:
        reason = str(silence) or "No answer in time."
        async with work.transaction() as tx:
            await service.record_unknown(tx, message, reason=reason, now=work.now())
    else:
        async with work.transaction() as tx:
            await service.record_sent(
                tx, message, provider_message_id=provider_message_id, now=work.now()
            )


@every(5, "notifications.sweep")
async def sweep(work: Work) -> None:
    """What waits for its next try, what a dead worker held, what nobody knows the end of."""
    async with work.transaction() as tx:
        await service.release_abandoned(tx, now=work.now())
        unanswered = await service.list_to_look_up(tx, now=work.now())
    for message in unanswered:
        await _look_up(work, message)
    for lane in Lane:
        await send_lane(work, lane)


async def _carry(work: Work, message: Message) -> str:
    hand_over = _hand_over(work, message)
    leaving = message.with_links_to(work.get(Site).base_url)
    carried = await carrying.carry(
        work, Leaving(message=leaving, org_id=work.org_id), hand_over=hand_over
    )
    return carried.provider_message_id


def _hand_over(work: Work, message: Message) -> HandOver:
    async def say() -> None:
        async with work.transaction() as tx:
            await service.hand_over(tx, message, now=work.now())

    return say


async def _look_up(work: Work, message: Message) -> None:
    since = message.handed_over_at or message.created_at
    try:
        async with asyncio.timeout(TRY_SECONDS_MAX):
            sent = message.with_links_to(work.get(Site).base_url)
            found = await carrying.find_sent(work, sent, since=since)
    except (Refused, TryLater, OutcomeUnknown, TimeoutError):
        return
    if found is None:
        return
    async with work.transaction() as tx:
        await service.adopt_or_give_up(tx, message, provider_ids=found, now=work.now())
