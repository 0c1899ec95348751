"""Orders over HTTP once they stand: changed, listed, found, and shown to their buyer."""

import json
from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.contracts.address import Address
from tandem.crm.identity import service as identity
from tandem.flows.place_order.basket import OutsideId
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.catalog import service as catalog
from tandem.scm.catalog.domain import VariantChange
from tests.flows.shop import (
    MEERA,
    Shop,
    basket,
    body_of,
    open_shop,
    place_one,
    post_order,
    rows,
)
from tests.givens import visitor


async def test_catalogue_changes_leave_the_orders_json_alone_byte_for_byte(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order_id = (await post_order(client, basket(shop))).json()["id"]
    before = (await client.get(f"/v1/orders/{order_id}")).content
    async with database.transaction(actor) as tx:
        variant = await catalog.lock_variant(tx, shop.variants[shop.tea].variant_id)
        change = VariantChange(price_minor=1, label="renamed")
        await catalog.change_variant(tx, variant, change, now=now)

    assert (await client.get(f"/v1/orders/{order_id}")).content == before


async def test_a_stale_version_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    placed = await post_order(client, basket(shop))
    path = f"/v1/orders/{placed.json()['id']}"
    first = await client.patch(path, json={"note": "ring"}, headers={"if-match": '"1"'})
    stale = await client.patch(path, json={"note": "knock"}, headers={"if-match": '"1"'})

    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert stale.status_code == 412
    assert stale.json()["current_version"] == 2
    assert (await client.get(path)).json()["note"] == "ring"


async def test_a_hold_is_put_on_and_taken_off_with_its_reason_on_the_timeline(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/v1/orders/{(await post_order(client, basket(shop))).json()['id']}"
    held = await client.post(f"{path}/hold", json={"reason": "call the buyer"})
    free = await client.delete(f"{path}/hold")
    story = (await client.get(f"{path}/timeline")).json()["items"]
    told = (await client.get(f"{path}/timeline?service=inventory&service=payments&limit=1")).json()
    assert [one["title"] for one in told["items"]] == ["Stock reserved"]
    unknown = await client.get(f"{path}/timeline", params={"service": "weather"})
    assert (unknown.status_code, unknown.json()["field"].startswith("service")) == (422, True)

    assert (held.json()["is_on_hold"], held.json()["hold_reason"]) == (True, "call the buyer")
    assert (free.json()["is_on_hold"], free.json()["hold_reason"]) == (False, "")
    assert [moment["title"] for moment in story] == [
        "Stock reserved",
        "Order SO-1001 placed",
        "Put on hold",
        "Taken off hold",
    ]
    assert story[2]["detail"] == "call the buyer"


async def test_orders_are_found_by_number_name_telephone_and_reference(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    other = Address(
        name="Farah Khan", line1="2 Hill Road", city="Mumbai", state_code="27", postal_code="400050"
    )
    farah = {"name": "Farah Khan", "phone": "9820012345"}
    shopify = OutsideId(system="shopify", external_id="gid-77")
    await post_order(client, basket(shop))
    body = body_of(basket(shop, ship_to=other, references=[shopify])) | {"customer": farah}
    await client.post("/v1/orders", json=body)

    async def found(q: str) -> list[str]:
        answer = await client.get("/v1/orders", params={"q": q})
        return [row["number"] for row in answer.json()["items"]]

    assert await found("so-1002") == ["SO-1002"]
    assert await found("SO-100") == ["SO-1002", "SO-1001"]
    assert await found("khan") == ["SO-1002"]
    assert await found("98200 12345") == ["SO-1002"]
    assert await found("meera@example.test") == ["SO-1001"]
    assert await found("gid-77") == ["SO-1002"]
    assert await found("nobody at all") == []


async def test_a_list_is_read_page_by_page_in_either_direction_and_filtered(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cod = basket(shop, payment_method="cod", channel="shop")
    for order in [basket(shop), cod, basket(shop), cod, basket(shop)]:
        await post_order(client, order)

    async def pages(**asked: Any) -> list[list[str]]:
        seen: list[list[str]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await client.get("/v1/orders", params={"limit": 2, **asked, **cursor})
            page = answer.json()
            seen.append([row["number"] for row in page["items"]])
            if page["next"] is None:
                return seen
            cursor = {"cursor": page["next"]}

    newest = [["SO-1005", "SO-1004"], ["SO-1003", "SO-1002"], ["SO-1001"]]
    assert await pages() == newest
    assert await pages(sort="placed_at") == [
        ["SO-1001", "SO-1002"],
        ["SO-1003", "SO-1004"],
        ["SO-1005"],
    ]
    assert await pages(status="confirmed") == [["SO-1004", "SO-1002"]]
    assert await pages(channel="shop", payment_status="none") == [["SO-1004", "SO-1002"]]
    assert await pages(is_on_hold=True) == [[]]
    assert await pages(q="SO-1003") == [["SO-1003"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "nonsense"},
        {"cursor": "WzEsMl0"},
        {"status": "bogus"},
        {"placed_from": "2026-11-22T10:00:00"},
        {"limit": 0},
        {"q": "a\x00b"},
    ],
)
async def test_a_list_refuses_what_it_cannot_read(
    client: httpx.AsyncClient, shop: Shop, asked: dict[str, Any]
) -> None:
    answer = await client.get("/v1/orders", params=asked)
    assert 400 <= answer.status_code < 500


async def test_the_link_shows_the_order_without_name_street_telephone_or_email(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    placed = (await post_order(client, basket(shop))).json()
    async with visitor(app) as buyer:
        answer = await buyer.get(f"/v1/public/orders/{placed['public_token']}")
        guess = await buyer.get(f"/v1/public/orders/{'A' * 22}")
        number = await buyer.get("/v1/public/orders/SO-1001")

    assert answer.status_code == 200
    shown = answer.text
    assert answer.json()["due_minor"] == placed["total_minor"]
    for secret in (MEERA.name, "3rd Cross", "98765", "Example", "example", placed["id"]):
        assert secret not in shown
    assert (guess.status_code, number.status_code) == (404, 404)
    assert guess.json() == number.json()


async def test_an_order_answers_to_its_id_number_link_and_reference_and_to_nobody_else(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    shopify = OutsideId(system="shopify", external_id="gid-5")
    placed = (await post_order(client, basket(shop, references=[shopify]))).json()
    for q in (placed["id"], "so-1001", placed["public_token"], "gid-5"):
        answer = await client.get("/v1/resolve", params={"q": q})
        assert (answer.status_code, answer.json()["order_id"]) == (200, placed["id"]), q
        assert answer.json()["kind"] == "order"
    unknown = await client.get("/v1/resolve", params={"q": "SO-9999"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_another_companys_order_is_nowhere_to_be_found(
    client: httpx.AsyncClient, database: Database, shop: Shop, now: datetime
) -> None:
    other = await identity.found_organisation(
        database, name="Others", slug=f"o-{new_id().hex}", now=now
    )
    stranger = Actor(org_id=other, user_id=new_id(), grants=frozenset({"*"}))
    async with database.transaction(stranger) as tx:
        theirs = await open_shop(tx, now)
    order = await place_one(database, stranger, basket(theirs), now)

    for path in (f"/v1/orders/{order.id}", f"/v1/orders/{order.id}/timeline"):
        assert (await client.get(path)).status_code == 404
    for q in (str(order.id), order.number, order.public_token):
        assert (await client.get("/v1/resolve", params={"q": q})).status_code == 404
    cancel = await client.post(f"/v1/orders/{order.id}/cancellation", json={"reason": "x"})
    assert cancel.status_code == 404
    assert (await client.get("/v1/orders")).json()["items"] == []


async def test_what_a_form_for_an_order_cannot_mean_is_said_at_its_field(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop
) -> None:
    def lines(*rows: dict[str, object]) -> str:
        return json.dumps(rows)

    one = {"sku": shop.tea, "quantity": 1}
    form = {
        "name": "Asha", "phone": "98450 12345", "ship_line1": "1 MG Road", "lines": lines(one),
        "ship_city": "Bengaluru", "ship_postal_code": "560001", "payment_method": "cod",
    }  # fmt: skip
    before = await rows(database, actor)
    for change, said in (
        ({"lines": lines(*[one] * 201)}, "An order has 200 lines at most."),
        ({"customer_id": "x", "customer_label": "Asha"}, "There is no such customer."),
    ):
        answer = await client.post("/orders/new", data=form | change)
        assert (answer.status_code, said in answer.text) == (422, True), said
    assert await rows(database, actor) == before
    placed = await client.post("/orders/new", data=form | {"form_id": "y" * 300})
    assert placed.status_code == 303
    page = placed.headers["location"]
    long = await client.post(f"{page}/note", data={"note": "z" * 2001})
    assert (long.status_code, "2,000 characters at most" in long.text) == (422, True)
    refused = await client.post(f"{page}/refund", data={"amount_minor": "1"})
    assert (refused.status_code, "Only ₹0.00 can still go back." in refused.text) == (409, True)


async def test_an_orders_timeline_is_narrowed_to_what_one_service_told(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)
    whole = (await client.get(f"/orders/{order.id}")).text
    stock = (await client.get(f"/orders/{order.id}?only=inventory")).text
    none = (await client.get(f"/orders/{order.id}?only=support")).text
    odd = (await client.get(f"/orders/{order.id}?only=weather")).text
    placed, reserved = f"Order {order.number} placed", "Stock reserved"
    seen = [(placed in page, reserved in page) for page in (whole, stock, none, odd)]
    assert seen == [(True, True), (False, True), (False, False), (True, True)]
    assert "Nothing of this kind yet." in none
