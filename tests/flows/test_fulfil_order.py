"""From confirmed to ready for the road, by events."""

from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest

from tandem.contracts.orders import OrderSnapshot
from tandem.flows import cancel_order, fulfil_order
from tandem.flows.fulfil_order import OrderNotShippable, Wanted
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import NothingToShip
from tests.flows.shop import Shop, basket, place_one, topics


@pytest.fixture
async def order(
    database: Database, actor: Actor, now: datetime, shop: Shop, app: object
) -> OrderSnapshot:
    """Cash on delivery, so confirmed as it is placed; `app` has every reaction registered."""
    return await place_one(database, actor, basket(shop, payment_method="cod"), now)


async def papers(database: Database, actor: Actor, order: OrderSnapshot) -> tuple[int, list[str]]:
    """How many invoices, and the statuses of the shipments."""
    async with database.transaction(actor) as tx:
        issued = await invoicing.list_for_order(tx, order.id)
        found = await shipping.list_of_order(tx, order.id)
    return len(issued), [str(shipment.status) for shipment in found]


async def test_a_confirmed_order_gets_its_invoice_and_a_shipment_that_is_ready(
    database: Database, actor: Actor, order: OrderSnapshot
) -> None:
    await outbox.drain(database)

    assert await papers(database, actor, order) == (1, ["ready"])
    async with database.transaction(actor) as tx:
        [shipment] = await shipping.list_of_order(tx, order.id)
    assert [(item.sku, item.quantity) for item in shipment.items] == [
        (line.sku, line.quantity) for line in order.lines
    ]
    assert (shipment.cod_minor, shipment.order_number) == (order.total_minor, order.number)
    assert shipment.promised_first_on == order.promised_on
    told = await topics(database, actor)
    assert told.index("invoicing.invoice_issued.v1") < told.index("shipping.shipment_ready.v1")
    assert told.count("shipping.shipment_created.v1") == 1


async def test_an_order_cancelled_before_its_turn_gets_nothing(
    database: Database, actor: Actor, now: datetime, order: OrderSnapshot
) -> None:
    async with database.transaction(actor) as tx:
        await cancel_order.cancel_order(tx, order.id, reason="changed my mind", now=now)
    await outbox.drain(database)
    assert await papers(database, actor, order) == (0, [])


async def test_a_held_order_waits_and_goes_on_when_it_is_released(
    database: Database, actor: Actor, now: datetime, order: OrderSnapshot
) -> None:
    async with database.transaction(actor) as tx:
        await orders.hold(tx, order.id, reason="address looks odd", now=now)
    await outbox.drain(database)
    assert await papers(database, actor, order) == (0, [])

    async with database.transaction(actor) as tx:
        await orders.release_hold(tx, order.id, now=now)
    await outbox.drain(database)
    assert await papers(database, actor, order) == (1, ["ready"])


async def test_a_hold_and_release_after_shipping_makes_no_second_shipment(
    database: Database, actor: Actor, now: datetime, order: OrderSnapshot
) -> None:
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        await orders.hold(tx, order.id, reason="a question", now=now)
        await orders.release_hold(tx, order.id, now=now)
    await outbox.drain(database)
    assert await papers(database, actor, order) == (1, ["ready"])


async def test_a_cancelled_shipment_can_be_made_again_by_hand_with_another_carrier(
    client: httpx.AsyncClient, database: Database, actor: Actor, order: OrderSnapshot
) -> None:
    await outbox.drain(database)
    path = f"/v1/orders/{order.id}/shipments"
    twice = await client.post(path, json={})
    assert (twice.status_code, twice.json()["code"]) == (409, "nothing_to_ship")
    async with database.transaction(actor) as tx:
        [first] = await shipping.list_of_order(tx, order.id)
    await client.post(f"/v1/shipments/{first.id}/cancellation", json={"reason": "van broke down"})

    answer = await client.post(path, json={"carrier": "manual"})

    assert (answer.status_code, answer.json()["status"]) == (201, "label_pending")
    assert answer.json()["cod_minor"] == order.total_minor
    assert await papers(database, actor, order) == (1, ["cancelled", "label_pending"])


async def test_an_order_is_shipped_in_parts_by_hand(
    database: Database, actor: Actor, now: datetime, order: OrderSnapshot
) -> None:
    first = Wanted(order_line_id=order.lines[0].id, quantity=1)
    async with database.transaction(actor) as tx:
        part = await fulfil_order.ship(tx, order.id, wanted=[first], now=now)
        rest = await fulfil_order.ship(tx, order.id, wanted=None, now=now)
    assert [(item.sku, item.quantity) for item in part.items] == [(order.lines[0].sku, 1)]
    assert sum(item.quantity for item in rest.items) == 2
    assert part.cod_minor + rest.cod_minor == order.total_minor
    with pytest.raises(NothingToShip):
        async with database.transaction(actor) as tx:
            await fulfil_order.ship(tx, order.id, wanted=[first], now=now)
    await outbox.drain(database)
    assert await papers(database, actor, order) == (1, ["ready", "ready"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"items": [{"order_line_id": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "quantity": 1}]},
         422, "invalid"),
        ({"carrier": "pigeon"}, 422, "unknown_carrier"),
        ({"items": []}, 422, "invalid"),
    ],
)  # fmt: skip
async def test_a_shipment_by_hand_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    order: OrderSnapshot,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    answer = await client.post(f"/v1/orders/{order.id}/shipments", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await papers(database, actor, order) == (0, [])


async def test_an_unpaid_order_is_not_shipped_by_hand(
    database: Database, actor: Actor, now: datetime, shop: Shop
) -> None:
    unpaid = await place_one(database, actor, basket(shop), now)
    with pytest.raises(OrderNotShippable):
        async with database.transaction(actor) as tx:
            await fulfil_order.ship(tx, unpaid.id, wanted=None, now=now)
    assert await papers(database, actor, unpaid) == (0, [])


async def test_the_link_on_the_label_follows_the_parcel(
    client: httpx.AsyncClient, database: Database, actor: Actor, order: OrderSnapshot
) -> None:
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        [shipment] = await shipping.list_of_order(tx, order.id)

    answer = await client.get(f"/v1/public/track/{shipment.public_token}")

    assert answer.status_code == 200, answer.text
    assert (answer.json()["shipment_number"], answer.json()["status"]) == (
        shipment.number,
        "preparing",
    )


async def test_what_is_in_no_shipment_goes_with_another_carrier_from_the_orders_page(
    client: httpx.AsyncClient, database: Database, actor: Actor, order: OrderSnapshot
) -> None:
    await outbox.drain(database)
    page = f"/orders/{order.id}"
    assert "ship-dialog" not in (await client.get(page)).text
    async with database.transaction(actor) as tx:
        [first] = await shipping.list_of_order(tx, order.id)
    await client.post(f"/v1/shipments/{first.id}/cancellation", json={"reason": "no van"})
    assert "3 pieces are in no shipment" in (await client.get(page)).text

    async def ship(**form: str) -> tuple[int, str]:
        answer = await client.post(f"{page}/shipments", data=form)
        return answer.status_code, answer.text

    numbered = {"quantity_1": "1", "carrier": "manual", "awb": "DL 1"}
    refused = [
        ({"carrier": "manual"}, "Say how many pieces go."),
        ({"quantity_1": "3"}, "Give a whole number from 0 to 2."),
        ({"quantity_1": "1", "carrier": "pigeon"}, "There is no carrier"),
        ({"quantity_1": "1", "awb": "DL12345"}, "Our own fleet needs no"),
        (numbered, "4 to 40 letters, digits and dashes"),
    ]
    for form, said in refused:
        status, shown = await ship(**form)
        assert (status, said in shown) == (422, True), form
    assert await papers(database, actor, order) == (1, ["cancelled"])

    assert (await ship(**numbered | {"awb": "DL12345"}))[0] == 303
    assert (await ship(quantity_1="1", quantity_2="1", carrier="manual"))[0] == 303
    status, shown = await ship(quantity_1="1")
    assert (status, "is in a shipment already" in shown) == (409, True)
    states = ["cancelled", "ready", "label_pending"]
    assert await papers(database, actor, order) == (1, states)
    async with database.transaction(actor) as tx:
        _, second, third = await shipping.list_of_order(tx, order.id)
    assert (second.carrier, second.awb, third.awb) == ("manual", "DL12345", None)
    assert second.cod_minor + third.cod_minor == order.total_minor
