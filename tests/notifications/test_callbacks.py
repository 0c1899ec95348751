"""What providers tell counts once and goes only forward (A-NOT-10, A-MKT-11)."""

import json
from urllib.parse import urlencode
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.customers import service as customers
from tandem.crm.notifications.domain.messages import Channel, State
from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.gateways.port import Registered
from tandem.crm.notifications.gateways.twilio import sign
from tandem.crm.notifications.service import providers
from tandem.flows.provider_reports import sweep
from tandem.kernel.db import Query
from tandem.kernel.outbox import drain
from tandem.sandbox.carriers.letters import Letter
from tests.notifications.givens import BASE, EMAIL, Post
from tests.notifications.reporting import KEYS, MAIL, SETTLE, Sent, receipts, sent, sent_chat
from tests.notifications.test_carrying import add, carry, queued

ENGAGED = Query(
    """
    select payload->>'action' as action, payload->>'url' as url
      from kernel.event
     where org_id = :org_id and topic = 'notifications.message_engaged.v1'
     order by seq
    """
)


@pytest.mark.parametrize("kind", MAIL)
async def test_a_letter_goes_only_forward_whatever_order_reports_come_in(
    post: Post, vendor: httpx.AsyncClient, kind: Kind
) -> None:
    one = await sent(post, kind)
    clicked = one.body("clicked")
    for body in (clicked, one.body("delivered"), one.body("deferred"), clicked):
        for _ in range(5):
            assert await one.tell(vendor, "", body=body) == 200
    assert await one.state() == (State.DELIVERED, "delivered")
    async with post.work.transaction() as tx:
        engaged = [(row["action"], row["url"]) for row in await tx.records(ENGAGED)]
    assert engaged == [("clicked", "https://shop.example/offer")]
    told = await post.told()
    assert told.count("message_delivered") == 1 and told.count("message_engaged") == 1
    await one.tell(vendor, "bounced")
    assert await one.state() == (State.BOUNCED, "hard_bounce")
    await one.tell(vendor, "delivered")
    assert await one.state() == (State.BOUNCED, "hard_bounce")
    await one.tell(vendor, "complained")
    assert await one.state() == (State.COMPLAINED, "complained")
    assert (await post.history(one.message_id))[1:] == [
        "clicked", "delivered", "hard_bounce", "complained",
    ]  # fmt: skip
    assert [state for _, state in await receipts(post)] == [
        "applied",
        "applied",
        "stale",
        "applied",
        "stale",
        "applied",
    ]


@pytest.mark.parametrize(
    ("kind", "event", "state"),
    [
        (Kind.MSG91, "delivered", State.DELIVERED),
        (Kind.MSG91, "rejected", State.FAILED),
        (Kind.WHATSAPP, "read", State.DELIVERED),
        (Kind.WHATSAPP, "failed", State.FAILED),
    ],
)
async def test_texts_and_chats_are_reported_on(
    post: Post, vendor: httpx.AsyncClient, kind: Kind, event: str, state: State
) -> None:
    if kind is Kind.WHATSAPP:
        one = await sent_chat(post)
    else:
        one = await sent(post, kind)
    assert await one.tell(vendor, event) == 200
    assert (await one.state())[0] is state


async def test_a_companys_own_twilio_reports_to_an_address_that_is_signed_with_the_message(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    provider = await add(post, Kind.TWILIO)
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    sid = (await post.read(message_id)).provider_message_id or ""
    path = f"/v1/provider-callbacks/twilio/{post.work.org_id}/{provider.id}?message={message_id}"
    for status in ("delivered", "sent"):
        form = {"MessageSid": sid, "MessageStatus": status}
        signed = sign("sandbox_auth_token", f"{BASE}{path}", form)
        body = urlencode(form)
        headers = {"x-twilio-signature": signed}
        assert (await vendor.post(path, content=body, headers=headers)).status_code == 200
        other = path.replace(str(message_id), str(uuid4()))
        assert (await vendor.post(other, content=body, headers=headers)).status_code == 401
    await drain(post.work.database)
    assert (await post.read(message_id)).state is State.DELIVERED


async def test_a_batch_counts_but_for_its_bad_items_and_unknown_messages_wait(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent(post, Kind.SENDGRID)
    (good,) = json.loads(one.body("delivered"))
    stranger = {**good, "sg_event_id": "e2", "tandem_message": str(uuid4()), "sg_message_id": "x"}
    bad = [7, {"event": "delivered"}, {"event": "delivered", "timestamp": "soon"}, None]
    long = {**good, "category": "x" * 700_000}
    body = json.dumps([*bad, stranger, long]).encode()
    assert await one.tell(vendor, "", body=body) == 200
    assert await one.state() == (State.DELIVERED, "delivered")
    found = await receipts(post)
    assert found.count(("", "malformed")) == 4
    assert ("delivered", "waiting") in found and ("delivered", "applied") in found
    post.hands.advance(days=4)
    await sweep(post.work)
    assert ("delivered", "unclaimed") in await receipts(post)


async def test_a_report_that_was_quicker_than_our_note_is_applied_afterwards(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    """MSG91 knows its own id only, which we write down after its answer."""
    provider = await add(post, Kind.MSG91)
    message = await queued(post, Channel.SMS)
    registered = Registered(template_id="1", name="flow", variables=())
    carried = await carry(post, message, registered=registered)
    async with post.work.transaction() as tx:
        secret = await providers.read_callback_secret(tx, provider.id)
    letter = Letter(
        vendor="msg91", id=carried.provider_message_id, ours="", recipient=message.recipient
    )
    one = Sent(
        post=post,
        provider=provider,
        message_id=message.id,
        letter=letter,
        callback_secret=secret,
    )
    assert await one.tell(vendor, "delivered") == 200
    assert await receipts(post) == [("delivered", "waiting")]
    async with post.work.transaction() as tx:
        await tx.run(SETTLE, id=message.id, now=post.work.now(), theirs=carried.provider_message_id)
    await sweep(post.work)
    assert await receipts(post) == [("delivered", "applied")]
    assert (await one.state())[0] is State.DELIVERED


async def test_a_report_settles_a_letter_whose_answer_was_lost(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    provider = await add(post, Kind.SENDGRID, values=KEYS[Kind.SENDGRID])
    post.sandbox.break_next("sendgrid", "timeout_after", match="/v3/mail", seconds=0.1)
    (message_id,) = await post.queue()
    await post.carry(message_id)
    assert (await post.read(message_id)).state is State.UNKNOWN
    letter = Letter(vendor="sendgrid", id="abc", ours=str(message_id), recipient=EMAIL)
    one = Sent(
        post=post, provider=provider, message_id=message_id, letter=letter, callback_secret=""
    )
    await one.tell(vendor, "delivered")
    assert await one.state() == (State.DELIVERED, "delivered")
    assert (await post.told())[-2:] == ["message_sent", "message_delivered"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [("bounced", "bounced"), ("complained", "complained"), ("soft_bounced", None)],
)
async def test_dead_and_complaining_addresses_are_suppressed_at_once(
    post: Post, vendor: httpx.AsyncClient, event: str, reason: str | None
) -> None:
    one = await sent(post, Kind.POSTMARK, recipient="Dead@example.test")
    await one.tell(vendor, event)
    async with post.work.transaction() as tx:
        found = await customers.find_suppression(tx, "email", "dead@example.test")
    assert (found.reason if found else None) == reason


async def test_an_address_that_takes_nothing_for_days_is_given_up(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    """Five soft bounces in a row, over three days; one letter taken in between begins anew."""

    async def is_suppressed(address: str) -> bool:
        async with post.work.transaction() as tx:
            return await customers.find_suppression(tx, "email", address) is not None

    first = await sent(post, Kind.POSTMARK, recipient="full@example.test")

    async def ended(address: str, event: str, **later: float) -> bool:
        post.hands.advance(**later)
        (message_id,) = await post.queue(email=address, dedupe=str(uuid4()))
        await post.carry(message_id)
        message = await post.read(message_id)
        assert message.provider_message_id
        letter = msgspec.structs.replace(
            first.letter, id=message.provider_message_id, ours=str(message_id), recipient=address
        )
        one = msgspec.structs.replace(first, message_id=message_id, letter=letter)
        assert await one.tell(vendor, event) == 200
        return await is_suppressed(address)

    assert await first.tell(vendor, "soft_bounced") == 200
    rows = [
        *[("full@example.test", "soft_bounced", {"hours": 23})] * 3,
        *[("fast@example.test", "soft_bounced", {"minutes": 1})] * 6,
        *[("back@example.test", "soft_bounced", {"days": 1})] * 4,
        ("back@example.test", "delivered", {"days": 1}),
        ("back@example.test", "soft_bounced", {"days": 1}),
    ]
    for address, event, later in rows:
        assert not await ended(address, event, **later), (address, event)
    assert await ended("full@example.test", "soft_bounced", hours=3)
