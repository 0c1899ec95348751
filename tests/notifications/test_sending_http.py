"""Sending on request, rules, dry runs, channels that follow, who gets nothing, over HTTP."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest

from tandem.contracts.support import ComplaintStatusChanged
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewConsent, NewSuppression
from tandem.crm.notifications.domain.messages import Lane, State
from tandem.crm.notifications.domain.reports import Report, What
from tandem.crm.notifications.domain.rules import ServiceHolds
from tandem.crm.notifications.domain.template_versions import Content
from tandem.crm.notifications.service import leaving, reports, templates
from tandem.crm.notifications.service import people as people_of
from tandem.crm.notifications.service.leaving import Result
from tandem.flows.release_held import complaint_over
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel.outbox import drain
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Links
from tandem.scm.support.domain.statuses import Origin, Severity, Status
from tests.notifications.givens import EMAIL, Post
from tests.notifications.test_lanes import (
    outgoing,
    plan,
    run,
    set_rules,
    somebody,
    states,
)
from tests.support.givens import draft

NIGHT = {"starts": "22:00", "ends": "08:00", "covers": "all", "urgent_kinds": ["arriving"]}


async def ask(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    body = {"asks": [{"channel": "email", **asked}]}
    answer = await client.post("/v1/notifications/decisions", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["decisions"][0]
    return found


def said(decision: dict[str, Any], rule: str) -> tuple[str, str]:
    return next(
        (step["outcome"], step["detail"]) for step in decision["trace"] if step["rule"] == rule
    )


NEWS = {
    "event": "refund_processed",
    "recipient": {"email": EMAIL},
    "data": {"order": "SO-1001", "amount": "₹118.00", "amount_plain": "Rs 118", "promise": "soon",
             "track_link": "/track/abc"},
    "channels": ["email"],
}  # fmt: skip


async def test_one_request_sends_one_message_however_often_it_is_repeated(
    client: httpx.AsyncClient, post: Post
) -> None:
    """A-NOT-2: fifty at once under one key, the same key with another body, a key of the body."""
    header = {"idempotency-key": "order-1-refund"}
    answers = await asyncio.gather(
        *(client.post("/v1/notifications", json=NEWS, headers=header) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    other = await client.post("/v1/notifications", json=NEWS | {"key": "x"}, headers=header)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await states(post) == {"queued": 1}

    keyed = [await client.post("/v1/notifications", json=NEWS | {"key": "k"}) for _ in range(2)]
    assert keyed[0].json() == keyed[1].json()
    await run(post, Lane.TRANSACTIONAL)
    assert await states(post) == {"sent": 2}
    assert post.mailbox("email")[0]["subject"] == "Refund of ₹118.00 for your order SO-1001"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"event": "no_such_event"}, 404, None),
        ({"event": "sign_in_code"}, 422, "event"),
        ({"recipient": {}}, 422, "recipient"),
        ({"recipient": {"customer_id": str(uuid4())}}, 404, None),
        ({"data": {}}, 422, "data"),
        ({"data": {"track_link": "https://evil.example"}}, 422, "data"),
        ({"data": {"order": "a\r\nBcc: x"}}, 422, None),
        ({"not_after": "2026-01-01T00:00:00"}, 422, "not_after"),
        ({"not_before": "9999-12-31T23:59:59-14:00"}, 422, "not_before"),
        ({"key": "no spaces"}, 422, None),
    ],
)
async def test_what_cannot_be_sent_is_refused_and_nothing_is_planned(
    client: httpx.AsyncClient, post: Post, change: dict[str, Any], status: int, field: str | None
) -> None:
    answer = await client.post("/v1/notifications", json=NEWS | change)
    assert answer.status_code == status, answer.text
    assert field is None or answer.json().get("field") == field
    assert await states(post) == {}
    assert await post.told() == []


async def test_what_waits_is_taken_back_by_its_key(client: httpx.AsyncClient, post: Post) -> None:
    later = (post.work.now() + timedelta(hours=1)).isoformat()
    await client.post("/v1/notifications", json=NEWS | {"key": "k1", "not_before": later})
    assert (await client.delete("/v1/notifications/k1")).status_code == 204
    assert (await client.delete("/v1/notifications/k1")).status_code == 404
    assert (await client.delete("/v1/notifications/k%00")).status_code in {400, 404}
    post.hands.advance(hours=2)
    await run(post, Lane.TRANSACTIONAL)
    assert await states(post) == {"cancelled": 1}
    assert await post.told() == ["message_skipped"]


async def test_another_channel_follows_where_the_one_before_does_not_arrive(
    client: httpx.AsyncClient, post: Post
) -> None:
    """NOT-10: not delivered in time, or surely not; what arrives keeps the next one back."""

    async def begin(
        key: str, email: str | None = EMAIL, also: Sequence[str] = ()
    ) -> dict[str, UUID]:
        new = NEWS | {
            "key": key, "recipient": {"email": email, "phone": post.phone},
            "channels": ["email", "sms", *also], "fallback_after_minutes": 30,
        }  # fmt: skip
        answer = await client.post("/v1/notifications", json=new)
        assert answer.status_code == 201, answer.text
        return {one["channel"]: UUID(one["id"]) for one in answer.json()["messages"]}

    async def turn(**later: float) -> None:
        post.hands.advance(**later)
        await drain(post.work.database)
        await run(post, Lane.TRANSACTIONAL)

    async def stands(ids: dict[str, UUID]) -> list[str]:
        found = [await post.read(ids[way]) for way in ("email", "sms")]
        return [f"{one.state}:{one.reason}".rstrip(":") for one in found]

    alone = NEWS | {"channels": ["email"], "fallback_after_minutes": 30}
    refused = await client.post("/v1/notifications", json=alone)
    assert (refused.status_code, refused.json()["field"]) == (422, "channels")
    late, quick, gone = await begin("late"), await begin("quick"), await begin("gone")
    nowhere = await begin("nowhere", "nobody")
    await turn()
    assert await stands(late) == ["sent", "queued"]
    assert await stands(nowhere) == ["skipped:no_address", "sent"], "it has nothing to wait for"
    async with post.work.transaction() as tx:
        now = post.work.now()
        for ids, what in ((quick, What.DELIVERED), (gone, What.SOFT_BOUNCE)):
            report = Report(key="x", what=what, at=now, message_id=ids["email"])
            await reports.apply_report(tx, ids["email"], report, now=now)
    await turn(minutes=29)
    assert [await stands(ids) for ids in (late, quick, gone)] == [
        ["sent", "queued"], ["delivered", "queued"], ["bounced", "sent"],
    ]  # fmt: skip
    await turn(minutes=1)
    assert [await stands(ids) for ids in (late, quick)] == [
        ["sent", "sent"], ["delivered", "skipped:arrived"],
    ]  # fmt: skip
    taken_back = await begin("back")
    assert (await client.delete("/v1/notifications/back")).status_code == 204
    await turn(hours=1)
    assert await stands(taken_back) == ["skipped:cancelled"] * 2
    assert len(post.mailbox("sms")) == 3

    async with post.work.transaction() as tx:
        now = post.work.now()
        chat = await templates.own_template(tx, "refund_processed", "whatsapp", now=now)
        words = await templates.draft(
            tx, chat.id, content=Content(format="text", source="Sent back."), locale="en", now=now
        )
        await templates.publish(tx, words.id, now=now)
    three = await begin("three", also=["whatsapp"])
    await turn()
    await turn(minutes=30)
    assert await stands(three) == ["sent", "sent"]
    async with post.work.transaction() as tx:
        report = Report(key="y", what=What.SOFT_BOUNCE, at=None, message_id=three["email"])
        await reports.apply_report(tx, three["email"], report, now=post.work.now())
    await turn(minutes=29)
    assert (await post.read(three["whatsapp"])).state is State.QUEUED, "the text has its own time"


async def test_rules_are_set_whole_and_by_one_at_a_time(client: httpx.AsyncClient) -> None:
    usual = await client.get("/v1/sending-rules")
    assert (usual.headers["etag"], usual.json()["quiet_hours"]) == ('"0"', None)
    rules = {"caps": [{"count": 2, "days": 7}], "quiet_hours": NIGHT}
    first = await client.put("/v1/sending-rules", json=rules, headers={"if-match": '"0"'})
    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    stale = await client.put("/v1/sending-rules", json={}, headers={"if-match": '"0"'})
    wrong = [
        await client.put("/v1/sending-rules", json=bad)
        for bad in (
            {"quiet_hours": NIGHT | {"ends": "22:00"}},
            {"quiet_hours": NIGHT | {"starts": "24:00"}},
            {"caps": [{"count": 0, "days": 7}]},
            {"service": {"on_complaint": "shout"}},
            {"domains": [{"domain": "Gmail.com", "per_second": 20}]},
            {"domains": [{"domain": "gmail.com"}]},
            {"domains": [{"domain": "gmail.com", "at_once": 2}] * 2},
        )
    ]
    assert stale.status_code == 412
    assert {answer.status_code for answer in wrong} == {422}
    assert (await client.get("/v1/sending-rules")).json()["caps"][0]["count"] == 2


async def test_a_dry_run_names_every_rule_and_sends_nothing(
    client: httpx.AsyncClient, post: Post
) -> None:
    """A-NOT-7, 16: what service may say, and promotions may not."""
    who = await somebody(post)
    assert (await ask(client, customer_id=str(who)))["action"] == "send"
    async with post.work.transaction() as tx:
        gone = NewConsent(purpose="marketing", channel="email", is_granted=False, source="link")
        await customers.record_consent(tx, who, gone, now=post.work.now())
    promotion = await ask(client, customer_id=str(who))
    order = await ask(
        client, customer_id=str(who), purpose="service", kind="invoice_issued", lane="transactional"
    )
    code = await ask(client, address=EMAIL, purpose="service", kind="sign_in_code", lane="otp")
    assert (promotion["action"], promotion["reason"]) == ("skip", "no_consent")
    assert said(promotion, "suppression_and_consent") == (
        "skipped",
        "Consent to marketing by email: withdrawn.",
    )
    assert (order["action"], code["action"]) == ("send", "send")
    assert await states(post) == {}


async def test_who_unsubscribes_while_it_waits_is_not_written_to(post: Post) -> None:
    """A-MKT-8."""
    who = await somebody(post)
    await plan(post, outgoing(1, customer_id=who, recipient=EMAIL, purpose="marketing"))
    async with post.work.transaction() as tx:
        gone = NewConsent(purpose="marketing", channel="email", is_granted=False, source="link")
        await customers.record_consent(tx, who, gone, now=post.work.now())
    await run(post)
    assert await states(post) == {"no_consent": 1}
    assert post.mailbox("email") == []


async def test_a_promotion_on_request_says_how_to_leave_and_what_was_bought_does_not(
    client: httpx.AsyncClient, post: Post
) -> None:
    who = str(await somebody(post))
    for purpose in ("marketing", "service"):
        asked = {**NEWS, "recipient": {"customer_id": who}, "purpose": purpose}
        assert (await client.post("/v1/notifications", json=asked)).is_success
    await run(post, Lane.TRANSACTIONAL)
    plain, promoted = sorted(
        post.mailbox("email"), key=lambda one: "List-Unsubscribe" in dict(one["headers"])
    )
    told = dict(promoted["headers"])
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    place = f"/u/{told['List-Unsubscribe'].strip('<>').rpartition('/')[2]}"
    assert place in promoted["text"] and place in promoted["html"]
    assert "List-Unsubscribe" not in dict(plain["headers"]) and "/u/" not in plain["text"]
    seen = await ask(client, channel="webhook", customer_id=who)
    assert seen["action"] == "send"


async def test_a_dead_address_gets_nothing_at_all(post: Post) -> None:
    (message_id,) = await post.queue()
    async with post.work.transaction() as tx:
        dead = NewSuppression(channel="email", address=EMAIL, reason="bounced")
        await customers.suppress(tx, dead, now=post.work.now())
    await run(post, Lane.TRANSACTIONAL)
    skipped = await post.read(message_id)
    assert (skipped.state, skipped.reason) == (State.SKIPPED, "suppressed")
    assert skipped.error == "The address is suppressed: bounced."


@pytest.mark.parametrize("doing", ["hold", "skip"])
async def test_who_waits_for_an_answer_is_not_sent_promotions(
    post: Post, doing: Literal["hold", "skip"]
) -> None:
    """A-MKT-16: held until the complaint is resolved, or left out; the trace names the rule."""
    who = await somebody(post)
    await set_rules(post, service=ServiceHolds(on_complaint=doing))
    (message_id,) = await plan(
        post, outgoing(1, customer_id=who, recipient=EMAIL, purpose="marketing")
    )
    complaint_id = await complain(post, who)
    await run(post)
    held = await post.read(message_id)
    trace = {step.rule: step.outcome for step in held.trace}
    assert held.reason == "complaint_open"
    assert trace["complaint"] == ("held" if doing == "hold" else "skipped")
    await resolve(post, complaint_id)
    await run(post)
    assert (await post.read(message_id)).state is (State.SENT if doing == "hold" else State.SKIPPED)


async def complain(post: Post, who: Any) -> Any:
    async with post.work.transaction() as tx:
        complaint = await support.open_complaint(
            tx,
            draft(severity=Severity.CRITICAL, links=Links(customer_id=who)),
            origin=Origin.STAFF,
            now=post.work.now(),
        )
    return complaint.id


async def resolve(post: Post, complaint_id: Any) -> None:
    async with post.work.transaction() as tx:
        await support.move(
            tx,
            complaint_id=complaint_id,
            to=Status.RESOLVED,
            origin=Origin.STAFF,
            now=post.work.now(),
        )
        complaint = await support.get_complaint(tx, complaint_id)
        event = ComplaintStatusChanged(
            complaint_id=complaint.id,
            number=complaint.number,
            order_id=None,
            origin="staff",
            before="open",
            after="resolved",
        )
        await complaint_over(tx, event, post.work.now())


async def test_who_is_erased_is_not_written_to_any_more(post: Post) -> None:
    """A-NOT-17: what waits is cancelled, and the ledger forgets the address."""
    who = await somebody(post)
    in_hand = await plan(post, *(outgoing(n, customer_id=who) for n in (2, 3)))
    async with post.work.transaction() as tx:
        held = await leaving.claim_lane(tx, Lane.BULK, count=9, now=post.work.now())
        await leaving.hand_over_many(tx, held, now=post.work.now())
    (message_id,) = await plan(post, outgoing(1, customer_id=who, recipient="old@example.test"))
    async with post.work.transaction() as tx:
        gone = await people_of.erase_person(
            tx, order_ids=[], addresses=[], customer_id=who, now=post.work.now()
        )
    await run(post)
    left = await post.read(message_id)
    assert (gone, left.state, left.reason, left.recipient, left.text) == (
        3,
        State.SKIPPED,
        "cancelled",
        "erased",
        "",
    )
    assert (await post.read(in_hand[0])).text, "whoever has it in hand has its words"
    results = [
        Result(message=held[0], outcome="sent"),
        Result(message=held[1], outcome="later", detail="busy"),
    ]
    async with post.work.transaction() as tx:
        await leaving.record_results(tx, results, now=post.work.now())
    await tidy(post.work)
    await run(post)
    settled = [await post.read(one) for one in in_hand]
    assert {one.state for one in settled} == {State.SENT, State.SKIPPED}
    assert {(one.recipient, one.subject, one.text, one.html) for one in settled} == {
        ("erased", "", "", "")
    }
    assert post.mailbox("email") == []


async def test_a_dry_run_compares_a_text_with_what_was_registered(
    client: httpx.AsyncClient, post: Post
) -> None:
    unknown = await ask(client, channel="sms", address=post.phone, purpose="service")
    assert said(unknown, "dlt")[0] == "not_asked"
    written = await ask(
        client, channel="sms", address=post.phone, purpose="service", text="Your order is here."
    )
    assert said(written, "dlt")[0] == "passed", "nothing is registered, so nothing is asked"
    odd = await client.post(
        "/v1/notifications/decisions",
        json={"asks": [{"channel": "email", "address": EMAIL, "at": "2026-11-22T10:00:00"}]},
    )
    assert odd.status_code == 422
