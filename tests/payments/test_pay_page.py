"""The buyer's page as data: what it shows in each moment, and the browser coming back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from litestar import Litestar

from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.db import Query
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tests.givens import visitor
from tests.payments.shop import GOING_OUT, TOTAL, Shop

LEDGER = Query("select count(*) from payments.payment_event where org_id = :org_id")


@pytest.fixture
async def buyer(app: Litestar) -> AsyncIterator[httpx2.AsyncClient]:
    async with visitor(app) as opened:
        yield opened


async def page(buyer: httpx2.AsyncClient, order: OrderSnapshot) -> dict[str, Any]:
    answer = await buyer.get(f"/v1/public/pay/{order.public_token}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def way_back(order: OrderSnapshot) -> str:
    return f"/v1/public/pay/{order.public_token}/return"


async def test_the_page_goes_from_preparing_to_paid(shop: Shop, buyer: httpx2.AsyncClient) -> None:
    order = await shop.place(quantity=2)
    await shop.relay()
    assert (await page(buyer, order))["state"] == "preparing"
    await shop.work()
    shown = await page(buyer, order)
    (intent,) = await shop.intents(order.id)
    assert shown == {
        "state": "payable",
        "order_number": order.number,
        "amount_minor": TOTAL,
        "currency": "INR",
        "items": [{"title": "Assam tea, 250 g", "quantity": 2, "total_minor": TOTAL}],
        "items_more": 0,
        "mode": "test",
        "expires_at": shown["expires_at"],
        "last_error": "",
        "checkout": {
            "provider": "razorpay",
            "script_url": f"{shop.sandbox.settings.base_url}/razorpay/v1/checkout.js",
            "key_id": "rzp_test_tandemsandbox",
            "provider_order_id": intent.provider_order_id,
            "amount_minor": TOTAL,
            "currency": "INR",
            "description": f"Order {order.number}",
            "prefill": {
                "name": "Asha Rao",
                "email": "asha@example.com",
                "contact": "+919876543210",
            },
            "return_url": f"http://test{way_back(order)}",
        },
    }
    brought = shop.buy(intent)
    answer = await buyer.post(way_back(order), json=brought)
    assert (answer.status_code, answer.json()["state"]) == (200, "processing")
    assert answer.json()["checkout"] is None
    await shop.work()
    assert (await page(buyer, order))["state"] == "paid"
    assert (await shop.order(order.id)).status in GOING_OUT


async def test_a_failed_try_says_why_and_can_be_repeated(
    shop: Shop, buyer: httpx2.AsyncClient
) -> None:
    order, intent = await shop.payable()
    shop.checkout(str(intent.provider_order_id), vpa="failure@razorpay")
    await shop.reconcile(after=timedelta(minutes=1))
    shown = await page(buyer, order)
    assert (shown["state"], shown["last_error"]) == (
        "payable",
        "Payment was unsuccessful. Try using another method.",
    )
    shop.buy(intent)
    await shop.reconcile(after=timedelta(minutes=1))
    shown = await page(buyer, order)
    assert (shown["state"], shown["last_error"]) == ("paid", "")


async def test_a_form_from_the_gateway_leads_back_to_the_page(
    shop: Shop, buyer: httpx2.AsyncClient
) -> None:
    order, intent = await shop.payable()
    brought = shop.buy(intent)
    buyer.headers["origin"] = shop.sandbox.settings.base_url
    buyer.headers["sec-fetch-site"] = "cross-site"
    buyer.cookies.set("tandem_session", "left over from somewhere")
    answer = await buyer.post(way_back(order), data=brought)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/pay/{order.public_token}")
    await shop.work()
    assert (await shop.payments(order.id))[0].status == "captured"
    failed = await buyer.post(way_back(order), data={"error[code]": "BAD_REQUEST_ERROR"})
    assert failed.status_code == 303


async def test_another_orders_genuine_payment_is_refused(
    shop: Shop, buyer: httpx2.AsyncClient
) -> None:
    """The gateway order comes from our row: what the browser says it is counts for nothing."""
    cheap, cheap_intent = await shop.payable(total=10_000)
    dear, dear_intent = await shop.payable()
    brought = shop.buy(cheap_intent)
    forged = brought | {"razorpay_order_id": str(dear_intent.provider_order_id)}
    for body in (brought, forged):
        answer = await buyer.post(way_back(dear), json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    await shop.work()
    assert await shop.payments(dear.id) == []
    async with shop.database.transaction(shop.actor) as tx:
        assert await tx.value(LEDGER) == 0
    assert (await page(buyer, dear))["state"] == "payable"
    assert (await buyer.post(way_back(cheap), json=brought)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"razorpay_payment_id": "pay_1"}, 422),
        ({"razorpay_payment_id": "../orders", "razorpay_signature": "0" * 64}, 422),
        ({"razorpay_payment_id": "pay_1", "razorpay_signature": "é" * 64}, 422),
        ({"razorpay_payment_id": "pay_1", "razorpay_signature": "0" * 64}, 400),
    ],
)
async def test_what_is_no_return_is_refused(
    shop: Shop, buyer: httpx2.AsyncClient, body: dict[str, str], status: int
) -> None:
    order, _ = await shop.payable()
    assert (await buyer.post(way_back(order), json=body)).status_code == status
    assert await shop.payments(order.id) == []


async def test_the_page_says_when_its_order_is_over(shop: Shop, buyer: httpx2.AsyncClient) -> None:
    order, _ = await shop.payable()
    await shop.expire(order.id)
    shown = await page(buyer, order)
    assert (shown["state"], shown["checkout"]) == ("expired", None)


async def test_the_page_asks_for_nothing_once_the_order_is_cancelled_told_or_not(
    shop: Shop, buyer: httpx2.AsyncClient
) -> None:
    order, _ = await shop.payable()
    asking = (await buyer.get(f"/pay/{order.public_token}")).text
    assert "data-pay>" in asking and "1,180.00" in asking
    async with shop.database.transaction(shop.actor) as tx:
        await orders.cancel(tx, order.id, reason="changed my mind", now=shop.now())
    shown = (await buyer.get(f"/pay/{order.public_token}")).text
    assert "This order was cancelled" in shown and "data-pay>" not in shown


async def test_unknown_links_and_orders_without_a_request_look_the_same(
    shop: Shop, buyer: httpx2.AsyncClient
) -> None:
    cod = await shop.place(method="cod")
    answers = [
        await buyer.get(f"/v1/public/pay/{token}")
        for token in (cod.public_token, "x" * 22, "short", "%00" * 8)
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.json()["code"] for answer in answers} == {"not_found"}


async def test_a_request_made_with_other_keys_is_not_offered_and_can_be_asked_anew(
    shop: Shop, buyer: httpx2.AsyncClient
) -> None:
    order, intent = await shop.payable()
    shop.gateway.mode = "live"
    async with shop.database.transaction(shop.actor) as tx:
        shown = await payments.pay_page(tx, shop.gateway, order_id=order.id, now=shop.now())
        assert (shown.state, shown.checkout) == ("unavailable", None)
        again = await payments.request_payment(tx, order_id=order.id, mode="live", now=shop.now())
    assert again.id != intent.id
    await shop.work()
    newest, oldest = await shop.intents(order.id)
    assert (newest.mode, oldest.status) == ("live", "superseded")
