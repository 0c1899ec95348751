"""Reading bounce mailboxes: what came back is taken like what a webhook brings, once."""

from datetime import timedelta
from uuid import UUID

from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.gateways.carriers import Way
from tandem.crm.notifications.gateways.imap import Fetched, MailboxUnread, Place, fetch
from tandem.crm.notifications.service import reports
from tandem.crm.notifications.service.providers import CALLBACK_SECRET, way_of
from tandem.crm.notifications.store import mailboxes as store
from tandem.crm.notifications.store import providers
from tandem.crm.notifications.store.mailboxes import Mailbox
from tandem.kernel.db import Tx
from tandem.kernel.guard import Guard
from tandem.kernel.jobs import Work

BUSY_FOR = timedelta(minutes=5)
BATCHES_MAX = 10
"""Of one look; the next one goes on."""


async def find_mailbox(tx: Tx, provider_id: UUID) -> Mailbox | None:
    """How its mailbox fares; None before it was looked into."""
    tx.actor.require("notifications.read")
    return await store.find(tx, provider_id)


async def with_mailboxes(tx: Tx) -> list[UUID]:
    """Providers that have a bounce mailbox to look into."""
    return [
        one.id
        for one in await providers.list_active(tx, "email")
        if one.kind is Kind.SMTP and one.config.get("imap_url")
    ]


async def read_mailbox(work: Work, provider_id: UUID) -> int:
    """Take what has come since the last look; how many mails. Nothing in the mailbox changes.

    A batch and how far it goes are written in one transaction: whoever dies in between reads it
    again, and a mail that is read twice counts once (by its own bytes).
    """
    count = 0
    for _ in range(BATCHES_MAX):
        async with work.transaction() as tx:
            provider = await providers.find(tx, provider_id)
            now = work.now()
            held = await store.take(tx, provider_id, now=now, until=now + BUSY_FOR)
            if provider is None or held is None:
                return count
            way = await way_of(tx, provider)
        try:
            fetched = await fetch(
                work.get(Guard),
                _place(way),
                uid_validity=held.uid_validity,
                uid_seen=held.uid_seen,
            )
        except MailboxUnread as reason:
            async with work.transaction() as tx:
                await store.note_failed(tx, provider_id, str(reason), now=work.now())
            return count
        async with work.transaction() as tx:
            await _take(tx, way, held, fetched, work)
        count += len(fetched.mails)
        if not fetched.is_more:
            return count
    return count


async def _take(tx: Tx, way: Way, held: Mailbox, fetched: Fetched, work: Work) -> None:
    secret, now = way.secrets[CALLBACK_SECRET], work.now()
    told = 0
    for _, raw in fetched.mails:
        told += await reports.take_returned(tx, way.id, raw, secret=secret, now=now)
    is_same = held.uid_validity == fetched.uid_validity
    uids = [uid for uid, _ in fetched.mails]
    await store.note_read(
        tx,
        way.id,
        uid_validity=fetched.uid_validity,
        uid_seen=max(uids, default=held.uid_seen if is_same else 0),
        read=len(uids),
        told=told,
        now=now,
    )


def _place(way: Way) -> Place:
    return Place(
        url=way.config["imap_url"],
        user=way.config.get("imap_user", ""),
        password=way.secrets.get("imap_password", ""),
        folder=way.config.get("imap_folder") or "INBOX",
    )
