"""Cancelling undoes everything, or is refused and undoes nothing."""

import asyncio
from datetime import datetime

import msgspec
import pytest

from tandem.contracts.orders import OrderSnapshot
from tandem.flows.cancel_order import cancel_order
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, IllegalMove
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tests.flows.shop import Shop, basket, place_one, rows, topics


async def cancel(
    database: Database, actor: Actor, order: OrderSnapshot, now: datetime
) -> OrderSnapshot:
    async with database.transaction(actor) as tx:
        return await cancel_order(tx, order.id, reason="changed my mind", now=now)


async def test_a_cancelled_order_holds_nothing_and_says_why(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)
    told = len(await topics(database, actor))

    cancelled = await cancel(database, actor, order, now)

    assert (cancelled.status, cancelled.expires_at) == ("cancelled", None)
    assert [line.quantity_cancelled for line in cancelled.lines] == [2, 1]
    assert (await rows(database, actor))["reserved"] == 0
    assert (await topics(database, actor))[told:] == [
        "orders.cancelled.v1",
        "inventory.stock_released.v1",
    ]
    async with database.transaction(actor) as tx:
        story = (await orders.read_timeline(tx, order.id, limit=50)).items
    assert [(moment.title, moment.detail) for moment in story[-2:]] == [
        ("Order cancelled", "changed my mind"),
        ("Stock released", "cancelled"),
    ]


async def test_its_shipments_are_cancelled_with_it(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    async with database.transaction(actor) as tx:
        await shipping.create_shipment(tx, order=order, items=None, now=now)

    await cancel(database, actor, order, now)

    async with database.transaction(actor) as tx:
        shipments = await shipping.list_of_order(tx, order.id)
    assert [shipment.status for shipment in shipments] == ["cancelled"]


async def test_whoever_may_cancel_needs_no_other_permission_and_others_are_refused(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    async with database.transaction(actor) as tx:
        await shipping.create_shipment(tx, order=order, items=None, now=now)
    writer = msgspec.structs.replace(actor, grants=frozenset({"orders.write", "orders.read"}))
    canceller = msgspec.structs.replace(actor, grants=frozenset({"orders.cancel"}))
    before = await rows(database, actor)

    with pytest.raises(Forbidden):
        await cancel(database, writer, order, now)
    assert await rows(database, actor) == before
    assert (await cancel(database, canceller, order, now)).status == "cancelled"


async def test_of_many_who_cancel_at_once_one_wins(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)
    outcomes = await asyncio.gather(
        *(cancel(database, actor, order, now) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, OrderSnapshot) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, IllegalMove) for outcome in outcomes) == 7
    assert (await topics(database, actor)).count("orders.cancelled.v1") == 1


async def test_cancelling_and_paying_race_to_one_outcome(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    """Whoever locks the order first decides; stock is never held by a cancelled order."""

    async def pay(order: OrderSnapshot) -> None:
        async with database.transaction(actor) as tx:
            await orders.confirm(tx, order.id, now=now)
            await inventory.keep(tx, [order.id])

    for _ in range(10):
        order = await place_one(database, actor, basket(shop), now)
        await asyncio.gather(
            pay(order), cancel(database, actor, order, now), return_exceptions=True
        )
        async with database.transaction(actor) as tx:
            assert (await orders.get_order(tx, order.id)).status == "cancelled"
    assert (await rows(database, actor))["reserved"] == 0
