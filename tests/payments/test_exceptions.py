"""Payments that fit no order: seen, not counted, and decided by policy or by a person (AP7)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tandem.kernel.errors import Forbidden
from tandem.kernel.ids import new_id
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import (
    Action,
    ActionNotAllowed,
    Fact,
    Intent,
    Misfitting,
    PaymentException,
    PaymentFact,
    Source,
    Status,
)
from tests.payments.shop import GOING_OUT, TOTAL, Shop
from tests.waiting import until


async def tell(
    shop: Shop,
    intent: Intent,
    status: Status,
    *,
    amount: int = TOTAL,
    currency: str = "INR",
    payment_id: str = "",
) -> str:
    """What the gateway would tell of a payment the stand-in itself would never take."""
    provider_payment_id = payment_id or f"pay_{new_id().hex[-14:]}"
    fact = Fact(
        provider="razorpay",
        provider_payment_id=provider_payment_id,
        source=Source.FETCH,
        event_id=f"{provider_payment_id}:{status}",
        kind=f"payment.{status}",
        occurred_at=shop.now(),
        payment=PaymentFact(
            provider_order_id=intent.provider_order_id,
            status=status,
            amount_minor=amount,
            currency=currency,
            method="upi",
        ),
    )
    async with shop.job.transaction() as tx:
        await payments.apply_fact(tx, fact, now=shop.now())
    await shop.relay()
    return provider_payment_id


async def inbox(shop: Shop, order_id: UUID, **more: Any) -> list[PaymentException]:
    async with shop.database.transaction(shop.actor) as tx:
        wanted: dict[str, Any] = {"is_open": None, "kind": None, "limit": 50, "cursor": None} | more
        return (await payments.list_exceptions(tx, order_id=order_id, **wanted)).items


async def decide(shop: Shop, raised: PaymentException, action: Action) -> PaymentException:
    async with shop.database.transaction(shop.actor) as tx:
        return await payments.resolve(tx, raised.id, action=action, note="Called", now=shop.now())


@pytest.mark.parametrize(
    ("amount", "currency", "kind"),
    [
        (TOTAL - 1, "INR", "amount_mismatch"),
        (TOTAL + 1, "INR", "amount_mismatch"),
        (TOTAL, "USD", "currency_mismatch"),
    ],
)
async def test_the_wrong_amount_or_currency_is_an_exception_and_not_paid(
    shop: Shop, amount: int, currency: str, kind: str
) -> None:
    order, intent = await shop.payable()
    name = await tell(shop, intent, Status.AUTHORIZED, amount=amount, currency=currency)
    await tell(shop, intent, Status.CAPTURED, amount=amount, currency=currency, payment_id=name)
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.standing) == ("captured", "misfit")
    (raised,) = await inbox(shop, order.id)
    assert (raised.kind, raised.payment_id, raised.resolved_at) == (kind, payment.id, None)
    after = await shop.order(order.id)
    assert (after.status, after.paid_minor) == ("pending_payment", 0)
    assert "payments.captured" not in await shop.topics(order.id)
    assert await shop.refunds(order.id) == []


async def test_a_misfit_that_is_only_authorised_is_not_captured(shop: Shop) -> None:
    order, intent = await shop.payable()
    await tell(shop, intent, Status.AUTHORIZED, amount=TOTAL - 1)
    await shop.reconcile(after=timedelta(minutes=1))
    (payment,) = await shop.payments(order.id)
    assert payment.status is Status.AUTHORIZED
    with pytest.raises(Misfitting):
        async with shop.database.transaction(shop.actor) as tx:
            await payments.request_capture(tx, payment.id, now=shop.now())


async def test_accepting_a_wrong_amount_counts_it(shop: Shop) -> None:
    order, intent = await shop.payable()
    await tell(shop, intent, Status.CAPTURED, amount=TOTAL + 1)
    (raised,) = await inbox(shop, order.id)
    assert raised.actions == ["accept", "dismiss", "refund"]
    resolved = await decide(shop, raised, Action.ACCEPT)
    assert (resolved.resolution, resolved.note, resolved.actions) == ("accept", "Called", [])
    assert await decide(shop, raised, Action.ACCEPT) == resolved
    await shop.relay()
    after = await shop.order(order.id)
    assert (after.status in GOING_OUT, after.paid_minor) == (True, TOTAL + 1)
    assert (await shop.topics(order.id)).count("payments.captured") == 1
    with pytest.raises(ActionNotAllowed):
        await decide(shop, raised, Action.REFUND)


async def test_another_decision_than_offered_is_refused(shop: Shop) -> None:
    order, intent = await shop.payable()
    await tell(shop, intent, Status.CAPTURED, currency="USD")
    (raised,) = await inbox(shop, order.id)
    with pytest.raises(ActionNotAllowed) as refusal:
        await decide(shop, raised, Action.ACCEPT)
    assert refusal.value.facts["allowed"] == ["dismiss", "refund"]
    assert (await inbox(shop, order.id))[0].resolved_at is None


async def test_paid_twice_gives_the_second_back_by_itself_and_credits_nothing(shop: Shop) -> None:
    order, payment = await shop.captured()
    (intent,) = await shop.intents(order.id)
    again = {"amount": TOTAL, "currency": "INR", "receipt": "second"}
    made = shop.send_to_gateway("orders", again)
    brought = shop.checkout(made["id"]).json()
    name = brought["razorpay_payment_id"]
    shop.send_to_gateway(f"payments/{name}/capture", {"amount": TOTAL, "currency": "INR"})
    await tell(shop, intent, Status.CAPTURED, payment_id=name)
    second, first = await shop.payments(order.id)
    assert (first.id, first.standing) == (payment.id, "counted")
    assert (second.standing, second.captured_minor) == ("misfit", TOTAL)
    (raised,) = await inbox(shop, order.id)
    assert raised.kind == "double_payment"
    await shop.work()
    until(lambda: shop.at_gateway(f"payments/{name}")["status"] == "refunded")
    await shop.reconcile(after=timedelta(minutes=10))
    assert (await shop.payments(order.id))[0].status == "refunded"
    (resolved,) = await inbox(shop, order.id)
    assert resolved.resolution == "refunded"
    told = await shop.topics(order.id)
    assert told.count("payments.surplus_refunded") == 1
    assert "payments.refund_processed" not in told
    after = await shop.order(order.id)
    assert (after.paid_minor, after.refunded_minor, after.payment_status) == (TOTAL, 0, "paid")


async def test_a_late_authorisation_beside_a_paid_one_is_not_captured(shop: Shop) -> None:
    order, intent = await shop.payable()
    failed = await tell(shop, intent, Status.FAILED)
    await tell(shop, intent, Status.CAPTURED)
    await tell(shop, intent, Status.AUTHORIZED, payment_id=failed)
    first, second = sorted(await shop.payments(order.id), key=lambda one: one.standing)
    assert (first.standing, second.standing, second.status) == ("counted", "misfit", "authorized")
    await shop.lose_jobs()
    await shop.reconcile(after=timedelta(minutes=5))
    assert (await inbox(shop, order.id))[0].kind == "double_payment"


async def test_money_for_a_superseded_amount_is_the_wrong_amount(shop: Shop) -> None:
    order, old = await shop.payable()
    dearer = msgspec.structs.replace(order, total_minor=TOTAL + 1_000)
    async with shop.database.transaction(shop.actor) as tx:
        await payments.open_intent(tx, order=dearer, now=shop.now())
    await shop.work()
    await tell(shop, old, Status.CAPTURED)
    (raised,) = await inbox(shop, order.id)
    assert raised.kind == "amount_mismatch"


async def test_refunding_a_misfit_by_decision_happens_once(shop: Shop) -> None:
    order, intent = await shop.payable()
    brought = shop.buy(intent)
    name = brought["razorpay_payment_id"]
    shop.send_to_gateway(f"payments/{name}/capture", {"amount": TOTAL, "currency": "INR"})
    async with shop.job.transaction() as tx:
        await payments.close_intent(tx, order_id=order.id, reason="cancelled", now=shop.now())
    await tell(shop, intent, Status.CAPTURED, amount=TOTAL - 1, payment_id=name)
    (raised,) = await inbox(shop, order.id)
    for _ in range(2):
        await decide(shop, raised, Action.REFUND)
    await shop.work()
    (refund,) = await shop.refunds(order.id)
    assert (refund.amount_minor, refund.idempotency_key) == (TOTAL - 1, f"resolution-{raised.id}")


async def test_the_inbox_is_paged_filtered_and_guarded(shop: Shop) -> None:
    orders = []
    for _ in range(3):
        order, intent = await shop.payable()
        await tell(shop, intent, Status.CAPTURED, currency="USD")
        orders.append(order.id)
    async with shop.database.transaction(shop.actor) as tx:
        wanted: dict[str, Any] = {"is_open": True, "kind": None, "order_id": None, "limit": 2}
        first = await payments.list_exceptions(tx, cursor=None, **wanted)
        rest = await payments.list_exceptions(tx, cursor=first.next, **wanted)
    seen = [one.order_id for one in [*first.items, *rest.items]]
    assert (seen, rest.next) == (orders[::-1], None)
    await decide(shop, first.items[0], Action.DISMISS)
    assert await inbox(shop, orders[-1], is_open=True) == []
    nobody = msgspec.structs.replace(shop.actor, grants=frozenset())
    with pytest.raises(Forbidden):
        async with shop.database.transaction(nobody) as tx:
            await payments.list_exceptions(tx, cursor=None, **wanted)
