"""Who carries: one after another where it is sure, nobody else where it is not (A-NOT-3)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.breakers import FIRST_REST, KEYS_REST
from tandem.crm.notifications.domain.messages import Channel, Message, State
from tandem.crm.notifications.domain.providers import Kind, NewProvider, Provider, ProviderChange
from tandem.crm.notifications.domain.reports import Inbound
from tandem.crm.notifications.gateways.port import (
    Leaving,
    NobodyTakes,
    Refused,
    Registered,
    TryLater,
)
from tandem.crm.notifications.service import carrying, inbox, leaving, providers, reports
from tandem.crm.notifications.service.carrying import Carried
from tandem.crm.notifications.service.roads import Roads
from tandem.flows import tell_staff
from tandem.kernel.actor import Actor
from tandem.kernel.db import Query
from tandem.kernel.outbound import OutcomeUnknown
from tandem.kernel.outbox import drain
from tests.notifications.givens import EMAIL, Post
from tests.sandbox.serving import free_port

VALUES: dict[Kind, dict[str, str]] = {
    Kind.SMTP: {"from_address": "shop@example.test", "url": "smtp://mail.example.test:587"},
    Kind.SES: {
        "from_address": "shop@example.test",
        "region": "ap-south-1",
        "access_key_id": "AKIDEXAMPLE000000000",
        "secret_access_key": "sandbox",
    },
    Kind.SENDGRID: {"from_address": "shop@example.test", "api_key": "sandbox"},
    Kind.MAILGUN: {
        "from_address": "shop@example.test",
        "domain": "mg.example.test",
        "region": "eu",
        "api_key": "sandbox",
    },
    Kind.POSTMARK: {"from_address": "shop@example.test", "server_token": "sandbox"},
    Kind.TWILIO: {
        "account_sid": "AC" + "0" * 32,
        "auth_token": "sandbox_auth_token",
        "sender": "+15005550006",
    },
    Kind.MSG91: {"auth_key": "sandbox", "sender": "NILGIR"},
    Kind.WHATSAPP: {
        "phone_number_id": "100000000000001",
        "access_token": "sandbox",
        "app_secret": "sandbox",
    },
}
TOLD = Query(
    """
    select payload->>'name' as name
      from kernel.event
     where org_id = :org_id and topic = 'notifications.provider_suspended.v1'
    """
)


async def add(
    post: Post, kind: Kind, *, rank: int = 1, values: Mapping[str, str] | None = None
) -> Provider:
    new = NewProvider(
        name=f"{kind} {rank}",
        kind=kind,
        values={**VALUES[kind], **(values or {})},
        rank=rank,
        is_stand_in="url" not in (values or {}),
    )
    async with post.work.transaction() as tx:
        return await providers.add_provider(tx, post.work._resources, new, now=post.work.now())


async def read(post: Post, provider: Provider) -> Provider:
    async with post.work.transaction() as tx:
        return await providers.get_provider(tx, provider.id)


async def queued(post: Post, channel: Channel = Channel.EMAIL, **more: Any) -> Message:
    """In the ledger, since a carriage names its message."""
    email, phone = (EMAIL, None) if channel is Channel.EMAIL else (None, post.phone)
    (message_id,) = await post.queue(email=email, phone=phone, dedupe=str(uuid4()), **more)
    return await post.read(message_id)


async def carry(post: Post, message: Message, **more: Any) -> Carried:
    async def hand_over(provider_id: UUID | None) -> None:
        """The ledger's part is tested where the ledger is."""
        carried = [(message.id, provider_id)] if provider_id else []
        async with post.work.transaction() as tx:
            await leaving.note_carriers(tx, carried, now=post.work.now())

    about = Leaving(message=message, org_id=post.work.org_id, **more)
    return await carrying.carry(post.work, about, hand_over=hand_over)


@pytest.mark.parametrize("kind", [Kind.SMTP, Kind.SES, Kind.SENDGRID, Kind.MAILGUN, Kind.POSTMARK])
async def test_each_e_mail_provider_takes_a_letter_and_gives_its_id(post: Post, kind: Kind) -> None:
    provider = await add(post, kind)
    async with post.work.transaction() as tx:
        assert (await providers.list_providers(tx))[0].health(post.work.now()) == "unused"
    assert await providers.test_provider(post.work, provider.id) == ""
    message = await queued(post)
    carried = await carry(post, message, headers={"List-Unsubscribe": "<https://x.test/u>"})
    assert carried.provider_id == provider.id and carried.provider_message_id
    (mail,) = post.mailbox("email")
    headers = {name.lower(): value for name, value in mail["headers"]}
    assert (mail["to"], mail["subject"]) == ([EMAIL], message.subject)
    assert mail["text"].split() == message.text.split()
    assert "shop@example.test" in mail["from"]
    assert headers["list-unsubscribe"] == "<https://x.test/u>"
    assert (await read(post, provider)).health(post.work.now()) == "good"


async def test_a_text_goes_by_twilio_and_a_registered_one_by_msg91(post: Post) -> None:
    twilio = await add(post, Kind.TWILIO, rank=2)
    message = await queued(post, Channel.SMS)
    assert (await carry(post, message)).provider_id == twilio.id
    assert post.mailbox("sms")[0]["text"] == message.text

    msg91 = await add(post, Kind.MSG91)
    registered = Registered(
        template_id="1107160000000000001",
        name="flow1",
        variables=("SO-1001", "Rs 118"),
        entity_id="1101160000000000001",
        header="NILGIR",
    )
    carried = await carry(post, message, registered=registered)
    assert carried.provider_id == msg91.id
    text = post.mailbox("sms")[0]
    assert text["from"] == "NILGIR"
    assert text["text"] == "flow1 | 1107160000000000001 | 1101160000000000001 | SO-1001 | Rs 118"
    with pytest.raises(Refused, match="registered templates only"):
        await carry(post, message)


async def test_whatsapp_takes_templates_always_and_any_words_within_a_day(post: Post) -> None:
    provider = await add(post, Kind.WHATSAPP)
    message = await queued(post, Channel.SMS)
    chat = _as(message, Channel.WHATSAPP)
    registered = Registered(template_id="1", name="order_placed", variables=("a",), language="hi")
    await carry(post, chat, registered=registered)
    assert post.mailbox("sms")[0]["text"] == "order_placed (hi): a"
    with pytest.raises(Refused, match="24 hours"):
        await carry(post, chat)
    post.sandbox.http.post("/sandbox/carriers/whatsapp/inbound", json={"phone": post.phone})
    written = Inbound(key="w", phone=post.phone, at=post.work.now(), is_chat=True)
    async with post.work.transaction() as tx:
        await reports.take(tx, provider.id, written, now=post.work.now())
    await carry(post, chat)
    assert post.mailbox("sms")[0]["text"] == message.text
    post.hands.advance(hours=25)
    with pytest.raises(Refused, match="24 hours"):
        await carry(post, chat)


@pytest.mark.parametrize(
    ("fault", "more", "health"),
    [
        ("429", {"seconds": 7}, "resting"),
        ("503", {}, "resting"),
        ("401", {}, "keys_refused"),
    ],
)
async def test_who_surely_did_not_take_it_is_followed_by_the_next(
    post: Post, fault: str, more: dict[str, Any], health: str
) -> None:
    first, second = await add(post, Kind.SENDGRID), await add(post, Kind.POSTMARK, rank=2)
    post.sandbox.break_next("sendgrid", fault, match="/v3/mail", **more)
    carried = await carry(post, await queued(post))
    assert carried.provider_id == second.id
    assert len(post.mailbox("email")) == 1
    async with post.work.transaction() as tx:
        found = await providers.list_carriages(tx, (await _newest(post)).id)
    assert [one.name for one in found] == ["sendgrid 1", "postmark 2"]
    after = await read(post, first)
    assert after.health(post.work.now()) == health
    assert fault in after.last_error
    assert (await carry(post, await queued(post))).provider_id == second.id, "it rests"


async def test_who_cannot_be_reached_is_followed_and_left_alone_after_three(post: Post) -> None:
    dead = await add(post, Kind.SMTP, values={"url": f"smtp://127.0.0.1:{free_port()}"})
    spare = await add(post, Kind.POSTMARK, rank=2)
    for _ in range(3):
        assert (await carry(post, await queued(post))).provider_id == spare.id
    after = await read(post, dead)
    assert (after.failures, after.closed_because, after.closed_until) == (
        3,
        "trouble",
        post.work.now() + FIRST_REST,
    )
    await carry(post, await queued(post))
    assert (await read(post, dead)).failures == 3, "nobody asked it"
    post.hands.advance(seconds=31)
    await carry(post, await queued(post))
    again = await read(post, dead)
    assert (again.failures, again.closed_until) == (4, post.work.now() + 2 * FIRST_REST)


@pytest.mark.parametrize("fault", ["500", "timeout_after", "timeout_before", "html_502"])
async def test_silence_after_the_hand_over_asks_nobody_else(post: Post, fault: str) -> None:
    first = await add(post, Kind.SENDGRID)
    await add(post, Kind.POSTMARK, rank=2)
    seconds = {"seconds": 0.1} if fault.startswith("timeout") else {}
    post.sandbox.break_next("sendgrid", fault, match="/v3/mail", **seconds)
    with pytest.raises(OutcomeUnknown):
        await carry(post, await queued(post))
    assert len(post.mailbox("email")) == (1 if fault == "timeout_after" else 0)
    assert (await read(post, first)).failures == 1


async def test_in_the_ledger_silence_is_unknown_and_is_never_sent_by_another(post: Post) -> None:
    await add(post, Kind.SENDGRID)
    await add(post, Kind.POSTMARK, rank=2)
    post.sandbox.break_next("sendgrid", "timeout_after", match="/v3/mail", seconds=0.1)
    (message_id,) = await post.queue()
    await post.carry(message_id)
    for _ in range(3):
        await post.sweep(hours=5)
    assert (await post.read(message_id)).state is State.UNKNOWN
    assert len(post.mailbox("email")) == 1


async def test_a_text_without_answer_is_looked_for_where_it_was_handed_over(post: Post) -> None:
    """Who cannot be asked leaves it unknown: another account's list says nothing."""
    await add(post, Kind.MSG91)
    message = await queued(post, Channel.SMS)
    registered = Registered(template_id="1", name="flow", variables=())
    post.sandbox.break_next("msg91", "timeout_after", seconds=0.1)
    with pytest.raises(OutcomeUnknown):
        await carry(post, message, registered=registered)
    since = post.work.now() - timedelta(minutes=1)
    assert await carrying.find_sent(post.work, message, since=since) is None
    await add(post, Kind.TWILIO, rank=2)
    other = await queued(post, Channel.SMS)
    post.sandbox.break_next("msg91", "429")
    carried = await carry(post, other, registered=registered)
    assert await carrying.find_sent(post.work, other, since=since) == [carried.provider_message_id]


async def test_refused_keys_are_told_once_and_mending_them_opens_the_way(post: Post) -> None:
    provider = await add(post, Kind.SENDGRID, values={"api_key": "wrong"})
    for _ in range(2):
        with pytest.raises(TryLater):
            await carry(post, await queued(post))
    after = await read(post, provider)
    assert after.closed_until == post.work.now() + KEYS_REST
    async with post.work.transaction() as tx:
        assert [row["name"] for row in await tx.records(TOLD)] == ["sendgrid 1"]
    with pytest.raises(NobodyTakes) as resting:
        await carry(post, await queued(post))
    assert resting.value.retry_after == KEYS_REST
    assert "401" in await providers.test_provider(post.work, provider.id)
    post.hands.advance(minutes=31)
    with pytest.raises(TryLater):
        await carry(post, await queued(post))
    async with post.work.transaction() as tx:
        await providers.change_provider(
            tx,
            post.work._resources,
            provider.id,
            ProviderChange(name="Mended", values=VALUES[Kind.SENDGRID]),
            now=post.work.now(),
        )
    assert (await carry(post, await queued(post))).provider_id == provider.id


async def test_one_message_at_a_time_tries_a_resting_provider_out(post: Post) -> None:
    first, second = await add(post, Kind.SENDGRID), await add(post, Kind.POSTMARK, rank=2)
    post.sandbox.break_next("sendgrid", "500", match="/v3/mail", count=3)
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            await carry(post, await queued(post))
    post.hands.advance(seconds=31)
    active = (await Roads(post.work).known(Channel.EMAIL)).active
    held = await carrying.askable(post.work, active, uuid4())
    others = await carrying.askable(post.work, active, uuid4())
    assert [one.provider.id for one in held] == [first.id, second.id]
    assert [one.provider.id for one in others] == [second.id]


async def test_a_greylisted_recipient_says_nothing_about_the_provider(post: Post) -> None:
    provider = await add(post, Kind.SMTP)
    await add(post, Kind.POSTMARK, rank=2)
    post.sandbox.break_next("smtp", "451")
    with pytest.raises(TryLater, match="451"):
        await carry(post, await queued(post))
    assert (await read(post, provider)).failures == 0
    assert post.mailbox("email") == []


async def test_without_a_provider_the_installation_carries_and_no_chat_leaves(post: Post) -> None:
    carried = await carry(post, await queued(post))
    assert carried.provider_id is None
    chat = _as(await queued(post, Channel.SMS), Channel.WHATSAPP)
    with pytest.raises(Refused, match="Nobody carries whatsapp"):
        await carry(post, chat)


async def _newest(post: Post) -> Message:
    async with post.work.transaction() as tx:
        return (await notifications.list_messages(tx, limit=1, cursor=None)).items[0]


def _as(message: Message, channel: Channel) -> Message:

    return msgspec.structs.replace(message, channel=channel)


async def test_those_who_can_mend_the_keys_hear_of_it_once(post: Post) -> None:
    assert tell_staff.tell_provider, "it hears by being imported"
    now = post.work.now()
    async with post.work.transaction() as tx:
        admin = await identity.add_user(
            tx,
            email="asha@nilgiri.test",
            name="Asha",
            password="a long password for tests",
            role_key="admin",
            now=now,
        )
    provider = await add(post, Kind.SENDGRID, values={"api_key": "wrong"})
    for _ in range(2):
        with pytest.raises(TryLater):
            await carry(post, await queued(post))
    await drain(post.work.database)
    mine = Actor(org_id=post.work.org_id, user_id=admin.id, grants=frozenset({"*"}), label="Asha")
    async with post.work.database.transaction(mine) as tx:
        told = (await inbox.list_inbox(tx, limit=10)).items
    assert [(one.kind, one.link) for one in told] == [
        ("provider_refused", f"/settings/sending/{provider.id}")
    ]
    assert "401" in told[0].body and "wrong" not in told[0].body
