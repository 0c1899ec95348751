"""Payments over HTTP, for staff."""

from typing import Any

import httpx2
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.givens import api_key_of, visitor
from tests.payments.shop import TOTAL, Shop


async def test_a_payment_is_read_with_its_refunds_and_its_ledger(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    order, payment = await shop.captured()
    answer = await client.get(f"/v1/payments/{payment.id}")
    assert answer.status_code == 200 and answer.headers["etag"] == f'"{payment.version}"'
    detail = answer.json()
    assert detail["payment"]["provider_payment_id"] == payment.provider_payment_id
    assert detail["payment"]["mode"] == "test"
    assert (detail["refunds"], detail["refundable_minor"]) == ([], TOTAL)
    entries = (await client.get(f"/v1/payments/{payment.id}/events")).json()["items"]
    assert [(entry["source"], entry["kind"]) for entry in entries] == [
        ("fetch", "payment.authorized"),
        ("answer", "payment.captured"),
    ]
    intents = (await client.get(f"/v1/orders/{order.id}/payment-intents")).json()["items"]
    assert [intent["status"] for intent in intents] == ["paid"]


async def test_a_refund_is_made_once_per_idempotency_key(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    order, payment = await shop.captured()
    path, key = f"/v1/payments/{payment.id}/refunds", {"idempotency-key": "refund-1"}
    body = {"amount_minor": 20_000, "reason": "Damaged"}
    first = await client.post(path, json=body, headers=key)
    again = await client.post(path, json=body, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    over = await client.post(path, json={"amount_minor": TOTAL, "reason": "All"})
    assert (over.status_code, over.json()["code"]) == (409, "refund_exceeds_balance")
    assert over.json()["refundable_minor"] == TOTAL - 20_000
    assert len(await shop.refunds(order.id)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "x", "amount_minor": 0},
        {"reason": "x", "amount_minor": -5},
        {"reason": "x", "amount_minor": 10**30},
        {"reason": "x", "amount_minor": 1.5},
        {"reason": "a\u0000b"},
        {"reason": "x", "colour": "red"},
    ],
)
async def test_bad_refunds_are_refused_at_the_door(
    shop: Shop, client: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    order, payment = await shop.captured()
    answer = await client.post(f"/v1/payments/{payment.id}/refunds", json=body)
    assert answer.status_code == 422, answer.text
    assert await shop.refunds(order.id) == []


async def test_payments_are_listed_in_pages_and_filtered(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    made = [(await shop.captured())[1] for _ in range(3)]
    first = (await client.get("/v1/payments", params={"limit": 2})).json()
    rest = (await client.get("/v1/payments", params={"limit": 2, "cursor": first["next"]})).json()
    ids = [one["id"] for one in first["items"] + rest["items"]]
    assert ids == [str(one.id) for one in reversed(made)] and rest["next"] is None
    for params, count in (
        ({"status": "captured"}, 3),
        ({"status": "failed"}, 0),
        ({"method": "upi", "mode": "test"}, 3),
        ({"mode": "live"}, 0),
        ({"search": made[0].order_number}, 1),
        ({"search": made[1].provider_payment_id}, 1),
        ({"order_id": str(made[2].order_id)}, 1),
        ({"since": "2020-01-01T00:00:00Z"}, 3),
        ({"until": "2020-01-01T00:00:00Z"}, 0),
    ):
        found = (await client.get("/v1/payments", params=params)).json()["items"]
        assert len(found) == count, params


@pytest.mark.parametrize(
    "params",
    [
        {"status": "unheard_of"},
        {"since": "2020-01-01T00:00:00"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"search": "a\u0000"},
        {"limit": "0"},
        {"cursor": "junk"},
        {"cursor": "WyIyMDI2Il0"},
        {"order_id": "1"},
    ],
)
async def test_bad_filters_are_refused(client: httpx2.AsyncClient, params: dict[str, str]) -> None:
    assert (await client.get("/v1/payments", params=params)).status_code in {400, 422}


async def test_another_companys_payments_are_not_there(
    shop: Shop, app: Litestar, database: Database
) -> None:
    order, payment = await shop.captured()
    other = await other_company(database)
    key = await api_key_of(database, other)
    async with visitor(app) as client:
        client.headers["authorization"] = f"Bearer {key}"
        for method, path in (
            ("GET", f"/v1/payments/{payment.id}"),
            ("GET", f"/v1/payments/{payment.id}/events"),
            ("POST", f"/v1/payments/{payment.id}/capture"),
            ("POST", f"/v1/orders/{order.id}/payment-intents"),
        ):
            assert (await client.request(method, path)).status_code == 404, path
        body = {"reason": "x"}
        refund = await client.post(f"/v1/payments/{payment.id}/refunds", json=body)
        assert refund.status_code == 404
        assert (await client.get("/v1/payments")).json()["items"] == []
    assert await shop.refunds(order.id) == []


async def other_company(database: Database) -> Actor:
    org_id = await identity.found_organisation(
        database, name="Others", slug=f"o-{new_id().hex}", now=database.clock.now()
    )
    return Actor(org_id=org_id, user_id=new_id(), grants=frozenset({"*"}))


@pytest.mark.parametrize(
    ("grant", "method", "path"),
    [
        ("payments.refund", "GET", "/v1/payments"),
        ("payments.refund", "GET", "/v1/payment-exceptions"),
        ("payments.read", "POST", "/v1/payments/{id}/capture"),
        ("payments.read", "POST", "/v1/orders/{id}/payment-intents"),
    ],
)
async def test_every_verb_needs_its_own_permission(
    shop: Shop, app: Litestar, database: Database, grant: str, method: str, path: str
) -> None:
    key = await api_key_of(database, shop.actor, grant)
    async with visitor(app) as client:
        client.headers["authorization"] = f"Bearer {key}"
        answer = await client.request(method, path.format(id=new_id()))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_an_exception_is_decided_over_http(shop: Shop, client: httpx2.AsyncClient) -> None:
    order = await shop.place(total=99)
    await shop.work()
    (raised,) = (
        await client.get("/v1/payment-exceptions", params={"order_id": str(order.id)})
    ).json()["items"]
    assert (raised["kind"], raised["actions"]) == ("request_refused", ["dismiss"])
    path = f"/v1/payment-exceptions/{raised['id']}/resolution"
    wrong = await client.post(path, json={"action": "refund"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "action_not_allowed")
    done = await client.post(path, json={"action": "dismiss", "note": "Too small to collect"})
    assert (done.status_code, done.json()["resolution"]) == (200, "dismiss")
    still = await client.get("/v1/payment-exceptions", params={"is_open": "true"})
    assert still.json()["items"] == []
