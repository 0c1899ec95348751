"""What went to the bank: fetched once, balanced, tied to what we know, and what does not fit seen
(AP12)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tandem.kernel.db import Query
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import (
    AlreadyDecided,
    Payment,
    Settlement,
    SettlementDecision,
    SettlementException,
    SettlementRow,
    SettlementStatus,
    ToldSettlement,
)
from tandem.scm.payments.gateways.razorpay.settled import WireSettled, row_of
from tests.payments.settled_sample import SAMPLE_ROWS
from tests.payments.shop import TOTAL, Shop
from tests.waiting import until

FEE, TAX = 2_784, 424
"""2 % of the total, and 18 % GST on it, as the stand-in charges."""

TOLD = Query("select topic, payload from kernel.event where org_id = :org_id order by seq")


def settle(shop: Shop, *again: str) -> str:
    answer = shop.sandbox.http.post("/sandbox/razorpay/settlements", json={"again": list(again)})
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["id"]
    return name


async def fetch(shop: Shop, *, after: timedelta = timedelta()) -> None:
    shop.clock.moved += after
    await payment_jobs.fetch_settlements(shop.job)
    await shop.work()


async def settlements(shop: Shop, **wanted: Any) -> list[Settlement]:
    """Those with payments of this company: adjustments of the shared account are everybody's."""
    async with shop.database.transaction(shop.actor) as tx:
        chosen = payments.SettlementFilter(**wanted)
        found = (await payments.list_settlements(tx, chosen, limit=50, cursor=None)).items
    return [each for each in found if each.payments_minor or wanted]


async def one(shop: Shop, name: str) -> Settlement:
    (found,) = await settlements(shop, search=name)
    return found


async def rows(shop: Shop, settlement_id: UUID) -> list[SettlementRow]:
    async with shop.database.transaction(shop.actor) as tx:
        page = await payments.list_settlement_rows(
            tx, settlement_id, kind=None, limit=200, cursor=None
        )
    assert page.next is None
    return page.items


async def inbox(shop: Shop, *, is_open: bool | None = True) -> list[SettlementException]:
    async with shop.database.transaction(shop.actor) as tx:
        page = await payments.list_settlement_exceptions(
            tx, is_open=is_open, kind=None, settlement_id=None, limit=50, cursor=None
        )
    return page.items


async def told(shop: Shop, topic: str) -> list[dict[str, Any]]:
    async with shop.database.transaction(shop.actor) as tx:
        found = await tx.records(TOLD)
    return [row["payload"] for row in found if row["topic"] == f"payments.{topic}.v1"]


async def arrived(shop: Shop, name: str) -> int:
    """How often the settlement was told."""
    return [
        each["provider_settlement_id"] for each in await told(shop, "settlement_received")
    ].count(name)


async def refunded(shop: Shop, payment: Payment, amount: int) -> str:
    async with shop.database.transaction(shop.actor) as tx:
        await payments.refund_payment(
            tx, payment.id, amount_minor=amount, reason="Damaged", now=shop.now()
        )
    await shop.work()
    (refund,) = await shop.refunds(payment.order_id)
    name = refund.provider_refund_id
    assert name
    until(lambda: shop.at_gateway(f"refunds/{name}")["status"] == "processed")
    await shop.reconcile(after=timedelta(minutes=10))
    return name


async def test_a_settlement_is_kept_once_balanced_and_every_row_tied(shop: Shop) -> None:
    _, first = await shop.captured()
    order, second = await shop.captured()
    refund = await refunded(shop, second, 20_000)
    shop.sandbox.http.post("/sandbox/razorpay/adjustments", json={"amount": -500})
    name = settle(shop)
    for _ in range(3):
        await fetch(shop)
    (settlement,) = await settlements(shop)
    assert settlement.provider_settlement_id == name and settlement.mode == "test"
    at_bank = shop.at_gateway(f"settlements/{name}")
    assert (settlement.amount_minor, settlement.utr) == (at_bank["amount"], at_bank["utr"])
    assert settlement.amount_minor == 2 * (TOTAL - FEE) - 20_000 - 500
    assert (settlement.payments_minor, settlement.refunds_minor) == (2 * TOTAL, 20_000)
    assert (settlement.fee_minor, settlement.tax_minor) == (2 * FEE, 2 * TAX)
    assert (settlement.other_minor, settlement.elsewhere_minor) == (-500, 0)
    assert settlement.is_balanced and settlement.open_exceptions == 0
    tied = [(row.kind, row.payment_id, row.order_number) for row in await rows(shop, settlement.id)]
    assert sorted(tied, key=str) == sorted(
        [
            ("payment", first.id, first.order_number),
            ("payment", second.id, order.number),
            ("refund", second.id, order.number),
            ("adjustment", None, ""),
        ],
        key=str,
    )
    async with shop.database.transaction(shop.actor) as tx:
        settled = await payments.list_settled(tx, second.id)
    assert [(each.entity_id, each.net_minor) for each in settled] == [
        (second.provider_payment_id, TOTAL - FEE),
        (refund, -20_000),
    ]
    (event,) = await told(shop, "settlement_received")
    assert (event["utr"], event["amount_minor"]) == (settlement.utr, settlement.amount_minor)


async def test_the_vendors_sample_balances_and_what_is_not_ours_is_raised(shop: Shop) -> None:
    told_rows = [row_of(msgspec.convert(row, WireSettled)) for row in SAMPLE_ROWS]
    sample = ToldSettlement(
        provider_settlement_id="setl_DGlQ1Rj8os78Ec",
        status=SettlementStatus.PROCESSED,
        amount_minor=97_100 - 242_500 - 100_296 + 1_012,
        utr="1568176960vxp0rj",
        made_at=shop.now(),
    )
    await keep(shop, sample)
    await record(shop, told_rows)
    found = await one(shop, "1568176960vxp0rj")
    assert (found.payments_minor, found.refunds_minor, found.other_minor) == (
        100_000,
        242_500,
        -100_296 + 296 + 1_012,
    )
    assert (found.fee_minor, found.tax_minor, found.net_minor) == (3_196, 46, -244_684)
    books = found.payments_minor - found.refunds_minor + found.other_minor - found.fee_minor
    assert books == found.net_minor == found.amount_minor and found.is_balanced
    raised = await inbox(shop)
    assert {(each.kind, each.entity_id) for each in raised} == {
        ("unknown_entity", "pay_DEXrnipqTmWVGE"),
        ("unknown_entity", "rfnd_DGRcGzZSLyEdg1"),
    }
    (about,) = (each for each in raised if each.entity_id.startswith("pay_"))
    assert about.detail == "No payment here answers to pay_DEXrnipqTmWVGE: ₹1,000.00."
    await record(shop, told_rows)
    assert len(await inbox(shop)) == 2
    assert len(await told(shop, "settlement_exception_raised")) == 2
    assert len(await told(shop, "settlement_received")) == 1


async def keep(shop: Shop, sample: ToldSettlement) -> None:
    async with shop.job.transaction() as tx:
        await payments.keep_settlements(
            tx, [sample], provider="razorpay", mode="test", now=shop.now()
        )


async def record(shop: Shop, told_rows: list[Any], name: str = "setl_DGlQ1Rj8os78Ec") -> None:
    async with shop.job.transaction() as tx:
        await payments.record_settlement(
            tx,
            provider="razorpay",
            provider_settlement_id=name,
            rows=told_rows,
            now=shop.now(),
        )


async def test_a_missing_row_unbalances_the_books_until_it_comes(shop: Shop) -> None:
    _, payment = await shop.captured()
    name = settle(shop)
    shop.sandbox.break_next("razorpay", "recon_missing", count=3, match=payment.provider_payment_id)
    await fetch(shop)
    short = await one(shop, name)
    assert (short.is_balanced, short.rows_count, await inbox(shop)) == (False, 0, [])
    await fetch(shop, after=timedelta(hours=2))
    (raised,) = await inbox(shop)
    assert (raised.kind, raised.settlement_id) == ("unbalanced", short.id)
    assert raised.detail == (
        "₹1,152.16 went to the bank; the rows come to ₹0.00, a difference of ₹1,152.16."
    )
    assert await arrived(shop, name) == 0
    await fetch(shop, after=timedelta(hours=2))
    await fetch(shop, after=timedelta(hours=2))
    whole = await one(shop, name)
    assert (whole.is_balanced, whole.rows_count, whole.open_exceptions) == (True, 1, 0)
    (closed,) = await inbox(shop, is_open=None)
    assert (closed.resolution, closed.note) == ("cleared", "")
    assert await arrived(shop, name) == 1


async def test_a_wrong_fee_is_raised_and_a_doubled_row_counts_once(shop: Shop) -> None:
    _, payment = await shop.captured()
    _, doubled = await shop.captured()
    name = settle(shop)
    match = payment.provider_payment_id
    shop.sandbox.break_next("razorpay", "recon_wrong_fee", match=match)
    shop.sandbox.break_next("razorpay", "recon_doubled", match=doubled.provider_payment_id)
    await fetch(shop, after=timedelta(hours=2))
    wrong = await one(shop, name)
    assert (wrong.rows_count, wrong.net_minor) == (2, wrong.amount_minor - 100)
    raised = {str(each.kind): each for each in await inbox(shop)}
    assert set(raised) == {"fee_differs", "unbalanced"}
    assert raised["fee_differs"].detail == (
        "The fee was ₹27.84 with ₹4.24 GST when it was captured, and is ₹28.84 with ₹4.24 GST in "
        "the settlement."
    )
    assert raised["fee_differs"].payment_id == payment.id
    await fetch(shop, after=timedelta(hours=2))
    assert (await one(shop, name)).is_balanced and await inbox(shop) == []


async def test_another_amount_than_was_captured_is_raised(shop: Shop) -> None:
    _, payment = await shop.captured()
    row = {
        **SAMPLE_ROWS[0],
        "entity_id": payment.provider_payment_id,
        "amount": TOTAL - 1_000,
        "fee": FEE,
        "tax": TAX,
        "credit": TOTAL - 1_000 - FEE,
    }
    name = f"setl_{new_id().hex[-14:]}"
    await keep(
        shop,
        ToldSettlement(
            provider_settlement_id=name,
            status=SettlementStatus.PROCESSED,
            amount_minor=TOTAL - 1_000 - FEE,
            utr="",
            made_at=shop.now(),
        ),
    )
    await record(shop, [row_of(msgspec.convert(row, WireSettled))], name)
    (raised,) = await inbox(shop)
    assert (raised.kind, raised.order_number) == ("amount_differs", payment.order_number)
    assert raised.detail == "The gateway settled ₹1,170.00; our payment is of ₹1,180.00."


async def test_settled_twice_is_raised_about_the_second(shop: Shop) -> None:
    _, payment = await shop.captured()
    first, second = settle(shop), settle(shop, payment.provider_payment_id)
    await fetch(shop)
    later = await one(shop, second)
    (raised,) = await inbox(shop)
    assert (raised.kind, raised.payment_id) == ("settled_twice", payment.id)
    named = {first, second} - {raised.detail.split()[-2]}
    assert raised.settlement_id == (await one(shop, named.pop())).id
    assert later.is_balanced
    await fetch(shop, after=timedelta(hours=2))
    assert len(await inbox(shop, is_open=None)) == 1


async def test_captured_and_not_settled_for_a_week_is_raised_until_it_is(shop: Shop) -> None:
    _, payment = await shop.captured()
    shop.sandbox.break_next("razorpay", "never_settled", match=payment.provider_payment_id)
    answer = shop.sandbox.http.post("/sandbox/razorpay/settlements", json={})
    assert answer.status_code == 409, answer.text
    await shop.captured()
    settle(shop)
    await payment_jobs.watch_settlements(shop.job)
    assert await inbox(shop) == []
    shop.clock.moved += timedelta(days=8)
    for _ in range(2):
        await payment_jobs.watch_settlements(shop.job)
        shop.clock.moved += timedelta(hours=2)
    (raised,) = await inbox(shop)
    assert (raised.kind, raised.payment_id) == ("never_settled", payment.id)
    assert raised.detail == ("₹1,180.00 was captured more than 7 days ago and is in no settlement.")
    settle(shop, payment.provider_payment_id)
    await fetch(shop)
    assert await inbox(shop) == []


async def test_nothing_is_asked_before_anything_was_captured_nor_twice_in_an_hour(
    shop: Shop,
) -> None:
    shop.sandbox.break_next("razorpay", "500", match="/v1/settlements", count=1)
    await payment_jobs.watch_settlements(shop.job)
    await shop.captured()
    settle(shop)
    await payment_jobs.watch_settlements(shop.job)
    assert await settlements(shop) == []
    await payment_jobs.watch_settlements(shop.job)
    assert len(await settlements(shop)) == 1
    await shop.captured()
    settle(shop)
    await payment_jobs.watch_settlements(shop.job)
    assert len(await settlements(shop)) == 1
    shop.clock.moved += timedelta(hours=1)
    await payment_jobs.watch_settlements(shop.job)
    assert len(await settlements(shop)) == 2


async def test_pages_are_read_to_their_end(shop: Shop) -> None:
    await shop.captured()
    shop.sandbox.http.post("/sandbox/razorpay/adjustments", json={"amount": 1, "count": 230})
    name = settle(shop)
    await fetch(shop)
    found = await one(shop, name)
    assert (found.rows_count, found.other_minor, found.is_balanced) == (231, 230, True)


async def test_a_payment_that_becomes_known_clears_what_was_unknown(shop: Shop) -> None:
    """Paid, captured and settled at the gateway before anybody told us of the payment."""
    await shop.captured()
    _, intent = await shop.payable()
    name = shop.buy(intent)["razorpay_payment_id"]
    shop.send_to_gateway(f"payments/{name}/capture", {"amount": TOTAL, "currency": "INR"})
    settle(shop)
    await payment_jobs.fetch_settlements(shop.job)
    (raised,) = await inbox(shop)
    assert (raised.kind, raised.entity_id) == ("unknown_entity", name)
    await shop.work()
    shop.clock.moved += timedelta(hours=2)
    await payment_jobs.watch_settlements(shop.job)
    assert await inbox(shop) == []


async def test_a_decision_is_made_once_with_its_reason_and_stays(shop: Shop) -> None:
    _, payment = await shop.captured()
    settle(shop)
    settle(shop, payment.provider_payment_id)
    await fetch(shop)
    (raised,) = await inbox(shop)

    async def decide(decision: SettlementDecision, *grants: str) -> SettlementException:
        actor = msgspec.structs.replace(shop.actor, grants=frozenset(grants or {"*"}))
        async with shop.database.transaction(actor) as tx:
            return await payments.resolve_settlement_exception(
                tx, raised.id, decision=decision, note="Ticket 4711", now=shop.now()
            )

    with pytest.raises(Forbidden):
        await decide(SettlementDecision.REPORTED, "payments.read", "payments.resolve")
    assert len(await inbox(shop)) == 1
    done = await decide(SettlementDecision.REPORTED)
    assert (done.resolution, done.note) == ("reported", "Ticket 4711")
    assert await decide(SettlementDecision.REPORTED) == done
    with pytest.raises(AlreadyDecided):
        await decide(SettlementDecision.WRITTEN_OFF)
    shop.clock.moved += timedelta(hours=2)
    await payment_jobs.watch_settlements(shop.job)
    assert await inbox(shop) == []
    async with shop.database.transaction(shop.actor) as tx:
        with pytest.raises(NotFound):
            await payments.get_settlement(tx, new_id())
