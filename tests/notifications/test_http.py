"""Messages over HTTP, and what a text gateway reports back."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.crm.notifications import service
from tandem.crm.notifications.domain.messages import State
from tandem.crm.notifications.gateways.port import Site, Texter
from tandem.crm.notifications.gateways.twilio import TwilioTexter, sign
from tandem.crm.notifications.service.forgetting import forget_words
from tandem.flows.send_messages.lanes import deliver
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden
from tandem.kernel.jobs import Work
from tandem.kernel.outbox import drain
from tandem.kernel.resources import Resources
from tests.givens import api_key_of, visitor
from tests.notifications.givens import EMAIL, SITE, Post
from tests.sandbox.listening import Listener, listening
from tests.waiting import until

TOKEN = "sandbox_auth_token"
BASE = "https://shop.test"


@pytest.fixture
def app(application: Litestar, settings: Settings, database: Database) -> Litestar:
    """An installation at a public address, with the stand-in's gateway keys."""
    public = msgspec.structs.replace(
        settings, base_url=BASE, sms_account_sid="AC" + "0" * 32, sms_auth_token=TOKEN
    )
    equip(application.state, public, database)
    return application


@pytest.fixture
async def gateway(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as caller:
        yield caller


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as heard:
        yield heard


async def test_messages_are_listed_and_narrowed(client: httpx.AsyncClient, post: Post) -> None:
    order_id = uuid4()
    await post.queue(dedupe="1", order_id=order_id, phone=post.phone)
    await post.carry(*await post.queue(dedupe="2"))

    async def found(**filters: str) -> list[tuple[str, str]]:
        page = (await client.get("/v1/messages", params=filters)).json()
        return [(item["channel"], item["state"]) for item in page["items"]]

    assert sorted(await found(order_id=str(order_id))) == [("email", "queued"), ("sms", "queued")]
    assert await found(state="sent") == [("email", "sent")]
    assert await found(channel="sms") == [("sms", "queued")]
    assert await found(template="door_code") == []
    first = (await client.get("/v1/messages?limit=2")).json()
    rest = (await client.get(f"/v1/messages?limit=2&cursor={first['next']}")).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    assert "text" not in first["items"][0]


async def test_one_message_is_read_with_its_words_and_tries(
    client: httpx.AsyncClient, post: Post
) -> None:
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    read = (await client.get(f"/v1/messages/{message_id}")).json()
    assert f"{BASE}/pay/abc" in read["text"]
    assert (read["segments"], read["state"]) == (1, "sent")
    assert [attempt["outcome"] for attempt in read["history"]] == ["sent"]


async def test_words_are_erased_when_the_company_keeps_them_no_longer(
    client: httpx.AsyncClient, post: Post
) -> None:
    """NOT-26: that it was sent stays; what still waits keeps its words."""
    (sent,) = await post.queue(dedupe="1")
    await post.carry(sent)
    (waits,) = await post.queue(dedupe="2")
    before = (await client.get(f"/v1/messages/{sent}")).json()
    rules = (await client.get("/v1/sending-rules")).json()
    later = datetime.fromisoformat(before["created_at"]) + timedelta(days=30)
    async with post.work.transaction() as tx:
        assert await forget_words(tx, now=later) == 0, "nobody has said for how long"
    answer = await client.put("/v1/sending-rules", json=rules | {"words_kept_days": 30})
    assert answer.status_code == 200
    async with post.work.transaction() as tx:
        assert await forget_words(tx, now=later) == 0
        assert await forget_words(tx, now=later + timedelta(seconds=1)) == 1
        assert await forget_words(tx, now=later + timedelta(days=1)) == 0
    after = (await client.get(f"/v1/messages/{sent}")).json()
    assert after == before | {"subject": "", "text": "", "html": ""}
    assert (await client.get(f"/v1/messages/{waits}")).json()["text"] == before["text"]


async def test_a_code_is_shown_to_nobody(client: httpx.AsyncClient, post: Post) -> None:
    (message_id,) = await post.queue(template="door_code", is_secret=True)
    answer = await client.get(f"/v1/messages/{message_id}")
    assert (answer.json()["is_secret"], answer.json()["text"]) == (True, "")
    assert "482913" not in answer.text


async def test_another_companys_message_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/v1/messages/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")
    assert (await client.post(f"/v1/messages/{uuid4()}/retry")).status_code == 404


async def test_only_a_failed_or_unanswered_message_is_sent_once_more(
    client: httpx.AsyncClient, post: Post
) -> None:
    post.sandbox.break_next("smtp", "552")
    (message_id,) = await post.queue()
    early = await client.post(f"/v1/messages/{message_id}/retry")
    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    await post.carry(message_id)
    again = await client.post(f"/v1/messages/{message_id}/retry")
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (
        200,
        "queued",
        0,
    )
    await post.sweep()
    late = await client.post(f"/v1/messages/{message_id}/retry")
    assert (late.status_code, late.json()["from"]) == (409, "sent")
    assert len(post.mailbox("email")) == 1


async def test_an_erased_code_cannot_be_sent_once_more(
    client: httpx.AsyncClient, post: Post
) -> None:
    post.sandbox.break_next("smtp", "552")
    (message_id,) = await post.queue(template="door_code", is_secret=True)
    await post.carry(message_id)
    answer = await client.post(f"/v1/messages/{message_id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "secret_gone")


async def test_permissions_are_asked_for(app: Litestar, database: Database, post: Post) -> None:
    (message_id,) = await post.queue()
    key = await api_key_of(database, post.actor, "orders.read")
    async with visitor(app) as caller:
        caller.headers["authorization"] = f"Bearer {key}"
        answers = [
            await caller.get("/v1/messages"),
            await caller.get(f"/v1/messages/{message_id}"),
            await caller.post(f"/v1/messages/{message_id}/retry"),
        ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_the_signature_is_twilios_own() -> None:
    """The vendor's vector (Twilio's RequestValidator)."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


async def report(
    gateway: httpx.AsyncClient, post: Post, message_id: object, token: str = TOKEN, **form: str
) -> int:
    path = f"/v1/provider-callbacks/sms/{post.work.org_id}/{message_id}"
    answer = await gateway.post(
        path,
        content=urlencode(form).encode(),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": sign(token, f"{BASE}{path}", form),
        },
    )
    await drain(post.work.database)
    return answer.status_code


async def sent_text(post: Post) -> tuple[Any, str]:
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    sid = (await post.read(message_id)).provider_message_id
    assert sid
    return message_id, sid


async def test_reports_count_by_rank_in_whatever_order_they_come(
    gateway: httpx.AsyncClient, post: Post
) -> None:
    """A-NOT-10: repeated and late reports change nothing."""
    message_id, sid = await sent_text(post)
    for status in ("delivered", "sent", "delivered", "queued", "failed"):
        assert await report(gateway, post, message_id, MessageSid=sid, MessageStatus=status) == 204
    message = await post.read(message_id)
    assert (message.state, message.receipt) == (State.DELIVERED, "delivered")
    assert await post.history(message_id) == ["sent", "delivered"]


async def test_a_text_that_was_not_delivered_is_told_as_failed(
    gateway: httpx.AsyncClient, post: Post
) -> None:
    message_id, sid = await sent_text(post)
    form = {"MessageSid": sid, "MessageStatus": "undelivered", "ErrorCode": "30005"}
    await report(gateway, post, message_id, **form)
    message = await post.read(message_id)
    assert (message.state, message.receipt) == (State.FAILED, "failed")
    assert message.error == "The gateway reports error 30005."
    assert await post.told() == ["message_sent", "message_failed"]


async def test_a_report_settles_a_text_whose_answer_was_lost(
    gateway: httpx.AsyncClient, post: Post
) -> None:
    post.sandbox.break_next("sms", "timeout_after", seconds=0.1)
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    await report(gateway, post, message_id, MessageSid="SM1", MessageStatus="delivered")
    message = await post.read(message_id)
    assert (message.state, message.provider_message_id) == (State.DELIVERED, "SM1")


async def test_a_forged_report_or_one_of_another_text_changes_nothing(
    gateway: httpx.AsyncClient, post: Post
) -> None:
    message_id, sid = await sent_text(post)
    forged = await report(
        gateway, post, message_id, "another", MessageSid=sid, MessageStatus="failed"
    )
    await report(gateway, post, message_id, MessageSid="SM-other", MessageStatus="failed")
    await report(gateway, post, uuid4(), MessageSid=sid, MessageStatus="failed")
    unknown = {"MessageSid": sid, "MessageStatus": "no such status"}
    await report(gateway, post, message_id, **unknown)
    message = await post.read(message_id)
    assert forged == 401
    assert (message.state, message.receipt) == (State.SENT, "")


async def test_the_gateways_own_reports_come_signed_to_the_address_we_gave(
    post: Post, listener: Listener
) -> None:
    base = listener.url.partition("/hook")[0]
    settings = post.sandbox.settings
    texter = TwilioTexter(
        base_url=f"{settings.base_url}/sms",
        account_sid=settings.sms_account_sid,
        auth_token=settings.sms_auth_token,
        sender="+15005550006",
        callback_base=base,
    )
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await deliver(Work(post.work.database, with_texter(texter), post.work.org_id), str(message_id))
    until(lambda: len(listener.calls) == 2)
    await texter.close()
    path = f"/v1/provider-callbacks/sms/{post.work.org_id}/{message_id}"
    assert {call.path for call in listener.calls} == {path}
    assert {call.form["MessageStatus"] for call in listener.calls} == {"sent", "delivered"}
    for call in listener.calls:
        assert texter.is_signed(path, call.form, call.headers["x-twilio-signature"])
        assert not texter.is_signed(f"{path}0", call.form, call.headers["x-twilio-signature"])


def with_texter(texter: TwilioTexter) -> Resources:
    held = Resources()
    held.add(Texter, texter)
    held.add(Site, Site(base_url=BASE, place=SITE))
    return held


async def test_an_e_mail_address_beyond_ascii_is_sent_as_it_is(post: Post) -> None:
    (message_id,) = await post.queue(email="मीरा@example.test")
    await post.carry(message_id)
    assert (await post.read(message_id)).state is State.SENT
    assert post.mailbox("email")[0]["to"] == ["मीरा@example.test"]


async def test_a_company_with_any_name_can_send(post: Post) -> None:
    names = {"company": 'O"Hara, "Teas" <x@y> & Söhne\r\nBcc: z@example.test'}
    (message_id,) = await post.queue(parameters=names)
    await post.carry(message_id)
    (mail,) = post.mailbox("email")
    assert mail["to"] == [EMAIL]
    assert [name for name, _ in mail["headers"] if name.lower() == "bcc"] == []


async def test_sending_needs_its_permission(database: Database, post: Post) -> None:
    clerk = msgspec.structs.replace(post.actor, grants=frozenset({"notifications.read"}))
    async with database.transaction(clerk) as tx:
        with pytest.raises(Forbidden):
            await service.send(
                tx,
                template="arriving",
                order_id=None,
                email=None,
                phone=post.phone,
                parameters={},
                dedupe="x",
                now=post.work.now(),
            )
