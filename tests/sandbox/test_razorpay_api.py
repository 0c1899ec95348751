"""The stand-in's REST API, called as the vendor's clients call it: also by the vendor's own SDK."""

import json
from typing import Any

import httpx2
import pytest
import razorpay  # type: ignore[import-untyped]  # the vendor ships no types
from razorpay.errors import (  # type: ignore[import-untyped]
    BadRequestError,
    SignatureVerificationError,
)

from tests.sandbox.serving import Sandbox
from tests.waiting import until

ORDER = {"amount": 50000, "currency": "INR", "receipt": "R1001", "notes": {"order_id": "1"}}

# Keys of the vendor's own samples: https://razorpay.com/docs/api/orders/create, payments/capture,
# refunds/normal-refunds-idempotent.
ORDER_KEYS = {
    "amount": int,
    "amount_due": int,
    "amount_paid": int,
    "attempts": int,
    "created_at": int,
    "currency": str,
    "entity": str,
    "id": str,
    "notes": dict,
    "offer_id": type(None),
    "receipt": str,
    "status": str,
}
PAYMENT_KEYS = {
    "id": str,
    "entity": str,
    "amount": int,
    "currency": str,
    "status": str,
    "order_id": str,
    "invoice_id": type(None),
    "international": bool,
    "method": str,
    "amount_refunded": int,
    "refund_status": type(None),
    "captured": bool,
    "description": type(None),
    "card_id": type(None),
    "bank": type(None),
    "wallet": type(None),
    "vpa": str,
    "email": str,
    "contact": str,
    "notes": list,
    "fee": int,
    "tax": int,
    "error_code": type(None),
    "error_description": type(None),
    "error_source": type(None),
    "error_step": type(None),
    "error_reason": type(None),
    "acquirer_data": dict,
    "created_at": int,
}
REFUND_KEYS = {
    "id": str,
    "entity": str,
    "amount": int,
    "receipt": type(None),
    "currency": str,
    "payment_id": str,
    "notes": list,
    "acquirer_data": dict,
    "created_at": int,
    "batch_id": type(None),
    "status": str,
    "speed_processed": str,
    "speed_requested": str,
}


class Shop:
    """A merchant with the stand-in's keys: raw HTTP and the official SDK."""

    def __init__(self, sandbox: Sandbox) -> None:
        settings = sandbox.settings
        self.http = sandbox.http
        self.auth = (settings.razorpay_key_id, settings.razorpay_key_secret)
        self.sdk = razorpay.Client(auth=self.auth, base_url=f"{settings.base_url}/razorpay")

    def call(self, method: str, path: str, **content: Any) -> httpx2.Response:
        return self.http.request(method, f"/razorpay/v1/{path}", auth=self.auth, **content)

    def order(self, **changes: Any) -> dict[str, Any]:
        answer = self.call("POST", "orders", json=ORDER | changes)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def pay(self, order_id: str, **form: str) -> httpx2.Response:
        given = {"method": "upi", "vpa": "success@razorpay", "email": "a@b.in", "contact": "+9198"}
        return self.http.post(
            f"/razorpay/checkout/{order_id}/payments",
            data=given | form,
            headers={"accept": "application/json"},
        )

    def paid(self, *, capture: bool = True, **changes: Any) -> str:
        order = self.order(**changes)
        payment_id: str = self.pay(order["id"]).json()["razorpay_payment_id"]
        if capture:
            amount = {"amount": order["amount"], "currency": order["currency"]}
            answer = self.call("POST", f"payments/{payment_id}/capture", json=amount)
            assert answer.status_code == 200, answer.text
        return payment_id


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def kinds(entity: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in entity.items()}


def test_an_order_is_made_found_and_has_the_vendors_keys(shop: Shop) -> None:
    order = shop.order()
    assert kinds(order) == ORDER_KEYS
    assert order["id"].startswith("order_") and len(order["id"]) == 20
    assert (order["status"], order["amount_due"], order["attempts"]) == ("created", 50000, 0)
    assert shop.call("GET", f"orders/{order['id']}").json() == order
    shop.order(receipt="R10012", notes={})
    found = shop.call("GET", "orders", params={"receipt": "R1001"}).json()
    assert [one["receipt"] for one in found["items"]] == ["R10012", "R1001"]
    assert found["items"][0]["notes"] == []
    page = shop.call("GET", "orders", params={"count": 1, "skip": 1}).json()
    assert (page["count"], page["items"][0]["id"]) == (1, order["id"])


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"amount": None}, "amount", "The amount field is required."),
        ({"amount": 99}, "amount", "The amount must be at least INR 1.00"),
        ({"amount": 100.5}, "amount", "The amount must be an integer."),
        ({"amount": True}, "amount", "The amount must be an integer."),
        ({"currency": "ZZZ"}, "currency", "Currency is not supported"),
        ({"currency": None}, "currency", "The currency field is required."),
        ({"receipt": "x" * 41}, "receipt", "The receipt may not be greater than 40 characters."),
        (
            {"notes": {str(index): "x" for index in range(16)}},
            "notes",
            "Number of fields in notes should be less than or equal to 15",
        ),
        ({"colour": "red"}, None, "colour is/are not required and should not be sent"),
    ],
)
def test_a_bad_order_is_refused_in_the_vendors_words(
    shop: Shop, change: dict[str, Any], field: str | None, words: str
) -> None:
    answer = shop.call("POST", "orders", json=ORDER | change)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["description"]) == ("BAD_REQUEST_ERROR", words)
    assert error.get("field") == field
    assert shop.call("GET", "orders").json()["count"] == 0


def test_strangers_are_refused(shop: Shop) -> None:
    for auth in (("", ""), (shop.auth[0], "guess"), ("rzp_test_other", shop.auth[1])):
        answer = shop.http.post("/razorpay/v1/orders", json=ORDER, auth=auth)
        assert answer.status_code == 401
        assert answer.json()["error"]["description"] == "Authentication failed"


def test_a_receipt_may_be_refused_the_second_time(shop: Shop) -> None:
    shop.order()
    shop.order()
    shop.http.patch("/sandbox/razorpay/account", json={"has_unique_receipts": True})
    answer = shop.call("POST", "orders", json=ORDER)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "receipt")


def test_a_payment_is_authorised_then_captured_once(shop: Shop) -> None:
    order = shop.order()
    payment_id = shop.pay(order["id"]).json()["razorpay_payment_id"]
    payment = shop.call("GET", f"payments/{payment_id}").json()
    assert (payment["status"], payment["captured"], payment["fee"]) == ("authorized", False, None)
    wrong = shop.call("POST", f"payments/{payment_id}/capture", json={"amount": 49900})
    assert wrong.json()["error"]["description"] == (
        "Capture amount must be equal to the amount authorized"
    )
    body = {"amount": 50000, "currency": "INR"}
    captured = shop.call("POST", f"payments/{payment_id}/capture", json=body).json()
    assert kinds(captured) == PAYMENT_KEYS
    assert (captured["status"], captured["fee"], captured["tax"]) == ("captured", 1180, 180)
    again = shop.call("POST", f"payments/{payment_id}/capture", json=body)
    assert again.json()["error"]["description"] == "This payment has already been captured"
    paid = shop.call("GET", f"orders/{order['id']}").json()
    assert (paid["status"], paid["amount_paid"], paid["amount_due"]) == ("paid", 50000, 0)
    assert shop.pay(order["id"]).status_code == 400


def test_no_second_try_hangs_on_an_order_with_an_authorised_payment(shop: Shop) -> None:
    order = shop.order()
    shop.pay(order["id"])
    assert shop.pay(order["id"]).status_code == 400
    listed = shop.call("GET", f"orders/{order['id']}/payments").json()
    assert (listed["count"], listed["entity"]) == (1, "collection")


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"vpa": "failure@razorpay"}, "payment_failed"),
        ({"method": "card", "card_number": "4100 2800 0000 1007", "otp": "12"}, "incorrect_otp"),
        ({"method": "card", "card_number": "4100280000080001"}, "insufficient_funds"),
        ({"method": "card", "card_number": "4100280000090000"}, "payment_timed_out"),
        ({"method": "netbanking", "outcome": "failure"}, "payment_failed"),
    ],
)
def test_test_credentials_fail_as_documented_and_the_order_may_be_tried_again(
    shop: Shop, form: dict[str, str], reason: str
) -> None:
    order = shop.order()
    answer = shop.pay(order["id"], **form)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason)
    (payment,) = shop.call("GET", f"orders/{order['id']}/payments").json()["items"]
    assert (payment["status"], payment["error_reason"]) == ("failed", reason)
    assert shop.call("GET", f"orders/{order['id']}").json()["status"] == "attempted"
    card = {"method": "card", "card_number": "5500670000001002", "otp": "1234"}
    assert shop.pay(order["id"], **card).status_code == 200


def test_a_late_authorisation_comes_when_its_time_has_come(shop: Shop) -> None:
    order = shop.order()
    assert shop.pay(order["id"], method="late", late_seconds="86400").status_code == 400
    shop.http.post("/sandbox/clock", json={"advance": "2d"})
    until(
        lambda: (
            shop.call("GET", f"orders/{order['id']}/payments").json()["items"][0]["status"]
            == "authorized"
        )
    )


def test_what_nobody_captures_goes_back_after_three_days(shop: Shop) -> None:
    payment_id = shop.paid(capture=False)
    shop.http.post("/sandbox/clock", json={"advance": "3d 1m"})
    found = until(lambda: _refunded(shop, payment_id))
    assert found is not None
    assert (found["captured"], found["amount_refunded"]) == (False, 50000)


def _refunded(shop: Shop, payment_id: str) -> dict[str, Any] | None:
    payment: dict[str, Any] = shop.call("GET", f"payments/{payment_id}").json()
    return payment if payment["status"] == "refunded" else None


def refund(shop: Shop, payment_id: str, key: str | None = None, **body: Any) -> httpx2.Response:
    headers = {"x-refund-idempotency": key} if key else {}
    return shop.call("POST", f"payments/{payment_id}/refund", json=body, headers=headers)


def test_refunds_are_settled_and_never_exceed_the_payment(shop: Shop) -> None:
    payment_id = shop.paid()
    first = refund(shop, payment_id, amount=20000).json()
    assert kinds(first) == REFUND_KEYS and first["status"] == "pending"
    assert first["id"].startswith("rfnd_") and len(first["id"]) == 19
    over = refund(shop, payment_id, amount=30001)
    assert over.json()["error"]["description"] == (
        "The total refund amount is greater than the refund payment amount"
    )
    until(lambda: shop.call("GET", f"refunds/{first['id']}").json()["status"] == "processed")
    payment = shop.call("GET", f"payments/{payment_id}").json()
    assert (payment["status"], payment["refund_status"]) == ("captured", "partial")
    rest = refund(shop, payment_id).json()
    assert rest["amount"] == 30000
    until(lambda: _refunded(shop, payment_id))
    full = refund(shop, payment_id, amount=100)
    assert full.json()["error"]["description"] == "The payment has been fully refunded already"
    order_id = payment["order_id"]
    assert shop.call("GET", f"orders/{order_id}").json()["status"] == "paid"


def test_a_key_makes_a_refund_repeatable_and_nothing_else(shop: Shop) -> None:
    payment_id = shop.paid()
    first = refund(shop, payment_id, "key-0123456789", amount=20000)
    again = refund(shop, payment_id, "key-0123456789", amount=20000)
    assert again.json()["id"] == first.json()["id"]
    other = refund(shop, payment_id, "key-0123456789", amount=10000)
    assert other.status_code == 400
    assert "same idempotency key" in other.json()["error"]["description"]
    assert refund(shop, payment_id, "short", amount=100).status_code == 400
    assert refund(shop, payment_id, "not a key at all", amount=100).status_code == 400
    shop.http.post("/sandbox/faults", json={"target": "razorpay", "kind": "refund_busy"})
    assert refund(shop, payment_id, "key-0000000001", amount=100).status_code == 409
    assert refund(shop, payment_id, "key-0000000001", amount=100).status_code == 200
    assert shop.call("GET", f"payments/{payment_id}/refunds").json()["count"] == 2


def test_only_captured_payments_are_refunded(shop: Shop) -> None:
    answer = refund(shop, shop.paid(capture=False), amount=100)
    assert answer.json()["error"]["description"] == (
        "The payment status should be captured for action to be taken"
    )
    assert refund(shop, "pay_00000000000000", amount=100).status_code == 400


def test_the_vendors_own_sdk_works_against_the_stand_in(shop: Shop) -> None:
    order = shop.sdk.order.create(ORDER)
    assert order == shop.call("GET", f"orders/{order['id']}").json()
    returned = shop.pay(order["id"]).json()
    assert shop.sdk.utility.verify_payment_signature(returned)
    with pytest.raises(SignatureVerificationError):
        shop.sdk.utility.verify_payment_signature(
            returned | {"razorpay_order_id": "order_00000000000000"}
        )
    payment_id = returned["razorpay_payment_id"]
    assert shop.sdk.payment.fetch(payment_id)["status"] == "authorized"
    assert shop.sdk.payment.capture(payment_id, 50000, {"currency": "INR"})["captured"] is True
    assert shop.sdk.order.payments(order["id"])["items"][0]["id"] == payment_id
    made = shop.sdk.payment.refund(payment_id, {"amount": 20000})
    assert shop.sdk.refund.fetch(made["id"])["payment_id"] == payment_id
    with pytest.raises(BadRequestError, match="greater than the refund payment amount"):
        shop.sdk.payment.refund(payment_id, {"amount": 40000})
    with pytest.raises(BadRequestError, match="The id provided does not exist"):
        shop.sdk.payment.fetch("pay_00000000000000")


def test_faults_wear_the_vendors_error_shape(sandbox: Sandbox, shop: Shop) -> None:
    for kind, status, code in (("429", 429, "BAD_REQUEST_ERROR"), ("500", 500, "SERVER_ERROR")):
        sandbox.break_next("razorpay", kind, match="/v1/orders")
        answer = shop.call("POST", "orders", json=ORDER)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    sandbox.break_next("razorpay", "html_502")
    assert shop.call("GET", "orders").text.startswith("<html>")
    assert json.loads(shop.call("GET", "orders").text)["count"] == 0
