"""Disputes: told in any order, shown where money is, answered by people, and paid for when lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import httpx2
import pytest

from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import inbox as staff
from tandem.flows.answer_dispute import answer_disputes
from tandem.kernel.actor import Actor
from tandem.kernel.db import Query
from tandem.kernel.ids import new_id
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import (
    Dispute,
    DisputeFact,
    DisputeStatus,
    Fact,
    PaymentDisputed,
    PaymentException,
    Source,
    Status,
    refundable,
)
from tandem.scm.payments.jobs import watch_disputes
from tandem.scm.payments.service.disputes import DisputeFilter
from tests.givens import api_key_of
from tests.payments.shop import TOTAL, Shop
from tests.payments.test_exceptions import inbox, tell
from tests.payments.test_settlements import FEE, settle
from tests.waiting import until

AUDITED = Query(
    "select action from kernel.audit where org_id = :org_id and subject_kind = 'payment_dispute'"
)


def told(
    status: DisputeStatus,
    at: datetime,
    *,
    payment_id: str = "pay_1",
    dispute_id: str = "disp_1",
    amount: int = TOTAL,
    deducted: int = 0,
) -> Fact:
    return Fact(
        provider="razorpay",
        provider_payment_id=payment_id,
        source=Source.WEBHOOK,
        event_id=new_id().hex,
        kind=f"payment.dispute.{status}",
        occurred_at=at,
        dispute=DisputeFact(
            provider_dispute_id=dispute_id,
            status=status,
            phase="chargeback",
            reason="goods_not_received",
            amount_minor=amount,
            currency="INR",
            deducted_minor=deducted,
            respond_by=at + timedelta(days=7),
            opened_at=at.replace(hour=0),
        ),
    )


async def apply(shop: Shop, facts: Sequence[Fact]) -> None:
    for fact in facts:
        async with shop.job.transaction() as tx:
            await payments.apply_fact(tx, fact, now=shop.now())


async def of_order(shop: Shop, order_id: UUID) -> Sequence[Dispute]:
    async with shop.database.transaction(shop.actor) as tx:
        return (await payments.list_disputes(tx, DisputeFilter(order_id=order_id), limit=10)).items


async def kinds(shop: Shop, order_id: UUID) -> list[tuple[str, str]]:
    found: list[PaymentException] = await inbox(shop, order_id)
    return sorted((one.kind, one.resolution) for one in found)


async def test_told_in_any_order_it_ends_the_same_and_is_told_of_once(shop: Shop) -> None:
    """Every third of the 120 orders of five words, each told twice."""
    order, payment = await shop.captured()
    start = shop.now().replace(microsecond=0)
    words = [
        (DisputeStatus.OPEN, 0),
        (DisputeStatus.UNDER_REVIEW, 1),
        (DisputeStatus.ACTION_REQUIRED, 2),
        (DisputeStatus.UNDER_REVIEW, 3),
        (DisputeStatus.LOST, 4),
    ]
    for turn, order_of in enumerate(list(permutations(words))[::3]):
        facts = [
            told(
                status,
                start + timedelta(hours=hours),
                payment_id=payment.provider_payment_id,
                dispute_id=f"disp_{turn}",
                amount=100,
                deducted=100 if status is DisputeStatus.LOST else 0,
            )
            for status, hours in order_of
        ]
        async with shop.job.transaction() as tx:
            for fact in [*facts, *facts]:
                await payments.apply_fact(tx, fact, now=shop.now())
    found = await of_order(shop, order.id)
    ends = {(one.status, one.deducted_minor, one.told_at, one.decided_at) for one in found}
    last = start + timedelta(hours=4)
    assert ends == {("lost", 100, last, last)}
    topics = await shop.topics(order.id)
    assert topics.count("payments.dispute_opened") == 40
    assert topics.count("payments.dispute_decided") == 40
    (after,) = await shop.payments(order.id)
    assert (after.status, after.dispute_status) == ("captured", "lost")
    assert after.charged_back_minor == 4_000
    assert refundable(after, []) == TOTAL - 4_000


async def test_a_dispute_that_is_told_first_waits_for_its_payment_and_whoever_decides_hears_of_it(
    shop: Shop,
) -> None:
    async with shop.database.transaction(shop.actor) as tx:
        ravi = await identity.add_user(
            tx,
            email=f"ravi-{shop.actor.org_id.hex[-12:]}@example.test",
            name="Ravi Kumar",
            password="correct horse battery staple",
            role_key="admin",
            now=shop.now(),
        )
    order, intent = await shop.payable()
    name = f"pay_{new_id().hex[:14]}"
    await apply(shop, [told(DisputeStatus.OPEN, shop.now(), payment_id=name)])
    assert await of_order(shop, order.id) == []
    await tell(shop, intent, Status.CAPTURED, payment_id=name)
    (dispute,) = await of_order(shop, order.id)
    assert (dispute.status, dispute.order_number) == ("open", order.number)
    assert await kinds(shop, order.id) == [("disputed", "")]
    await shop.work()
    async with shop.database.transaction(Actor(org_id=shop.actor.org_id, user_id=ravi.id)) as tx:
        bell = (await staff.list_inbox(tx, limit=10)).items
    assert [(one.kind, one.title, one.link) for one in bell] == [
        (
            "payment_dispute",
            f"{order.number}: the buyer's bank disputes a payment",
            f"/payments/{dispute.payment_id}",
        )
    ]


@pytest.mark.parametrize("outcome", ["won", "lost"])
async def test_from_the_banks_word_to_the_settlement(
    shop: Shop, web: str, client: httpx2.AsyncClient, outcome: str
) -> None:
    order, payment = await shop.captured()
    desk = shop.sandbox.http
    asked = {"amount": 50_000, "reason_code": "goods_not_received", "respond_in_days": 5}
    made = desk.post(
        f"/sandbox/razorpay/payments/{payment.provider_payment_id}/disputes", json=asked
    )
    assert made.status_code == 201, made.text
    name = made.json()["id"]
    assert shop.at_gateway(f"disputes/{name}")["status"] == "open"
    await _told(shop, "payment.dispute.created", name)
    (row,) = (await client.get("/v1/payment-disputes", params={"is_open": True})).json()["items"]
    assert (row["status"], row["amount_minor"], row["reason"], row["order_number"]) == (
        "open",
        50_000,
        "goods_not_received",
        order.number,
    )
    assert datetime.fromisoformat(row["respond_by"]) - datetime.fromisoformat(
        row["opened_at"]
    ) == timedelta(days=5)
    found = (await client.get("/v1/resolve", params={"q": name})).json()
    assert (found["kind"], found["order_id"]) == ("dispute", str(order.id))
    with pytest.raises(PaymentDisputed):
        async with shop.database.transaction(shop.actor) as tx:
            await payments.refund_payment(
                tx, payment.id, amount_minor=None, reason="asked", now=shop.now()
            )
    assert await kinds(shop, order.id) == [("disputed", "")]
    path = f"/v1/payment-disputes/{row['id']}"
    evidence = {"evidence_note": "Signed for by Asha Rao, photo of the door."}
    stale = await client.patch(path, json=evidence, headers={"if-match": '"9"'})
    noted = await client.patch(path, json=evidence, headers={"if-match": '"1"'})
    assert (stale.status_code, noted.status_code, noted.headers["etag"]) == (412, 200, '"2"')
    await (_accepted if outcome == "lost" else _contested)(shop, client, path, name)
    assert desk.post(f"/sandbox/razorpay/disputes/{name}/won").status_code == 409
    await _told(shop, f"payment.dispute.{outcome}", name)
    await _settled(shop, outcome, order.id, payment.id, client, path, evidence)


async def _contested(shop: Shop, client: httpx2.AsyncClient, path: str, name: str) -> None:
    """With the invoice, in two rounds; of the second the answer is lost. The bank then agrees."""
    desk = shop.sandbox.http
    asked = {"action": "contest", "amount_minor": 40_000}
    reader = await api_key_of(shop.database, shop.actor, "payments.read")
    barred = {"authorization": f"Bearer {reader}"}
    assert (await client.post(f"{path}/answers", json=asked, headers=barred)).status_code == 403
    too_much = await client.post(f"{path}/answers", json={**asked, "amount_minor": 50_001})
    assert (too_much.status_code, too_much.json()["field"]) == (422, "amount_minor")
    answered = await client.post(f"{path}/answers", json=asked)
    assert (answered.status_code, answered.json()["answer_state"]) == (202, "requested")
    again = await client.post(f"{path}/answers", json=asked)
    assert (again.status_code, again.json()["version"]) == (202, answered.json()["version"])
    beside = await client.post(f"{path}/answers", json={"action": "accept"})
    assert (beside.status_code, beside.json()["code"]) == (409, "already_answered")
    await shop.work()
    kept = (await client.get(path)).json()
    assert (kept["status"], kept["answer"], kept["answer_state"]) == (
        "under_review",
        "contest",
        "sent",
    )
    there = shop.at_gateway(f"disputes/{name}")
    evidence = there["evidence"]
    assert (there["status"], evidence["amount"]) == ("under_review", 40_000)
    assert evidence["summary"] == "Signed for by Asha Rao, photo of the door."
    [paper] = evidence["billing_proof"]
    document = shop.at_gateway(f"documents/{paper}")
    assert document["mime_type"] == "application/pdf"
    assert document["name"].startswith("INV-")
    early = await client.post(f"{path}/answers", json={"action": "contest"})
    assert (early.status_code, early.json()["code"]) == (409, "already_answered")
    shop.clock.moved += timedelta(minutes=2)
    desk.post("/sandbox/clock", json={"offset_seconds": shop.clock.moved.total_seconds()})
    desk.post(f"/sandbox/razorpay/disputes/{name}/action_required")
    await _told(shop, "payment.dispute.action_required", name)
    first = evidence["submitted_at"]
    await _lose_the_answer(shop, client, path, {"action": "contest"})
    submitted = shop.at_gateway(f"disputes/{name}")["evidence"]
    assert (submitted["submitted_at"] > first, submitted["amount"]) == (True, 50_000)
    assert desk.post(f"/sandbox/razorpay/disputes/{name}/won").status_code == 201


async def _accepted(shop: Shop, client: httpx2.AsyncClient, path: str, name: str) -> None:
    part = await client.post(f"{path}/answers", json={"action": "accept", "amount_minor": 1})
    assert (part.status_code, part.json()["field"]) == (422, "amount_minor")
    await _lose_the_answer(shop, client, path, {"action": "accept"})
    assert shop.at_gateway(f"disputes/{name}")["status"] == "lost"


async def _lose_the_answer(
    shop: Shop, client: httpx2.AsyncClient, path: str, asked: dict[str, str]
) -> None:
    """The gateway took it and nobody heard: it is looked up, and told no second time."""
    fault = {"target": "razorpay", "kind": "timeout_after", "seconds": 0.01, "match": "/v1/disput"}
    assert shop.sandbox.http.post("/sandbox/faults", json=fault).status_code == 201
    assert (await client.post(f"{path}/answers", json=asked)).status_code == 202
    await shop.work()
    assert (await client.get(path)).json()["answer_error"].startswith("OutcomeUnknown")
    shop.clock.moved += timedelta(minutes=1)
    await answer_disputes(shop.job)
    await answer_disputes(shop.job)
    told = (await client.get(path)).json()
    assert (told["answer"], told["answer_state"]) == (asked["action"], "sent")


async def test_an_answer_without_a_paper_and_one_the_gateway_refuses_are_said(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    order, payment = await shop.captured()
    path = f"/sandbox/razorpay/payments/{payment.provider_payment_id}/disputes"
    late = shop.sandbox.http.post(path, json={"respond_in_days": 0}).json()["id"]
    await watch_disputes(shop.job)
    (dispute,) = await of_order(shop, order.id)
    home = f"/v1/payment-disputes/{dispute.id}"
    await client.patch(home, json={"evidence_note": "x" * 1_001})
    too_long = await client.post(f"{home}/answers", json={"action": "contest"})
    assert (too_long.status_code, too_long.json()["field"]) == (422, "evidence_note")
    await client.patch(home, json={"evidence_note": ""})
    shop.sandbox.http.post("/sandbox/clock", json={"offset_seconds": 3600})
    form = {"action": "contest", "evidence_note": "It came, and late."}
    said = await client.post(f"/payments/disputes/{dispute.id}/answer", data=form)
    assert said.status_code == 303
    await shop.work()
    refused = (await client.get(home)).json()
    assert (refused["status"], refused["answer_state"]) == ("open", "refused")
    assert refused["evidence_note"] == "It came, and late."
    assert refused["answer_error"] == "The respond by date of the dispute is over"
    assert await kinds(shop, order.id) == [("answer_refused", ""), ("disputed", "")]
    shown = await client.get(f"/payments/{payment.id}", headers={"accept": "text/html"})
    assert "The respond by date of the dispute is over" in shown.text
    assert shop.at_gateway(f"disputes/{late}")["status"] == "open"
    assert "payments.dispute_answered" not in await shop.topics(order.id)


async def _told(shop: Shop, event: str, name: str) -> None:
    """The stand-in's webhook has come, and was read."""
    until(
        lambda: [
            one
            for one in shop.sandbox.http.get("/sandbox/webhooks").json()["deliveries"]
            if one["event"] == event and one["state"] == "delivered" and name in one["body"]
        ]
    )
    await shop.work()


async def _settled(
    shop: Shop,
    outcome: str,
    order_id: UUID,
    payment_id: UUID,
    client: httpx2.AsyncClient,
    path: str,
    evidence: dict[str, str],
) -> None:
    """What the decision did to money, and what it left alone."""
    is_lost = outcome == "lost"
    cost = 50_000 if is_lost else 0
    decided = (await client.get(path)).json()
    assert (decided["status"], decided["deducted_minor"]) == (outcome, cost)
    assert decided["evidence_note"] == evidence["evidence_note"]
    late = await client.patch(path, json={"evidence_note": "More"})
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    async with shop.database.transaction(shop.actor) as tx:
        audited = [row["action"] for row in await tx.records(AUDITED)]
    answers = ["payments.answer_dispute"] * (1 if is_lost else 2)
    assert sorted(audited) == [*answers, "payments.note_evidence"]
    inboxed = [("dispute_lost", ""), ("disputed", outcome)]
    assert await kinds(shop, order_id) == (inboxed if is_lost else inboxed[1:])
    detail = (await client.get(f"/v1/payments/{payment_id}")).json()
    assert detail["payment"]["dispute_status"] == outcome
    assert detail["payment"]["charged_back_minor"] == cost
    assert detail["refundable_minor"] == TOTAL - cost
    assert [one["id"] for one in detail["disputes"]] == [decided["id"]]
    order = await shop.order(order_id)
    assert (order.payment_status, order.paid_minor, order.refunded_minor) == ("paid", TOTAL, 0)
    timeline = (await client.get(f"/v1/orders/{order_id}/timeline", params={"limit": 100})).json()
    titles = [step["title"] for step in timeline["items"] if "isput" in step["title"]]
    answer = "Dispute accepted" if is_lost else "Dispute contested"
    assert titles[0] == "Payment disputed"
    assert (titles.count(f"Dispute {outcome}"), titles.count(answer)) == (1, 1 if is_lost else 2)
    for page in ("/payments/disputes?show=all", f"/payments/{payment_id}", f"/orders/{order_id}"):
        shown = await client.get(page, headers={"accept": "text/html"})
        assert (shown.status_code, "isput" in shown.text) == (200, True), page
    name = settle(shop)
    await client.post("/v1/settlements/import")
    await shop.work()
    (found,) = (await client.get("/v1/settlements", params={"search": name})).json()["items"]
    rows = (await client.get(f"/v1/settlements/{found['id']}/rows")).json()["items"]
    taken = [row["payment_id"] for row in rows if row["kind"] == "adjustment"]
    assert (taken, found["is_balanced"]) == ([str(payment_id)] if is_lost else [], True)
    assert sum(row["net_minor"] for row in rows if row["payment_id"]) == TOTAL - FEE - cost


async def test_a_dispute_whose_webhook_was_lost_is_found_and_its_evidence_day_kept(
    shop: Shop,
) -> None:
    order, payment = await shop.captured()
    path = f"/sandbox/razorpay/payments/{payment.provider_payment_id}/disputes"
    name = shop.sandbox.http.post(path, json={}).json()["id"]
    for _ in range(2):
        await watch_disputes(shop.job)
    (dispute,) = await of_order(shop, order.id)
    assert (dispute.provider_dispute_id, dispute.status) == (name, "open")
    needed = told(
        DisputeStatus.ACTION_REQUIRED,
        shop.now(),
        payment_id=payment.provider_payment_id,
        dispute_id=name,
    )
    await apply(shop, [needed])
    await watch_disputes(shop.job)
    assert [one.status for one in await of_order(shop, order.id)] == ["action_required"]
    shop.sandbox.http.post(f"/sandbox/razorpay/disputes/{name}/lost")
    await watch_disputes(shop.job)
    (dispute,) = await of_order(shop, order.id)
    assert (dispute.status, dispute.deducted_minor) == ("lost", TOTAL)
