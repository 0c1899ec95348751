"""What providers tell counts once and goes only forward (A-NOT-10, A-MKT-11)."""

import json
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft, NewCustomer
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.notifications.domain.keywords import keyword_of
from tandem.crm.notifications.domain.messages import Channel, State
from tandem.crm.notifications.domain.providers import Kind, Provider
from tandem.crm.notifications.domain.reports import Report, What
from tandem.crm.notifications.gateways.port import Registered
from tandem.crm.notifications.gateways.twilio import sign
from tandem.crm.notifications.service import providers, reports
from tandem.flows.provider_reports import sweep
from tandem.kernel.db import Query
from tandem.kernel.outbox import drain
from tandem.sandbox.carriers.events import whatsapp_change, whatsapp_inbound
from tandem.sandbox.carriers.letters import Letter
from tests.notifications.givens import BASE, EMAIL, Post
from tests.notifications.reporting import KEYS, MAIL, SETTLE, Sent, receipts, sent, sent_chat
from tests.notifications.test_carrying import add, carry, queued

ANSWERS = Query(
    """
    select template as words from notifications.message
     where org_id = :org_id and template like 'text_%' order by id
    """
)
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


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        *((text, "stop") for text in ("STOP", " stop. ", "Stop all", "UNSUBSCRIBE", "Opt-out")),
        ("Stop promotions", "stop"),
        *((text, "start") for text in ("Start", "UNSTOP")),
        *((text, "help") for text in ("help!", "INFO")),
        *((text, None) for text in ("YES", "please stop the order", "don't stop", "")),
        ("stop" + " " * 60, None),
    ],
)
def test_a_keyword_stands_alone(text: str, keyword: str | None) -> None:
    assert keyword_of(text) == keyword


async def test_stop_and_start_by_message_change_consent_and_are_answered_once(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    plain = await add(post, Kind.TWILIO)
    ours = await add(post, Kind.TWILIO, rank=2, values={"answers": "tandem"})
    stranger = f"{post.phone[:-1]}{(int(post.phone[-1]) + 1) % 10}"
    now = post.work.now()
    async with post.work.transaction() as tx:
        draft = CustomerDraft(name="Asha", phone=post.phone, email=EMAIL)
        (asha,) = await customers.find_or_add(tx, [draft], now=now)
        for purpose, way in (("marketing", "sms"), ("news", "sms"), ("marketing", "email")):
            agreed = {"purpose": purpose, "channel": way, "is_granted": True, "source": "test"}
            await customers.record_consent(
                tx, asha.id, msgspec.convert(agreed, NewConsent), now=now
            )

    async def write(
        text: str, sid: str, *, by: Provider = ours, phone: str = post.phone, **more: str
    ) -> int:
        post.hands.advance(seconds=1)
        path = f"/v1/provider-callbacks/twilio/{post.work.org_id}/{by.id}"
        form = {"MessageSid": sid, "From": phone, "To": "+1500", "Body": text, **more}
        signed = sign("sandbox_auth_token", f"{BASE}{path}", form)
        answer = await vendor.post(
            path, content=urlencode(form), headers={"x-twilio-signature": signed}
        )
        assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'
        assert answer.headers["content-type"].startswith("text/xml")
        await drain(post.work.database)
        return answer.status_code

    async def standing() -> dict[str, str]:
        async with post.work.transaction() as tx:
            found = await customers.list_consents(tx, asha.id)
        return {f"{one.purpose} {one.channel}": one.state for one in found}

    async def said() -> list[str]:
        async with post.work.transaction() as tx:
            return [row["words"] for row in await tx.records(ANSWERS)]

    granted = {"marketing email": "granted", "marketing sms": "granted", "news sms": "granted"}
    ended = {**granted, "marketing sms": "withdrawn", "news sms": "withdrawn"}
    await write("Please stop by on Sunday", "SM0")
    assert await standing() == granted
    await write("Stop", "SM1")
    assert await standing() == ended
    for again in ("SM1", "SM2"):
        await write("STOP", again)
    await write("Start", "SM3", by=plain)
    assert (await standing(), await said()) == (granted, ["text_stopped"]), "Twilio says the rest"
    await write("STOP", "SM4", OptOutType="STOP")
    await write("STOP", "SM1")
    assert (await standing(), await said()) == (ended, ["text_stopped"])
    await write("UNSTOP", "SM5")
    await write("HELP", "SM6")
    assert await said() == ["text_stopped", "text_resumed", "text_help"]

    async with post.work.transaction() as tx:
        no = NewConsent(purpose="news", channel="sms", is_granted=False, source="the phone")
        await customers.record_consent(tx, asha.id, no, now=post.work.now())
    await write("start", "SM7")
    assert (await standing())["news sms"] == "withdrawn", "START takes back what STOP ended alone"

    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    detail = "The gateway reports error 21610."
    refused = Report(key="r", what=What.FAILED, at=None, message_id=message_id, detail=detail)
    async with post.work.transaction() as tx:
        assert await reports.apply_report(tx, message_id, refused, now=post.work.now())
    assert (await standing())["marketing sms"] == "granted"
    await drain(post.work.database)
    assert await standing() == {**ended, "news sms": "withdrawn"}, "Twilio heard it before us"

    await write("start", "SM10")
    async with post.work.transaction() as tx:
        also = {"name": "Ravi", "phones": [{"value": post.phone}], "allow_duplicate": True}
        ravi = await customers.add_customer(
            tx, msgspec.convert(also, NewCustomer), now=post.work.now()
        )
        yes = NewConsent(purpose="marketing", channel="sms", is_granted=True, source="test")
        await customers.record_consent(tx, ravi.id, yes, now=post.work.now())
    for text, sid, state in (("STOP", "SM11", "withdrawn"), ("START", "SM12", "granted")):
        await write(text, sid)
        async with post.work.transaction() as tx:
            (his,) = await customers.list_consents(tx, ravi.id)
        assert (his.state, (await standing())["marketing sms"]) == (state, state), "both have it"

    for text, sid, reason in (("quit", "SM8", "unsubscribed"), ("start", "SM9", None)):
        await write(text, sid, phone=stranger)
        async with post.work.transaction() as tx:
            held = await customers.find_suppression(tx, "sms", stranger)
        assert (held.reason if held else None) == reason


@pytest.mark.parametrize(("kind", "way"), [(Kind.MSG91, "sms"), (Kind.WHATSAPP, "whatsapp")])
async def test_stop_is_heard_by_every_way_that_people_can_write(
    post: Post, vendor: httpx.AsyncClient, kind: Kind, way: str
) -> None:
    one = await sent_chat(post) if kind is Kind.WHATSAPP else await sent(post, kind)
    now = post.work.now()
    async with post.work.transaction() as tx:
        (asha,) = await customers.find_or_add(
            tx, [CustomerDraft(name="Asha", phone=post.phone)], now=now - timedelta(hours=2)
        )
        for channel in ("sms", "whatsapp"):
            yes = {"purpose": "marketing", "channel": channel, "is_granted": True, "source": "x"}
            agreed = msgspec.convert(yes, NewConsent)
            await customers.record_consent(tx, asha.id, agreed, now=now - timedelta(hours=1))
    bodies = {
        Kind.MSG91: json.dumps(
            {"sender": "NILGIR", "number": post.phone[3:], "content": "STOP", "id": "7"}
        ).encode(),
        Kind.WHATSAPP: whatsapp_inbound(post.phone, "Stop promotions"),
    }
    for _ in range(2):
        assert await one.tell(vendor, "", body=bodies[kind]) == 200
    async with post.work.transaction() as tx:
        found = await customers.list_consents(tx, asha.id)
        answers = [row["words"] for row in await tx.records(ANSWERS)]
    ended = [consent.channel for consent in found if consent.state == "withdrawn"]
    assert (ended, answers) == ([way], ["text_stopped"])


async def test_of_stop_and_start_that_come_late_the_one_that_was_said_last_counts(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent_chat(post)
    now = post.work.now()
    async with post.work.transaction() as tx:
        (asha,) = await customers.find_or_add(
            tx, [CustomerDraft(name="Asha", phone=post.phone)], now=now - timedelta(hours=2)
        )
        yes = {"purpose": "marketing", "channel": "whatsapp", "is_granted": True, "source": "x"}
        agreed = msgspec.convert(yes, NewConsent)
        await customers.record_consent(tx, asha.id, agreed, now=now - timedelta(hours=1))
    stood = []
    for text, minutes in (("Stop", 20), ("Start", 30), ("Start", 10), ("Stop", 15), ("Stop", 5)):
        at = str(int((now - timedelta(minutes=minutes)).timestamp()))
        message = {"from": post.phone[1:], "id": f"wamid.{minutes}", "timestamp": at}
        said = {**message, "type": "text", "text": {"body": text}}
        body = msgspec.json.encode(whatsapp_change({"messages": [said]}))
        assert await one.tell(vendor, "", body=body) == 200
        async with post.work.transaction() as tx:
            [consent] = await customers.list_consents(tx, asha.id)
        stood.append(consent.state)
    assert stood == ["withdrawn", "withdrawn", "granted", "granted", "withdrawn"]
