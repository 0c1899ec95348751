"""Asking providers about what nobody knows the end of. What leaves is flows/send_messages."""

import asyncio

from tandem.crm.notifications import service
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.port import Refused, Site, TryLater
from tandem.crm.notifications.service import carrying
from tandem.kernel.jobs import Work, every
from tandem.kernel.outbound import OutcomeUnknown

ASK_SECONDS_MAX = 90.0


@every(5, "notifications.look_up")
async def look_up(work: Work) -> None:
    """Ask the provider about what nobody knows the end of."""
    async with work.transaction() as tx:
        unanswered = await service.list_to_look_up(tx, now=work.now())
    for message in unanswered:
        await _look_up(work, message)


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
