"""Asking providers about what nobody knows the end of, and looking into bounce mailboxes. What
leaves is flows/send_messages."""

import asyncio
from uuid import UUID

from tandem.crm.notifications import service
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.port import Refused, Site, TryLater
from tandem.crm.notifications.service import carrying, forgetting, mailboxes
from tandem.kernel.jobs import Work, enqueue, every, job
from tandem.kernel.outbound import OutcomeUnknown

ASK_SECONDS_MAX = 90.0
FORGOTTEN_BATCHES = 100
READ_MAILBOX = "notifications.read_mailbox"


@every(5, "notifications.look_up")
async def look_up(work: Work) -> None:
    """Ask the provider about what nobody knows the end of."""
    async with work.transaction() as tx:
        unanswered = await service.list_to_look_up(tx, now=work.now())
    for message in unanswered:
        await _look_up(work, message)


@every(60, "notifications.look_into_mailboxes")
async def look_into_mailboxes(work: Work) -> None:
    async with work.transaction() as tx:
        for provider_id in await mailboxes.with_mailboxes(tx):
            await enqueue(tx, READ_MAILBOX, dedupe=str(provider_id), provider_id=str(provider_id))


@every(3600, "notifications.forget_words")
async def forget_words(work: Work) -> None:
    """Where a company says how long its messages' words are kept."""
    for _ in range(FORGOTTEN_BATCHES):
        async with work.transaction() as tx:
            if await forgetting.forget_words(tx, now=work.now()) < forgetting.AT_ONCE:
                return


@job(READ_MAILBOX)
async def read_mailbox(work: Work, provider_id: str) -> None:
    """A job for each, so that one that hangs keeps no other waiting."""
    await mailboxes.read_mailbox(work, UUID(provider_id))


async def _look_up(work: Work, message: Message) -> None:
    since = message.handed_over_at or message.created_at
    try:
        async with asyncio.timeout(ASK_SECONDS_MAX):
            sent = message.with_links_to(work.get(Site).base_url)
            found = await carrying.find_sent(work, sent, since=since)
    except (Refused, TryLater, OutcomeUnknown, TimeoutError):
        return
    async with work.transaction() as tx:
        if found is None:
            await service.leave_unknown(tx, message, now=work.now())
            return
        await service.adopt_or_give_up(tx, message, provider_ids=found, now=work.now())
