"""The README's promise, kept by a script: `tandem up`, then orders from checkout to doorstep."""

import argparse
import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tandem.app.doctor import broken_invariants
from tandem.app.simulate import simulate
from tandem.sandbox.city import build_city
from tests.app.installation import Up
from tests.flows.life import Life
from tests.flows.story import Story
from tests.waiting import until

TOLD = {
    "orders.placed.v1",
    "orders.confirmed.v1",
    "orders.completed.v1",
    "inventory.stock_reserved.v1",
    "inventory.stock_committed.v1",
    "payments.captured.v1",
    "invoicing.invoice_issued.v1",
    "shipping.shipment_ready.v1",
    "delivery.assigned.v1",
    "notifications.message_sent.v1",
}
DRIVEN = ["at_pickup", "picked_up", "en_route", "arriving", "arrived", "delivered"]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with Up(tmp_path_factory.mktemp("up") / "data") as up:
        yield up.start()


async def test_a_simulated_vehicle_brings_a_paid_order_to_the_door(ready: dict[str, Any]) -> None:
    life = Life(ready)
    order = life.pay(near_the_hub(life))
    parcel = life.take_delivery(order)

    options = argparse.Namespace(
        base_url=ready["base_url"],
        api_key=ready["api_key"],
        sandbox_url=ready["sandbox_url"],
        speed=6.0,
        delivery=parcel["id"],
    )
    # The command has a loop of its own.
    assert await asyncio.to_thread(simulate, options) == 0

    done = until(lambda: life._order_if(order, "completed"), "completion")
    assert done["fulfilment_status"] == "delivered"
    shown = life.call("GET", f"/v1/deliveries/{parcel['id']}")
    statuses = [row["status"] for row in shown["statuses"] if row["conflict"] is None]
    assert statuses[-6:] == DRIVEN
    assert [proof["kind"] for proof in shown["proofs"]] == ["otp"]
    assert shown["proofs"][0]["is_at_door"] is not False
    track = life.call("GET", f"/v1/deliveries/{parcel['id']}/track")
    assert track["distance_m"] > 200
    assert len(track["segments"]) == 1
    assert await broken_invariants(ready["database_url"]) == []


async def test_an_order_goes_from_checkout_to_doorstep(ready: dict[str, Any]) -> None:
    life = Life(ready)

    order = life.run()

    timeline = life.call("GET", f"/v1/orders/{order['id']}/timeline")["items"]
    assert {line["topic"] for line in timeline} >= TOLD
    messages = life.sandbox.get("/api/messages").json()
    subjects = [message["subject"] for message in messages if message["kind"] == "email"]
    assert any(order["number"] in subject for subject in subjects)
    assert await broken_invariants(ready["database_url"]) == []


async def test_a_person_goes_from_a_form_to_a_report(ready: dict[str, Any]) -> None:
    Story(ready).run()

    assert await broken_invariants(ready["database_url"]) == []


def near_the_hub(life: Life) -> dict[str, object]:
    """An order to a house a few streets from the hub, so that the drive is short."""
    policy = life.call("GET", "/v1/delivery-policy")
    house = build_city().reverse(policy["pickup_lat"] + 0.002, policy["pickup_lon"] + 0.001)
    assert house is not None
    customer = life.call("GET", "/v1/customers?limit=1")["items"][0]
    ship_to = {
        **customer["addresses"][0]["address"],
        "line1": house.line1,
        "postal_code": house.pin,
        "latitude": house.position.lat,
        "longitude": house.position.lon,
    }
    sku = life.call("GET", "/v1/variants?limit=1")["items"][0]["sku"]
    body = {
        "customer_id": customer["id"],
        "ship_to": ship_to,
        "payment_method": "prepaid",
        "lines": [{"sku": sku, "quantity": 1}],
    }
    return dict(life.call("POST", "/v1/orders", wants=201, json=body))
