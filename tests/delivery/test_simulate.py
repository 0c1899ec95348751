"""The demo drives itself: one paid order, one command, handed over at the door."""

import argparse
from pathlib import Path

from tandem.app.doctor import broken_invariants
from tandem.app.simulate import simulate
from tandem.sandbox.city import build_city
from tests.app.installation import Up
from tests.flows.life import Life
from tests.waiting import until


async def test_a_simulated_vehicle_brings_a_paid_order_to_the_door(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        ready = up.start()
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
        assert await in_a_thread(options) == 0

        done = until(lambda: life._order_if(order, "completed"), "completion")
        assert done["fulfilment_status"] == "delivered"
        shown = life.call("GET", f"/v1/deliveries/{parcel['id']}")
        statuses = [row["status"] for row in shown["statuses"] if row["conflict"] is None]
        assert statuses[-6:] == [
            "at_pickup",
            "picked_up",
            "en_route",
            "arriving",
            "arrived",
            "delivered",
        ]
        assert [proof["kind"] for proof in shown["proofs"]] == ["otp"]
        assert shown["proofs"][0]["is_at_door"] is not False
        track = life.call("GET", f"/v1/deliveries/{parcel['id']}/track")
        assert track["distance_m"] > 200
        assert len(track["segments"]) == 1
        assert await broken_invariants(ready["database_url"]) == []


def near_the_hub(life: Life) -> dict[str, object]:
    """An order to a house a few streets from the hub, so that the drive is short."""
    policy = life.call("GET", "/v1/delivery-policy")
    house = build_city().reverse(policy["pickup_lat"] + 0.003, policy["pickup_lon"] + 0.001)
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


async def in_a_thread(options: argparse.Namespace) -> int:
    """The command has a loop of its own."""
    import asyncio

    return await asyncio.to_thread(simulate, options)
