"""What providers tell: proven, once, only forward, and only of their own messages (A-NOT-10,
A-MKT-11)."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.notifications.domain.messages import Channel, State
from tandem.crm.notifications.domain.providers import Kind, Provider
from tandem.crm.notifications.gateways.callbacks import Asked
from tandem.crm.notifications.gateways.callbacks.proofs import (
    is_mailgun,
    is_sendgrid,
    is_twilio,
    is_whatsapp,
)
from tandem.crm.notifications.gateways.port import Registered
from tandem.crm.notifications.gateways.twilio import sign
from tandem.crm.notifications.service import providers
from tandem.flows.provider_reports import sweep
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.outbox import drain
from tandem.sandbox.carriers import signing
from tandem.sandbox.carriers.events import body_of, whatsapp_inbound
from tandem.sandbox.carriers.letters import Letter
from tandem.sandbox.webhook_queue import Delivery
from tests.givens import visitor
from tests.notifications.givens import EMAIL, Post
from tests.notifications.test_carrying import add, carry, queued

BASE = "https://shop.test"
RECEIPTS = Query("select what, state from notifications.receipt where org_id = :org_id order by id")
ENGAGED = Query(
    """
    select payload->>'action' as action, payload->>'url' as url
      from kernel.event
     where org_id = :org_id and topic = 'notifications.message_engaged.v1'
     order by seq
    """
)


@pytest.fixture
def app(application: Litestar, settings: Settings, database: Database, post: Post) -> Litestar:
    """An installation at a public address beside the sandbox."""
    public = msgspec.structs.replace(
        settings, base_url=BASE, sandbox_url=post.sandbox.settings.base_url
    )
    equip(application.state, public, database)
    return application


@pytest.fixture
async def vendor(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as caller:
        yield caller


KEYS: dict[Kind, dict[str, str]] = {
    Kind.SENDGRID: {"verification_key": signing.sendgrid_public_key()},
    Kind.MAILGUN: {"signing_key": signing.MAILGUN_KEY},
    Kind.SES: {"topic_arn": signing.TOPIC},
}
MAIL = [Kind.SENDGRID, Kind.MAILGUN, Kind.POSTMARK, Kind.SES]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the ledger that a provider has, and how the vendor would tell of it."""

    post: Post
    provider: Provider
    message_id: UUID
    letter: Letter
    callback_secret: str

    @property
    def path(self) -> str:
        ids = f"{self.post.work.org_id}/{self.provider.id}"
        return f"/v1/provider-callbacks/{self.provider.kind}/{ids}"

    def body(self, event: str) -> bytes:
        body = body_of(self.provider.kind, self.letter, event)
        match self.provider.kind:
            case Kind.MAILGUN:
                return signing.mailgun(signing.MAILGUN_KEY, json.loads(body))
            case Kind.SES:
                base_url = self.post.sandbox.settings.base_url
                return signing.sns_notification(body, base_url=base_url)
            case Kind.MSG91:
                return urlencode({"data": body.decode()}).encode()
            case _:
                return body

    def headers(self, body: bytes, *, is_forged: bool = False) -> dict[str, str]:
        bad = "not-" if is_forged else ""
        match self.provider.kind:
            case Kind.SENDGRID:
                return dict(signing.sendgrid(_delivery(body), f"{bad}x"))
            case Kind.WHATSAPP:
                return dict(signing.whatsapp(_delivery(body), f"{bad}sandbox"))
            case Kind.POSTMARK:
                pair = f"tandem:{bad}{self.callback_secret}".encode()
                return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
            case _:
                return {}

    async def tell(
        self, vendor: httpx.AsyncClient, event: str, *, body: bytes | None = None
    ) -> int:
        content = self.body(event) if body is None else body
        query = f"?key={self.callback_secret}" if self.provider.kind is Kind.MSG91 else ""
        answer = await vendor.post(
            self.path + query, content=content, headers=self.headers(content)
        )
        await drain(self.post.work.database)
        return answer.status_code

    async def state(self) -> tuple[State, str]:
        message = await self.post.read(self.message_id)
        return message.state, message.receipt


async def sent(post: Post, kind: Kind, *, recipient: str = EMAIL) -> Sent:
    provider = await add(post, kind, values=KEYS.get(kind, {}))
    if provider.channel == "email":
        (message_id,) = await post.queue(email=recipient, dedupe=str(uuid4()))
        await post.carry(message_id)
    else:
        message_id = await _text(post, provider)
    message = await post.read(message_id)
    assert message.state is State.SENT and message.provider_message_id
    async with post.work.transaction() as tx:
        secret = await providers.read_callback_secret(tx, provider.id)
    ours = "" if kind is Kind.MSG91 else str(message_id)
    letter = Letter(
        vendor=kind, id=message.provider_message_id, ours=ours, recipient=message.recipient
    )
    return Sent(
        post=post, provider=provider, message_id=message_id, letter=letter, callback_secret=secret
    )


SETTLE = Query(
    """
    update notifications.message
       set state = 'sent', handed_over_at = :now, provider_message_id = :theirs
     where org_id = :org_id and id = :id
    """
)


async def _text(post: Post, provider: Provider) -> UUID:
    """By hand: a registered text's way through the ledger is told elsewhere."""
    message = await queued(post, Channel.SMS)
    registered = Registered(template_id="1", name="flow", variables=())
    carried = await carry(post, message, registered=registered)
    async with post.work.transaction() as tx:
        await tx.run(SETTLE, id=message.id, now=post.work.now(), theirs=carried.provider_message_id)
    return message.id


async def receipts(post: Post) -> list[tuple[str, str]]:
    async with post.work.transaction() as tx:
        return [(row["what"], row["state"]) for row in await tx.records(RECEIPTS)]


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
        one = await _chat(post)
    else:
        one = await sent(post, kind)
    assert await one.tell(vendor, event) == 200
    assert (await one.state())[0] is state


async def _chat(post: Post) -> Sent:
    """WhatsApp's reports name our id, so that any message it carried will do."""
    provider = await add(post, Kind.WHATSAPP)
    message = await queued(post, Channel.SMS)
    chat = msgspec.structs.replace(message, channel=Channel.WHATSAPP)
    registered = Registered(template_id="1", name="hello", variables=())
    carried = await carry(post, chat, registered=registered)
    async with post.work.transaction() as tx:
        await tx.run(SETTLE, id=message.id, now=post.work.now(), theirs=carried.provider_message_id)
        secret = await providers.read_callback_secret(tx, provider.id)
    letter = Letter(
        vendor="whatsapp",
        id=carried.provider_message_id,
        ours=str(message.id),
        recipient=message.recipient,
    )
    return Sent(
        post=post,
        provider=provider,
        message_id=message.id,
        letter=letter,
        callback_secret=secret,
    )


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


@pytest.mark.parametrize("kind", [*MAIL, Kind.MSG91, Kind.WHATSAPP])
async def test_what_is_forged_is_refused_and_changes_nothing(
    post: Post, vendor: httpx.AsyncClient, kind: Kind
) -> None:
    one = await (_chat(post) if kind is Kind.WHATSAPP else sent(post, kind))
    body = one.body("failed" if kind in (Kind.MSG91, Kind.WHATSAPP) else "bounced")
    if kind in (Kind.MAILGUN, Kind.SES):
        body = body.replace(b'"signature":"', b'"signature":"0').replace(
            b'"Signature":"', b'"Signature":"AAAA'
        )
    forged = one.headers(body, is_forged=True)
    wrong_key = f"{one.path}?key=guess"
    assert (await vendor.post(wrong_key, content=body, headers=forged)).status_code == 401
    assert (await vendor.post(one.path, content=body)).status_code == 401
    nobody = one.path.replace(str(one.provider.id), str(uuid4()))
    signed = one.headers(body)
    assert (await vendor.post(nobody, content=body, headers=signed)).status_code == 401
    await drain(post.work.database)
    assert (await one.state())[0] is State.SENT
    assert await receipts(post) == []


async def test_another_companys_provider_tells_nothing_about_our_messages(
    post: Post, vendor: httpx.AsyncClient, database: Database, now: datetime
) -> None:

    mine = await sent(post, Kind.SENDGRID)
    org_id = await identity.found_organisation(
        database, name="Other", slug=f"o-{uuid4().hex}", now=now
    )
    other = msgspec.structs.replace(
        post,
        work=type(post.work)(database, post.work._resources, org_id),
        actor=Actor.system(org_id),
    )
    theirs = await sent(other, Kind.SENDGRID)
    body = mine.body("complained")
    answer = await vendor.post(theirs.path, content=body, headers=theirs.headers(body))
    assert answer.status_code == 200
    await drain(database)
    assert (await mine.state())[0] is State.SENT
    assert (await theirs.state())[0] is State.SENT
    assert await receipts(other) == [("complained", "waiting")]


async def test_a_batch_counts_but_for_its_bad_items_and_unknown_messages_wait(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent(post, Kind.SENDGRID)
    (good,) = json.loads(one.body("delivered"))
    stranger = {**good, "sg_event_id": "e2", "tandem_message": str(uuid4()), "sg_message_id": "x"}
    bad = [7, {"event": "delivered"}, {"event": "delivered", "timestamp": "soon"}, None]
    body = json.dumps([*bad, stranger, good]).encode()
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


async def test_a_token_of_mailgun_is_good_for_one_body(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    """Only timestamp and token are signed: whoever saw one could write any event below it."""
    one = await sent(post, Kind.MAILGUN)
    seen = json.loads(one.body("opened"))
    assert await one.tell(vendor, "", body=json.dumps(seen).encode()) == 200
    forged = {**seen, "event-data": json.loads(one.body("complained"))["event-data"]}
    assert await one.tell(vendor, "", body=json.dumps(forged).encode()) == 200
    assert (await one.state())[0] is State.SENT


async def test_what_is_added_to_an_address_that_is_not_signed_means_nothing(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent(post, Kind.SENDGRID)
    (other,) = await post.queue(email="other@example.test", dedupe=str(uuid4()))
    await post.carry(other)
    body = one.body("complained")
    for added in (str(other), "nonsense", "%00"):
        path = f"{one.path}?message={added}"
        answer = await vendor.post(path, content=body, headers=one.headers(body))
        assert answer.status_code == 200
    await drain(post.work.database)
    assert (await one.state())[0] is State.COMPLAINED
    assert (await post.read(other)).state is State.SENT


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


async def test_amazon_is_confirmed_for_our_topic_only(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent(post, Kind.SES)
    base_url = post.sandbox.settings.base_url
    ours = signing.sns_confirmation(base_url=base_url)
    assert await one.tell(vendor, "", body=ours) == 200
    other = signing.sns_confirmation(base_url=base_url, topic=f"{signing.TOPIC}2")
    assert await one.tell(vendor, "", body=other) == 401
    elsewhere = json.loads(one.body("bounced"))
    elsewhere["SigningCertURL"] = "https://sns.ap-south-1.amazonaws.com.evil.test/x.pem"
    assert await one.tell(vendor, "", body=json.dumps(elsewhere).encode()) == 401
    assert await receipts(post) == []


async def test_meta_is_answered_when_it_knows_our_secret(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await _chat(post)
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    good = await vendor.get(one.path, params={**asked, "hub.verify_token": one.callback_secret})
    assert (good.status_code, good.text) == (200, "1158201444")
    bad = await vendor.get(one.path, params={**asked, "hub.verify_token": "guess"})
    assert bad.status_code == 401
    body = whatsapp_inbound(post.phone, "Where is my parcel?")
    assert await one.tell(vendor, "", body=body) == 200


def test_signatures_are_the_vendors_own() -> None:
    """SendGrid's and Twilio's published vectors; Mailgun's and Meta's by their formula."""
    sendgrid = Asked(
        url="",
        query={},
        headers={
            "x-twilio-email-event-webhook-timestamp": "1600112502",
            "x-twilio-email-event-webhook-signature": "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOV"
            "mxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
        },
        body=b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
        b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
        b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C'
        b'-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",'
        b'"timestamp":1600112492}]\r\n',
    )
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe6"
        "2gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    )
    assert is_sendgrid(key, sendgrid)
    assert not is_sendgrid(key, msgspec.structs.replace(sendgrid, body=sendgrid.body[:-2]))
    assert not is_sendgrid("", sendgrid)
    twilio = Asked(
        url="https://mycompany.com/myapp.php?foo=1&bar=2",
        query={},
        headers={"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        body=urlencode(
            {
                "CallSid": "CA1234567890ABCDE",
                "Digits": "1234",
                "From": "+14158675309",
                "To": "+18005551212",
                "Caller": "+14158675309",
            }
        ).encode(),
    )
    assert is_twilio("12345", twilio) and not is_twilio("", twilio)
    body = b'{"object":"whatsapp_business_account"}'
    made = hmac.new(b"app_secret", body, hashlib.sha256).hexdigest()
    meta = Asked(url="", query={}, headers={"x-hub-signature-256": f"sha256={made}"}, body=body)
    assert is_whatsapp("app_secret", meta) and not is_whatsapp("other", meta)
    signature: dict[str, Any] = {
        "timestamp": "1529006854",
        "token": "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",
        "signature": "b63c0701c4f4b614f272106a1b367c5c3369bcdca664ae73ebd52787e45eef07",
    }
    signed = json.dumps({"signature": signature}).encode()
    assert is_mailgun("key-3ax6xnjp29jd6fds4gc373sgvjxteol0", signed)
    assert not is_mailgun("", signed) and not is_mailgun("k", b"[]")


def _delivery(body: bytes) -> Delivery:
    blank = dict.fromkeys(Delivery.__struct_fields__)
    return Delivery(**{**blank, "body": body, "url": BASE})  # type: ignore[arg-type]  # the rest is not read
