"""The stand-in's settlements: after two days of the movable clock, row by row, as the vendor's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox.serving import Sandbox
from tests.sandbox.test_razorpay_api import Shop, kinds
from tests.waiting import until

SETTLEMENT_KEYS = {
    "id": str,
    "entity": str,
    "amount": int,
    "status": str,
    "fees": int,
    "tax": int,
    "utr": str,
    "created_at": int,
}
"""https://razorpay.com/docs/api/settlements/entity"""

RECON_KEYS = {
    "entity_id",
    "type",
    "debit",
    "credit",
    "amount",
    "currency",
    "fee",
    "tax",
    "on_hold",
    "settled",
    "created_at",
    "settled_at",
    "settlement_id",
    "posted_at",
    "credit_type",
    "description",
    "notes",
    "payment_id",
    "settlement_utr",
    "order_id",
    "order_receipt",
    "method",
    "card_network",
    "card_issuer",
    "card_type",
    "dispute_id",
}
"""https://razorpay.com/docs/api/settlements/fetch-recon"""


@pytest.fixture
def shop(sandbox: Sandbox) -> Iterator[Shop]:
    yield Shop(sandbox)
    sandbox.http.post("/sandbox/clock", json={"offset_seconds": 0})


def recon(shop: Shop, settlement: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    day = datetime.fromtimestamp(settlement["created_at"], UTC).astimezone(ZoneInfo("Asia/Kolkata"))
    on = {"year": day.year, "month": f"{day:%m}", "day": f"{day:%d}", "count": 100} | more
    items = shop.call("GET", "settlements/recon/combined", params=on).json()["items"]
    return [one for one in items if one["settlement_id"] == settlement["id"]]


def test_a_captured_payment_is_settled_two_days_later_less_fee_and_refund(shop: Shop) -> None:
    payment_id = shop.paid()
    refund = shop.call("POST", f"payments/{payment_id}/refund", json={"amount": 10_000}).json()
    until(lambda: shop.call("GET", f"refunds/{refund['id']}").json()["status"] == "processed")
    assert shop.call("GET", "settlements").json()["items"] == []
    shop.http.post("/sandbox/clock", json={"advance": "2d 1m"})
    (settlement,) = until(lambda: shop.call("GET", "settlements").json()["items"])
    assert kinds(settlement) == SETTLEMENT_KEYS
    payment, back = recon(shop, settlement)
    assert set(payment) == set(back) == RECON_KEYS
    assert (payment["entity_id"], payment["amount"], payment["fee"], payment["tax"]) == (
        payment_id,
        50_000,
        1_180,
        180,
    )
    assert (payment["credit"], back["debit"], back["payment_id"]) == (48_820, 10_000, payment_id)
    assert settlement["amount"] == 48_820 - 10_000
    assert {payment["settlement_utr"], back["settlement_utr"]} == {settlement["utr"]}
    assert shop.call("GET", f"settlements/{settlement['id']}").json() == settlement
    assert shop.sdk.settlement.fetch(settlement["id"]) == settlement
    assert shop.sdk.settlement.all({"count": 1})["items"] == [settlement]
    assert shop.call("GET", "settlements", params={"to": 1_000}).json()["items"] == []


def test_rows_are_left_out_doubled_and_wrong_on_demand_and_come_in_pages(
    shop: Shop, sandbox: Sandbox
) -> None:
    first, second = shop.paid(), shop.paid()
    shop.http.post("/sandbox/razorpay/adjustments", json={"amount": -250, "description": "Dispute"})
    settlement = shop.http.post("/sandbox/razorpay/settlements", json={}).json()
    assert len(recon(shop, settlement)) == 3
    sandbox.break_next("razorpay", "recon_missing", match=first)
    sandbox.break_next("razorpay", "recon_doubled", match=second)
    assert [row["entity_id"] for row in recon(shop, settlement)][:2] == [second, second]
    sandbox.break_next("razorpay", "recon_wrong_fee", match=first)
    assert recon(shop, settlement)[0]["fee"] == 1_180 + 100
    pages = [recon(shop, settlement, count=1, skip=skip) for skip in range(50)]
    assert [row["type"] for page in pages for row in page] == ["payment", "payment", "adjustment"]
    nothing = shop.http.post("/sandbox/razorpay/settlements", json={})
    assert nothing.status_code == 409
    again = shop.http.post("/sandbox/razorpay/settlements", json={"again": [first]}).json()
    assert [row["entity_id"] for row in recon(shop, again)] == [first]


def test_a_month_is_asked_for_too_and_no_date_is_refused(shop: Shop) -> None:
    shop.paid()
    settlement = shop.http.post("/sandbox/razorpay/settlements", json={}).json()
    assert recon(shop, settlement, day=0) != []
    refused = shop.call("GET", "settlements/recon/combined", params={"year": 2026})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "year")
    assert shop.call("GET", "settlements/setl_unknown0000000").status_code == 400
