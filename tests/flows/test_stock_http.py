"""Stock over HTTP: goods come in, counts are corrected, and a past instant is read."""

from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.flows.shop import (
    Shop,
    open_shop,
    topics,
)


@pytest.fixture
async def shop(database: Database, actor: Actor, now: datetime) -> Shop:
    async with database.transaction(actor) as tx:
        return await open_shop(tx, now, stock=5_000)


async def test_goods_come_in_and_counts_are_corrected_by_sku(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    received = await client.post(
        "/v1/stock-receipts", json={"sku": shop.tea, "location": "BLR", "quantity": 5}
    )
    lost = {"sku": shop.tea, "location": "BLR", "quantity": -1, "reason": "lost"}
    adjusted = await client.post("/v1/stock-adjustments", json=lost)
    nowhere = await client.post("/v1/stock-adjustments", json=lost | {"location": "NIX"})
    place = {"name": "Depot", "line1": "1 Road", "city": "Pune", "postal_code": "000000"}
    depot = await client.post("/v1/locations", json={"code": "P", "name": "P", "address": place})
    assert (depot.status_code, depot.json()["field"]) == (422, "address.postal_code")
    why = await client.post("/v1/stock-adjustments", json=lost | {"reason": "whim"})
    many = await client.post("/v1/stock-adjustments", json=lost | {"quantity": -5_010})
    assert (many.status_code, many.json()["code"], many.json()["missing"]) == (
        409, "insufficient_stock", {shop.tea: 6},
    )  # fmt: skip
    shelf = (await client.get("/v1/stock", params={"sku": shop.tea})).json()["items"][0]
    proof = (await client.get("/v1/stock/audit")).json()

    assert (received.status_code, adjusted.status_code) == (201, 201)
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "location")
    assert why.status_code == 422
    assert (shelf["on_hand"], shelf["available"]) == (5_004, 5_004)
    assert (proof["is_consistent"], proof["differences"]) == (True, [])


async def test_stock_of_a_past_instant_is_read_from_the_ledger(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    before = {"sku": shop.tea, "as_of": (now - timedelta(seconds=1)).isoformat()}
    after = {"sku": shop.tea, "as_of": (now + timedelta(seconds=1)).isoformat()}

    async def on_hand(asked: dict[str, str]) -> tuple[int, Any]:
        shelf = (await client.get("/v1/stock", params=asked)).json()["items"][0]
        return shelf["on_hand"], shelf["reserved"]

    assert await on_hand(before) == (0, None)
    assert await on_hand(after) == (5_000, None)
    naive = await client.get("/v1/stock", params={"as_of": "2026-11-22T10:00:00"})
    assert (naive.status_code, naive.json()["field"]) == (422, "as_of")
    for end in ("0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:30"):
        for path, name in (("/v1/stock", "as_of"), ("/v1/orders", "placed_from")):
            far = await client.get(path, params={name: end})
            assert (far.status_code, far.json()["field"]) == (422, name), end
    pages = [await client.get(f"/orders?{one}") for one in ("from=0001-01-01", "to=9999-12-31")]
    assert [page.status_code for page in pages] == [200, 200]


async def test_what_lies_in_quarantine_is_counted_and_not_for_sale(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop
) -> None:
    place = {"code": "QRT", "name": "Quarantine", "kind": "quarantine", "priority": 0}
    assert (await client.post("/v1/locations", json=place)).status_code == 201
    goods = {"sku": shop.tea, "location": "QRT", "quantity": 5}
    assert (await client.post("/v1/stock-receipts", json=goods)).status_code == 201
    shelves = (await client.get("/v1/stock", params={"sku": shop.tea})).json()["items"]
    assert {(one["location_code"], one["on_hand"], one["available"]) for one in shelves} == {
        ("BLR", 5_000, 5_000),
        ("QRT", 5, 0),
    }
    low = (await client.get("/v1/stock", params={"sku": shop.tea, "is_low": True})).json()
    assert low["items"] == []
    assert "inventory.stock_came_back.v1" not in await topics(database, actor)


async def test_two_who_set_a_reorder_point_do_not_overwrite_each_other_and_sales_hinder_nobody(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async def shelf() -> dict[str, Any]:
        found = await client.get("/v1/stock", params={"sku": shop.tea})
        return dict(found.json()["items"][0])

    seen = await shelf()
    path = f"/v1/stock-levels/{seen['variant_id']}/{seen['location_id']}"
    page = f"/stock/{seen['variant_id']}/{seen['location_id']}"
    received = {"sku": shop.tea, "location": "BLR", "quantity": 5}
    await client.post("/v1/stock-receipts", json=received)
    tag = {"if-match": f'"{seen["version"]}"'}

    first = await client.patch(path, json={"reorder_point": 20}, headers=tag)
    second = await client.patch(path, json={"reorder_point": 99}, headers=tag)
    form = await client.post(f"{page}/reorder-point", data={"reorder_point": "98", "version": "1"})

    assert (first.status_code, first.headers["etag"]) == (204, '"2"')
    assert (second.status_code, second.json()["code"]) == (412, "stale_version")
    assert second.json()["current_version"] == 2
    assert (form.status_code, "Somebody changed this in the meantime" in form.text) == (412, True)
    now = await shelf()
    assert (now["reorder_point"], now["version"]) == (20, 2)
    again = await client.post(f"{page}/reorder-point", data={"reorder_point": "7", "version": "2"})
    last = await client.patch(path, json={"reorder_point": 8}, headers={"if-match": "*"})
    assert (again.status_code, last.headers["etag"]) == (303, '"4"')
    nowhere = f"/v1/stock-levels/{seen['variant_id']}/{'0' * 8}-0000-7000-8000-{'0' * 12}"
    assert (await client.patch(nowhere, json={"reorder_point": 1})).status_code == 404
