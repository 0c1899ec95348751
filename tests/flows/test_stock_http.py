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
    why = await client.post("/v1/stock-adjustments", json=lost | {"reason": "whim"})
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
