"""The README's promise, kept by a script: `tandem up`, then one order from checkout to doorstep."""

from pathlib import Path

from tandem.app.doctor import broken_invariants
from tests.app.installation import Up
from tests.flows.life import Life

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


async def test_an_order_goes_from_checkout_to_doorstep(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        ready = up.start()
        life = Life(ready)

        order = life.run()

        timeline = life.call("GET", f"/v1/orders/{order['id']}/timeline")["items"]
        assert {line["topic"] for line in timeline} >= TOLD
        messages = life.sandbox.get("/api/messages").json()
        subjects = [message["subject"] for message in messages if message["kind"] == "email"]
        assert any(order["number"] in subject for subject in subjects)
        assert await broken_invariants(ready["database_url"]) == []
