"""Mail that came back, read from a mailbox over IMAP: once each, believed by our own mark only."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.crm.notifications.domain.messages import State
from tandem.crm.notifications.domain.providers import Kind, Provider
from tandem.crm.notifications.domain.verp import return_path
from tandem.crm.notifications.service import mailboxes, providers
from tandem.crm.notifications.service.mailboxes import read_mailbox
from tandem.crm.notifications.store.mailboxes import Mailbox
from tandem.kernel.guard import Guard
from tests.notifications.givens import Post
from tests.notifications.imap_server import ImapServer
from tests.notifications.test_carrying import add
from tests.notifications.test_returned_mail import BOUNCES, dsn


@pytest.fixture
async def imap(post: Post) -> AsyncIterator[ImapServer]:
    made = ImapServer()
    await made.start()
    yield made
    made.stop()


async def carried(post: Post, imap: ImapServer, count: int) -> tuple[Provider, list[UUID], str]:
    """Messages that left by the company's own server, whose bounces go into the mailbox."""
    post.work._resources.add(Guard, Guard(["127.0.0.0/8"]))
    values = {
        "url": f"smtp://127.0.0.1:{post.sandbox.settings.smtp_port}",
        "bounce_address": BOUNCES,
        "imap_url": f"imap://127.0.0.1:{imap.port}",
        "imap_user": "bounces",
        "imap_password": "secret1",
    }
    provider = await add(post, Kind.SMTP, values=values)
    ids = []
    for number in range(count):
        ids += await post.queue(email=f"p{number}@example.test", dedupe=str(number))
    await post.carry(*ids)
    async with post.work.transaction() as tx:
        secret = await providers.read_callback_secret(tx, provider.id)
    return provider, ids, secret


async def kept(post: Post, provider: Provider) -> Mailbox:
    async with post.work.transaction() as tx:
        found = await mailboxes.find_mailbox(tx, provider.id)
    assert found is not None
    return found


def bounce(message_id: UUID, secret: str, **more: str) -> bytes:
    return dsn(to=return_path(BOUNCES, message_id, secret), **more)


async def test_what_came_back_is_read_once_and_nothing_in_the_mailbox_changes(
    post: Post, imap: ImapServer, client: httpx.AsyncClient
) -> None:
    """MKT-11, the mailbox."""
    provider, (first, second, third), secret = await carried(post, imap, 3)
    imap.put(b"Subject: Lunch?\r\n\r\nAt one.\r\n", bounce(first, secret))
    imap.put(dsn(to=return_path(BOUNCES, second, "forged")))
    async with post.work.transaction() as tx:
        assert await mailboxes.with_mailboxes(tx) == [provider.id]
    assert await read_mailbox(post.work, provider.id) == 3
    assert (await post.read(first)).state is State.BOUNCED
    assert (await post.read(second)).state is State.SENT
    found = await kept(post, provider)
    assert (found.uid_seen, found.read_count, found.told_count, found.error) == (3, 3, 1, "")

    assert await read_mailbox(post.work, provider.id) == 0
    imap.put(bounce(third, secret, status="4.2.2", diagnostic="smtp; 452 mailbox full"))
    assert await read_mailbox(post.work, provider.id) == 1
    assert imap.fetched == [1, 2, 3, 4]
    page = (await client.get(f"/settings/sending/{provider.id}")).text
    assert "4 read, 2 about messages of ours" in page
    assert "secret1" not in page
    assert {said.split()[0] for said in imap.said} <= {"CAPABILITY", "LOGIN", "EXAMINE", "UID"}
    told = await post.told()
    assert told.count("message_bounced") == 2


async def test_a_mailbox_made_anew_is_read_anew_and_counts_nothing_twice(
    post: Post, imap: ImapServer
) -> None:
    provider, (first,), secret = await carried(post, imap, 1)
    imap.put(bounce(first, secret))
    await read_mailbox(post.work, provider.id)
    imap.validity = 8
    assert await read_mailbox(post.work, provider.id) == 1
    assert (await post.told()).count("message_bounced") == 1
    assert (await kept(post, provider)).uid_validity == 8


async def test_many_are_read_in_batches_and_a_server_that_refuses_is_told_of(
    post: Post, imap: ImapServer
) -> None:
    provider, _, _ = await carried(post, imap, 0)
    imap.put(*(f"Subject: {number}\r\n\r\nHello\r\n".encode() for number in range(120)))
    imap.refuses = True
    assert await read_mailbox(post.work, provider.id) == 0
    assert "wrong password" in (await kept(post, provider)).error
    imap.refuses = False
    assert await read_mailbox(post.work, provider.id) == 120
    found = await kept(post, provider)
    assert (found.uid_seen, found.told_count, found.error) == (120, 0, "")
    imap.stop()
    imap.port = 0
