"""A lost webhook is healed by asking, ever more rarely, and not for ever (AP5)."""

from datetime import timedelta

from tandem.kernel.db import Query
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tests.payments.shop import GOING_OUT, TOTAL, Shop
from tests.waiting import until

CHECKS = Query("select checks, check_at from payments.intent where org_id = :org_id and id = :id")


async def test_with_every_webhook_and_return_lost_the_order_is_paid_within_two_minutes(
    shop: Shop, web: str
) -> None:
    order, intent = await shop.payable()
    shop.sandbox.break_next("razorpay", "drop", count=100)
    shop.sandbox.break_next("razorpay", "callback_lost")
    shop.buy(intent)
    waited = timedelta()
    while (await shop.order(order.id)).status not in GOING_OUT:
        waited += timedelta(seconds=15)
        await shop.reconcile(after=timedelta(seconds=15))
        assert waited < timedelta(minutes=2)
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.captured_minor) == ("captured", TOTAL)


async def test_asking_grows_rare_and_ends_when_nothing_more_can_come(shop: Shop) -> None:
    _, intent = await shop.payable()
    gaps = []
    while True:
        async with shop.database.transaction(shop.actor) as tx:
            (row,) = await tx.records(CHECKS, id=intent.id)
        if row["check_at"] is None:
            break
        gap = row["check_at"] - shop.now()
        gaps.append(round(gap.total_seconds()))
        await shop.reconcile(after=gap + timedelta(seconds=1))
    assert gaps[:4] == [20, 20, 20, 40]
    assert gaps[4:] == sorted(gaps[4:])
    assert max(gaps) == 6 * 3600
    assert timedelta(days=5) < sum((timedelta(seconds=one) for one in gaps), timedelta())
    assert len(gaps) < 40


async def test_a_gateway_out_of_reach_is_asked_again_later(shop: Shop) -> None:
    order, intent = await shop.payable()
    shop.buy(intent)
    path = f"/v1/orders/{intent.provider_order_id}/payments"
    shop.sandbox.break_next("razorpay", "500", match=path)
    await shop.reconcile(after=timedelta(seconds=30))
    assert await shop.payments(order.id) == []
    await shop.reconcile(after=timedelta(seconds=30))
    assert (await shop.payments(order.id))[0].status == "captured"


async def test_seeing_the_same_again_adds_nothing(shop: Shop) -> None:
    order, payment = await shop.captured()
    told = await shop.topics(order.id)
    for _ in range(3):
        await payment_jobs.fetch_payment(shop.job, payment.provider_payment_id)
    assert await shop.topics(order.id) == told
    assert await shop.payments(order.id) == [payment]


async def test_a_payment_the_gateway_does_not_know_is_no_payment(shop: Shop) -> None:
    await payment_jobs.fetch_payment(shop.job, "pay_00000000000000")
    await shop.work()


async def test_a_payment_seen_before_its_order_was_known_as_ours_counts_once_it_is(
    shop: Shop,
) -> None:
    """The gateway order was made and paid; the process died before it wrote its id down."""
    order = await shop.place()
    await shop.relay()
    await shop.lose_jobs()
    (intent,) = await shop.intents(order.id)
    async with shop.job.transaction() as tx:
        claimed = await payments.claim_intent(tx, intent.id, now=shop.now())
    assert claimed
    made = await payment_jobs.calls._make_or_find_order(shop.gateway, claimed, shop.actor.org_id)
    name = shop.checkout(made.provider_order_id).json()["razorpay_payment_id"]
    await payment_jobs.fetch_payment(shop.job, name)
    assert await shop.payments(order.id) == []
    await shop.reconcile(after=timedelta(seconds=31))
    await shop.reconcile(after=timedelta(seconds=31))
    assert [payment.status for payment in await shop.payments(order.id)] == ["captured"]


async def test_a_failure_that_is_authorised_the_next_day_is_not_missed(
    shop: Shop,
) -> None:
    order, intent = await shop.payable()
    shop.checkout(str(intent.provider_order_id), method="late", late_seconds="86400")
    await shop.reconcile(after=timedelta(minutes=1))
    assert (await shop.payments(order.id))[0].status == "failed"
    shop.sandbox.http.post("/sandbox/clock", json={"advance": "1d 1m"})
    path = f"orders/{intent.provider_order_id}/payments"
    until(lambda: shop.at_gateway(path)["items"][0]["status"] == "authorized")
    await shop.reconcile(after=timedelta(hours=24))
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.error) == ("captured", "")
