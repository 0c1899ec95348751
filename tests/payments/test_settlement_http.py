"""Settlements over HTTP: list, rows, export, what does not fit, and the webhook."""

import csv
import io
from typing import Any

import httpx2
import pytest
from litestar import Litestar

from tandem.app.settings import Settings
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.payments import jobs as payment_jobs
from tests.givens import api_key_of, visitor
from tests.payments.shop import TOTAL, Shop, open_shop
from tests.payments.test_http import other_company
from tests.payments.test_settlements import FEE, fetch, one, rows, settle
from tests.waiting import until


async def settled(shop: Shop, client: httpx2.AsyncClient) -> dict[str, Any]:
    name = settle(shop)
    asked = await client.post("/v1/settlements/import")
    assert (asked.status_code, asked.json()) == (202, {"status": "asked"})
    await shop.work()
    (found,) = (await client.get("/v1/settlements", params={"search": name})).json()["items"]
    kept: dict[str, Any] = found
    return kept


async def test_a_settlement_is_read_listed_paged_and_exported(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    _, payment = await shop.captured()
    shop.sandbox.http.post(
        "/sandbox/razorpay/adjustments",
        json={"amount": -500, "description": '=HYPERLINK("http://evil","x")'},
    )
    found = await settled(shop, client)
    path = f"/v1/settlements/{found['id']}"
    answer = await client.get(path)
    assert answer.headers["etag"] == f'"{found["version"]}"' and answer.json() == found
    assert (found["amount_minor"], found["is_balanced"]) == (TOTAL - FEE - 500, True)
    first = (await client.get(f"{path}/rows", params={"limit": 1})).json()
    rest = (await client.get(f"{path}/rows", params={"cursor": first["next"]})).json()
    assert [row["kind"] for row in first["items"] + rest["items"]] == ["payment", "adjustment"]
    assert first["items"][0]["payment_id"] == str(payment.id) and rest["next"] is None
    only = (await client.get(f"{path}/rows", params={"kind": "refund"})).json()
    assert only["items"] == []
    for params, is_there in (
        ({"status": "processed", "is_balanced": "true"}, True),
        ({"is_balanced": "false"}, False),
        ({"status": "failed"}, False),
        ({"search": found["utr"], "since": "2020-01-01T00:00:00Z"}, True),
        ({"until": "2020-01-01T00:00:00Z"}, False),
    ):
        items = (await client.get("/v1/settlements", params=params)).json()["items"]
        assert (found["id"] in [each["id"] for each in items]) is is_there, params
    answer = await client.get(f"{path}/export")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["net"] for row in rows] == ["1152.16", "-5.00"]
    assert (rows[0]["utr"], rows[0]["order"]) == (found["utr"], payment.order_number)
    assert (rows[0]["amount"], rows[0]["fee"], rows[0]["gst_on_fee"]) == (
        "1180.00",
        "23.60",
        "4.24",
    )
    assert rows[1]["description"] == '\'=HYPERLINK("http://evil","x")'
    resolved = (
        await client.get("/v1/resolve", params={"q": found["provider_settlement_id"]})
    ).json()
    assert (resolved["kind"], resolved["id"]) == ("settlement", found["id"])


async def test_what_does_not_fit_is_decided_over_http(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    _, payment = await shop.captured()
    await settled(shop, client)
    settle(shop, payment.provider_payment_id)
    await client.post("/v1/settlements/import")
    await shop.work()
    params = {"is_open": "true", "kind": "settled_twice"}
    (raised,) = (await client.get("/v1/settlement-exceptions", params=params)).json()["items"]
    path = f"/v1/settlement-exceptions/{raised['id']}/resolution"
    for body in ({"decision": "accepted"}, {"decision": "gone", "note": "x"}, {"note": "x"}):
        assert (await client.post(path, json=body)).status_code == 422, body
    body = {"decision": "reported", "note": "Mail of 22 November"}
    done = await client.post(path, json=body)
    assert (done.status_code, done.json()["resolution"]) == (200, "reported")
    other = await client.post(path, json={"decision": "accepted", "note": "x"})
    assert (other.status_code, other.json()["code"]) == (409, "already_decided")
    left = (await client.get("/v1/settlement-exceptions", params=params)).json()["items"]
    assert left == []


@pytest.mark.parametrize(
    ("grant", "method", "path"),
    [
        ("payments.reconcile", "GET", "/v1/settlements"),
        ("payments.reconcile", "GET", "/v1/settlements/{id}"),
        ("payments.reconcile", "GET", "/v1/settlements/{id}/rows"),
        ("payments.reconcile", "GET", "/v1/settlements/{id}/export"),
        ("payments.reconcile", "GET", "/v1/settlement-exceptions"),
        ("payments.read", "POST", "/v1/settlements/import"),
        ("payments.resolve", "POST", "/v1/settlement-exceptions/{id}/resolution"),
    ],
)
async def test_reading_and_reconciling_need_their_own_permissions(
    shop: Shop, app: Litestar, database: Database, grant: str, method: str, path: str
) -> None:
    key = await api_key_of(database, shop.actor, grant)
    body = {"decision": "accepted", "note": "x"} if path.endswith("resolution") else None
    async with visitor(app) as client:
        client.headers["authorization"] = f"Bearer {key}"
        answer = await client.request(method, path.format(id=new_id()), json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_another_companys_settlement_is_not_there_though_they_share_the_account(
    shop: Shop, app: Litestar, database: Database, client: httpx2.AsyncClient
) -> None:
    await shop.captured()
    found = await settled(shop, client)
    key = await api_key_of(database, await other_company(database))
    async with visitor(app) as stranger:
        stranger.headers["authorization"] = f"Bearer {key}"
        for path in ("", "/rows", "/export"):
            answer = await stranger.get(f"/v1/settlements/{found['id']}{path}")
            assert answer.status_code == 404, path
        assert (await stranger.get("/v1/settlements")).json()["items"] == []


async def test_the_gateway_tells_of_a_settlement_and_it_is_fetched(
    shop: Shop, web: str, client: httpx2.AsyncClient
) -> None:
    await shop.captured()
    name = settle(shop)
    desk = "/sandbox/webhooks"
    until(
        lambda: any(
            sent["event"] == "settlement.processed" and sent["status"] == 200
            for sent in shop.sandbox.http.get(desk).json()["deliveries"]
        )
    )
    await shop.work()
    (found,) = (await client.get("/v1/settlements", params={"search": name})).json()["items"]
    assert (found["status"], found["is_balanced"]) == ("processed", True)
    await payment_jobs.fetch_settlements(shop.job)
    again = (await client.get(f"/v1/settlements/{found['id']}")).json()
    assert again == found


async def test_the_pages_show_a_settlement_its_books_and_what_to_decide(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    _, payment = await shop.captured()
    found = await settled(shop, client)
    settle(shop, payment.provider_payment_id)
    await client.post("/v1/settlements/import")
    await shop.work()
    listed = (await client.get("/payments/settlements")).text
    assert found["utr"] in listed and "₹1,152.16" in listed
    one = (await client.get(f"/payments/settlements/{found['id']}")).text
    assert payment.provider_payment_id in one and "₹4.24" in one
    about = (await client.get(f"/payments/{payment.id}")).text
    assert f"/payments/settlements/{found['id']}" in about
    (raised,) = (await client.get("/v1/settlement-exceptions")).json()["items"]
    page = "/payments/settlements/exceptions"
    assert raised["detail"] in (await client.get(page)).text
    path = f"{page}/{raised['id']}/resolution"
    headers = {"origin": "http://test"}
    refused = await client.post(path, data={"decision": "reported"}, headers=headers)
    assert refused.status_code == 422 and "Say why, for whoever audits the books." in refused.text
    form = {"decision": "reported", "note": "Asked them"}
    assert (await client.post(path, data=form, headers=headers)).status_code == 303
    shown = (await client.get(page, params={"show": "all"})).text
    assert "Asked them" in shown and "The books balance" in (await client.get(page)).text


async def test_two_companies_on_one_account_each_see_their_own_and_balance(
    shop: Shop, settings: Settings, database: Database
) -> None:
    other = await open_shop(settings, database, await other_company(database), shop.sandbox)
    database.clock = other.clock = shop.clock
    _, ours = await shop.captured()
    _, theirs = await other.captured()
    name = settle(shop)
    for company, payment in ((shop, ours), (other, theirs)):
        await fetch(company)
        found = await one(company, name)
        (row,) = await rows(company, found.id)
        assert (row.payment_id, found.elsewhere_minor) == (payment.id, TOTAL - FEE)
        assert (found.elsewhere_count, found.is_balanced) == (1, True)
        assert found.amount_minor == 2 * (TOTAL - FEE)
    await other.close()
