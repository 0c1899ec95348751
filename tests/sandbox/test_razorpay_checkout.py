"""The hosted checkout and the signed webhooks of the Razorpay stand-in."""

import json
import re
from typing import Any

import pytest
import razorpay  # type: ignore[import-untyped]  # the vendor ships no types

from tests.sandbox.listening import Listener
from tests.sandbox.serving import Sandbox
from tests.sandbox.test_razorpay_api import Shop
from tests.waiting import until


@pytest.fixture
def shop(sandbox: Sandbox, listener: Listener) -> Shop:
    """Its webhooks are heard by the listener."""
    opened = Shop(sandbox)
    answer = opened.http.patch("/sandbox/razorpay/account", json={"webhook_url": listener.url})
    assert answer.status_code == 200, answer.text
    return opened


def told(listener: Listener, count: int) -> list[dict[str, Any]]:
    until(lambda: len(listener.calls) >= count)
    return [json.loads(call.body) for call in listener.calls]


def test_the_page_shows_the_amount_and_what_can_be_tried(shop: Shop) -> None:
    order = shop.order(amount=12345678)
    page = shop.http.get(
        f"/razorpay/checkout/{order['id']}", params={"name": "Asha <Tea>", "key_id": shop.auth[0]}
    )
    assert page.status_code == 200
    assert "₹1,23,456.78" in page.text and "Asha &lt;Tea&gt;" in page.text
    for offered in ("success@razorpay", "failure@razorpay", "4100280000001007", "86400"):
        assert offered in page.text
    assert "frame-ancestors" not in page.headers["content-security-policy"]
    missing = shop.http.get("/razorpay/checkout/order_00000000000000")
    assert missing.status_code == 404
    other_key = shop.http.get(f"/razorpay/checkout/{order['id']}", params={"key_id": "rzp_test_x"})
    assert other_key.status_code == 400


def test_paying_with_a_callback_posts_the_browser_back_with_a_genuine_signature(
    shop: Shop,
) -> None:
    order = shop.order()
    page = shop.http.post(
        f"/razorpay/checkout/{order['id']}/payments",
        data={
            "method": "upi",
            "vpa": "success@razorpay",
            "callback_url": "http://127.0.0.1:1/back",
        },
    )
    assert 'action="http://127.0.0.1:1/back"' in page.text
    fields = dict(re.findall(r'name="(razorpay_\w+)" value="([^"]+)"', page.text))
    assert fields.keys() == {"razorpay_payment_id", "razorpay_order_id", "razorpay_signature"}
    assert shop.sdk.utility.verify_payment_signature(fields)


def test_a_callback_that_is_no_web_address_is_not_followed(shop: Shop) -> None:
    order = shop.order()
    page = shop.http.post(
        f"/razorpay/checkout/{order['id']}/payments",
        data={"method": "upi", "vpa": "success@razorpay", "callback_url": "javascript:alert(1)"},
    )
    assert "javascript:" not in page.text


def test_the_way_back_can_be_lost_and_the_webhook_still_tells(
    shop: Shop, sandbox: Sandbox, listener: Listener
) -> None:
    order = shop.order()
    sandbox.break_next("razorpay", "callback_lost")
    page = shop.http.post(
        f"/razorpay/checkout/{order['id']}/payments",
        data={
            "method": "upi",
            "vpa": "success@razorpay",
            "callback_url": "http://127.0.0.1:1/back",
        },
    )
    assert "razorpay_signature" not in page.text
    assert told(listener, 1)[0]["event"] == "payment.authorized"


def test_a_failed_try_is_told_on_the_page_and_can_be_repeated_there(shop: Shop) -> None:
    order = shop.order()
    page = shop.http.post(
        f"/razorpay/checkout/{order['id']}/payments",
        data={"method": "upi", "vpa": "failure@razorpay", "is_framed": "1"},
    )
    assert page.status_code == 200
    assert "Payment was unsuccessful" in page.text and "data-error" in page.text
    assert "success@razorpay" in page.text


def test_the_script_and_the_frames_parts_are_served(shop: Shop) -> None:
    script = shop.http.get("/razorpay/v1/checkout.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "window.Razorpay" in script.text
    assert shop.http.get("/razorpay/checkout-assets/frame.js").status_code == 200
    assert shop.http.get("/razorpay/checkout-assets/layout.html").status_code == 404


def test_webhooks_are_signed_over_their_raw_body_and_carry_what_the_vendor_says(
    shop: Shop, listener: Listener
) -> None:
    payment_id = shop.paid()
    events = told(listener, 3)
    assert [event["event"] for event in events] == [
        "payment.authorized",
        "payment.captured",
        "order.paid",
    ]
    assert [event["contains"] for event in events] == [
        ["payment"],
        ["payment"],
        ["payment", "order"],
    ]
    assert events[0]["payload"]["payment"]["entity"]["status"] == "authorized"
    assert events[2]["payload"]["order"]["entity"]["status"] == "paid"
    assert {event["payload"]["payment"]["entity"]["id"] for event in events} == {payment_id}
    utility = razorpay.Client(auth=shop.auth).utility
    for call in listener.calls:
        assert utility.verify_webhook_signature(
            call.body.decode(), call.headers["x-razorpay-signature"], "sandbox_webhook_secret"
        )
    assert len({call.headers["x-razorpay-event-id"] for call in listener.calls}) == 3


def test_refunds_are_told_with_their_payment(shop: Shop, listener: Listener) -> None:
    payment_id = shop.paid()
    shop.call("POST", f"payments/{payment_id}/refund", json={"amount": 20000})
    events = told(listener, 5)[3:]
    assert [event["event"] for event in events] == ["refund.created", "refund.processed"]
    assert events[1]["contains"] == ["refund", "payment"]
    assert events[1]["payload"]["refund"]["entity"]["status"] == "processed"


def test_a_capture_can_be_told_before_its_authorisation(
    shop: Shop, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.break_next("razorpay", "captured_first")
    shop.paid(capture=False)
    names = [event["event"] for event in told(listener, 3)]
    assert names == ["payment.captured", "order.paid", "payment.authorized"]


def test_duplicates_keep_their_event_id_and_a_new_secret_leaves_the_old_to_retries(
    shop: Shop, sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.break_next("razorpay", "duplicate")
    shop.paid(capture=False)
    told(listener, 2)
    assert len({call.headers["x-razorpay-event-id"] for call in listener.calls}) == 1
    changed = shop.http.patch("/sandbox/razorpay/account", json={"webhook_secret": "new-secret"})
    assert changed.json()["old_webhook_secret"] == "sandbox_webhook_secret"
    sandbox.break_next("razorpay", "old_secret")
    shop.paid(capture=False)
    told(listener, 3)
    utility = razorpay.Client(auth=shop.auth).utility
    last = listener.calls[-1]
    assert utility.verify_webhook_signature(
        last.body.decode(), last.headers["x-razorpay-signature"], "sandbox_webhook_secret"
    )
