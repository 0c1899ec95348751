"""Handing over, against the real stand-ins: once, or honestly unknown."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tandem.crm.notifications import service
from tandem.crm.notifications.domain.messages import GAPS, LEASE, State
from tandem.crm.notifications.gateways.port import Mailer, Refused, Site, Texter
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.crm.notifications.gateways.twilio import TwilioTexter
from tandem.crm.notifications.service.leaving import Result, record_results
from tandem.crm.notifications.service.planning import SEND_LANE
from tandem.flows.send_messages.lanes import deliver
from tandem.kernel.db import Query
from tandem.kernel.jobs import JOBS, Work
from tandem.kernel.resources import Resources
from tests.notifications.givens import EMAIL, PARAMETERS, Post, header
from tests.sandbox.serving import free_port

ROWS = Query(
    """
    select m.subject || m.text || m.html || m.error as words
      from notifications.message m
     where m.org_id = :org_id
     union all
    select a.detail from notifications.attempt a where a.org_id = :org_id
     union all
    select e.payload::text from kernel.event e where e.org_id = :org_id
    """
)


async def test_a_message_leaves_once_by_each_channel(post: Post) -> None:
    order_id = uuid4()
    ids = await post.queue(phone=post.phone, order_id=order_id)
    await post.carry(*ids, *ids)
    await post.sweep(hours=1)

    (mail,) = post.mailbox("email")
    (text,) = post.mailbox("sms")
    states = [await post.read(message_id) for message_id in ids]
    assert [(message.channel, message.state) for message in states] == [
        ("email", "sent"),
        ("sms", "sent"),
    ]
    assert mail["to"] == [EMAIL]
    assert mail["subject"] == "Your order SO-1001: please pay ₹118.00"
    assert header(mail, "From") == "Nilgiri Teas <no-reply@tandem.test>"
    assert header(mail, "Message-ID") == f"<{ids[0]}@tandem.test>"
    assert "http://shop.test/pay/abc" in mail["text"]
    assert 'href="http://shop.test/pay/abc"' in mail["html"]
    assert text["text"] == (
        "Nilgiri Teas: order SO-1001 is reserved for you until 22 Nov, 4:00 pm."
        " Pay Rs 118.00: http://shop.test/pay/abc"
    )
    assert states[1].provider_message_id == text["provider_id"]
    assert await post.told() == ["message_sent", "message_sent"]
    assert [await post.history(message_id) for message_id in ids] == [["sent"], ["sent"]]


async def test_the_same_occasion_is_said_once(post: Post) -> None:
    async def again() -> list[UUID]:
        return await post.queue(dedupe="order_placed:1")

    queued = await asyncio.gather(*(again() for _ in range(20)))
    assert sum(len(ids) for ids in queued) == 1
    assert len(await post.queue(dedupe="order_placed:2")) == 1


async def test_what_is_rolled_back_was_never_said(post: Post) -> None:
    with pytest.raises(ZeroDivisionError):
        async with post.work.transaction() as tx:
            await service.send(
                tx,
                template="order_placed",
                order_id=None,
                email=EMAIL,
                phone=post.phone,
                parameters=PARAMETERS,
                dedupe="once",
                now=post.work.now(),
            )
            raise ZeroDivisionError
    await post.sweep(minutes=1)
    assert post.mailbox("email") == post.mailbox("sms") == []
    assert SEND_LANE in JOBS


async def test_many_workers_at_once_send_one(post: Post) -> None:
    (message_id,) = await post.queue()
    await asyncio.gather(*(post.carry(message_id) for _ in range(10)))
    assert len(post.mailbox("email")) == 1
    assert await post.history(message_id) == ["sent"]


@pytest.mark.parametrize("fault", ["451", "451_data"])
async def test_a_server_that_is_busy_is_asked_again_later(post: Post, fault: str) -> None:
    post.sandbox.break_next("smtp", fault)
    (message_id,) = await post.queue()
    await post.carry(message_id)
    waiting = await post.read(message_id)
    assert (waiting.state, waiting.attempts) == (State.QUEUED, 1)
    assert GAPS[0] * 0.84 <= waiting.due_at - post.work.now() <= GAPS[0]
    assert waiting.error.startswith("451")

    await post.sweep(seconds=12)
    assert post.mailbox("email") == []
    await post.sweep(seconds=3)
    (mail,) = post.mailbox("email")
    assert header(mail, "Message-ID") == f"<{message_id}@tandem.test>"
    assert await post.history(message_id) == ["later", "sent"]


async def test_a_server_that_never_has_time_is_given_up(post: Post) -> None:
    post.sandbox.break_next("smtp", "451", count=100)
    (message_id,) = await post.queue()
    await post.carry(message_id)
    for gap in GAPS:
        await post.sweep(seconds=gap.total_seconds())
    given_up = await post.read(message_id)
    assert (given_up.state, given_up.attempts) == (State.FAILED, len(GAPS) + 1)
    assert await post.told() == ["message_failed"]


async def test_a_refused_recipient_is_not_tried_again(post: Post) -> None:
    post.sandbox.break_next("smtp", "550", match="meera@")
    (message_id,) = await post.queue()
    await post.carry(message_id)
    await post.sweep(days=2)
    failed = await post.read(message_id)
    assert (failed.state, failed.attempts, failed.error[:3]) == (State.BOUNCED, 1, "550")
    assert await post.told() == ["message_bounced"]
    assert post.mailbox("email") == []


async def test_no_server_at_all_is_a_reason_to_wait(post: Post) -> None:
    (message_id,) = await post.queue()
    nowhere = SmtpMailer(f"smtp://127.0.0.1:{free_port()}", sender="x@tandem.test")
    await deliver_by(post, message_id, mailer=nowhere)
    waiting = await post.read(message_id)
    assert (waiting.state, waiting.handed_over_at) == (State.QUEUED, None)
    await post.sweep(minutes=1)
    assert len(post.mailbox("email")) == 1


async def test_without_a_server_set_the_message_says_so(post: Post) -> None:
    (message_id,) = await post.queue()
    await deliver_by(post, message_id, mailer=SmtpMailer("", sender="x@tandem.test"))
    failed = await post.read(message_id)
    assert (failed.state, failed.error) == (
        State.FAILED,
        "No mail server is set (TANDEM_SMTP_URL).",
    )


async def deliver_by(post: Post, message_id: UUID, *, mailer: SmtpMailer) -> None:
    held = Resources()
    held.add(Mailer, mailer)
    held.add(Texter, post.work.get(Texter))
    held.add(Site, post.work.get(Site))
    await deliver(Work(post.work.database, held, post.work.org_id), str(message_id))


@pytest.mark.parametrize(("fault", "arrived"), [("timeout_after", 1), ("timeout_before", 0)])
async def test_silence_after_the_body_is_unknown_and_never_repeated_by_itself(
    post: Post, fault: str, arrived: int
) -> None:
    post.sandbox.break_next("smtp", fault, seconds=0.1)
    (message_id,) = await post.queue()
    await post.carry(message_id)
    for _ in range(3):
        await post.sweep(days=1)
    assert (await post.read(message_id)).state is State.UNKNOWN
    assert len(post.mailbox("email")) == arrived
    assert await post.told() == ["message_unknown"]

    async with post.work.transaction() as tx:
        await service.retry(tx, message_id, now=post.work.now())
    await post.carry(message_id)
    mails = post.mailbox("email")
    assert len(mails) == arrived + 1
    assert {header(mail, "Message-ID") for mail in mails} == {f"<{message_id}@tandem.test>"}
    assert (await post.read(message_id)).state is State.SENT


async def test_a_text_whose_answer_was_lost_is_found_at_the_provider(post: Post) -> None:
    post.sandbox.break_next("sms", "timeout_after", seconds=0.1)
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    assert (await post.read(message_id)).state is State.UNKNOWN
    await post.sweep(minutes=1)
    found = await post.read(message_id)
    (text,) = post.mailbox("sms")
    assert (found.state, found.provider_message_id) == (State.SENT, text["provider_id"])
    assert await post.history(message_id) == ["unknown", "found"]
    assert await post.told() == ["message_unknown", "message_sent"]


@pytest.mark.parametrize("fault", ["timeout_before", "500", "html_502"])
async def test_a_text_that_surely_never_came_is_sent_again(post: Post, fault: str) -> None:
    post.sandbox.break_next("sms", fault, seconds=0.1)
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    assert (await post.read(message_id)).state is State.UNKNOWN
    await post.sweep(minutes=1)
    assert post.mailbox("sms") == []
    await post.sweep(minutes=1)
    assert len(post.mailbox("sms")) == 1
    assert await post.history(message_id) == ["unknown", "not_found", "not_found", "sent"]


async def test_texts_with_the_same_words_are_not_taken_for_one_another(post: Post) -> None:
    (first,) = await post.queue(email=None, phone=post.phone, dedupe="first")
    await post.carry(first)
    post.sandbox.break_next("sms", "timeout_before", seconds=0.1)
    (second,) = await post.queue(email=None, phone=post.phone, dedupe="second")
    await post.carry(second)
    await post.sweep(minutes=1)
    assert (await post.read(second)).state is State.UNKNOWN
    await post.sweep(minutes=1)
    assert len(post.mailbox("sms")) == 2
    assert (await post.read(second)).state is State.SENT


async def test_a_provider_that_cannot_be_asked_leaves_it_unknown(post: Post) -> None:
    post.sandbox.break_next("sms", "timeout_before", seconds=0.1)
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    post.sandbox.break_next("sms", "500", count=100)
    for _ in range(5):
        await post.sweep(minutes=10)
    assert (await post.read(message_id)).state is State.UNKNOWN
    assert post.mailbox("sms") == []


async def test_a_busy_gateway_is_asked_again_after_the_time_it_names(post: Post) -> None:
    post.sandbox.break_next("sms", "429", seconds=90)
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    assert (await post.read(message_id)).due_at == post.work.now() + timedelta(seconds=90)
    await post.sweep(seconds=90)
    assert len(post.mailbox("sms")) == 1


async def test_a_gateway_that_says_no_ends_the_matter(post: Post, resources: Resources) -> None:
    (message_id,) = await post.queue(email=None, phone=post.phone)
    settings = post.sandbox.settings
    texter = TwilioTexter(
        base_url=f"{settings.base_url}/sms",
        account_sid=settings.sms_account_sid,
        auth_token=settings.sms_auth_token,
        sender="!",
    )
    async with post.work.transaction() as tx:
        message = await service.claim(tx, message_id, now=post.work.now())
    assert message is not None

    async def hand_over() -> None:
        return

    with pytest.raises(Refused, match="21212"):
        await texter.send(message, org_id=post.work.org_id, hand_over=hand_over)
    await texter.close()


async def test_a_worker_that_died_before_handing_over_loses_nothing(post: Post) -> None:
    (message_id,) = await post.queue()
    async with post.work.transaction() as tx:
        assert await service.claim(tx, message_id, now=post.work.now())
    await post.sweep(seconds=LEASE.total_seconds() - 1)
    assert post.mailbox("email") == []
    await post.sweep(seconds=1)
    assert len(post.mailbox("email")) == 1
    assert await post.history(message_id) == ["abandoned", "sent"]


async def test_a_worker_that_died_while_handing_over_leaves_it_unknown(post: Post) -> None:
    (message_id,) = await post.queue()
    async with post.work.transaction() as tx:
        message = await service.claim(tx, message_id, now=post.work.now())
        assert message is not None
        await service.hand_over(tx, message, now=post.work.now())
    await post.sweep(seconds=LEASE.total_seconds())
    assert (await post.read(message_id)).state is State.UNKNOWN
    assert post.mailbox("email") == []


async def test_who_lost_the_lease_neither_sends_nor_writes(post: Post) -> None:
    (message_id,) = await post.queue()
    async with post.work.transaction() as tx:
        slow = await service.claim(tx, message_id, now=post.work.now())
    assert slow is not None
    await post.sweep(seconds=LEASE.total_seconds())
    async with post.work.transaction() as tx:
        with pytest.raises(service.LeaseLost):
            await service.hand_over(tx, slow, now=post.work.now())
        late = Result(message=slow, outcome="refused", detail="late")
        await record_results(tx, [late], now=post.work.now())
    assert (await post.read(message_id)).state is State.SENT
    assert await post.told() == ["message_sent"]


async def test_a_code_is_nowhere_once_it_has_left(post: Post) -> None:
    """A-NOT-15."""
    ids = await post.queue(template="door_code", phone=post.phone, is_secret=True)
    await post.carry(*ids)
    assert "482913" in post.mailbox("email")[0]["html"]
    assert "482913" in post.mailbox("sms")[0]["text"]
    async with post.work.transaction() as tx:
        kept = "".join(row["words"] for row in await tx.records(ROWS))
    assert "482913" not in kept
    assert "SO-1001" in kept


async def test_a_code_that_would_come_too_late_does_not_come(post: Post) -> None:
    later = post.work.now() + timedelta(minutes=10)
    (message_id,) = await post.queue(
        template="door_code", email=None, phone=post.phone, is_secret=True, not_after=later
    )
    post.hands.advance(minutes=10)
    await post.carry(message_id)
    late = await post.read(message_id)
    assert (late.state, late.reason, late.text) == (State.SKIPPED, "expired", "")
    assert await post.told() == ["message_skipped"]
    assert post.mailbox("sms") == []


@pytest.mark.parametrize(
    ("email", "phone"), [("not an address", None), (None, "98123 45678"), ("a@b\nBcc: c@d", None)]
)
async def test_what_is_no_address_fails_where_somebody_sees_it(
    post: Post, email: str | None, phone: str | None
) -> None:
    assert await post.queue(email=email, phone=phone) == []
    async with post.work.transaction() as tx:
        page = await service.list_messages(tx, limit=10, cursor=None, state=State.SKIPPED)
    assert {message.reason for message in page.items} == {"no_address"}
    assert [message.error for message in page.items] == ["This is not an address."]
    await post.sweep(hours=1)
    assert post.mailbox("email") == post.mailbox("sms") == []


async def test_who_has_no_address_is_told_nothing(post: Post) -> None:
    assert await post.queue(email=None, phone=None) == []
    assert await post.queue(template="invoice_issued", email=None, phone=post.phone) == []
