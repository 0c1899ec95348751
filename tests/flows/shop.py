"""A company that can sell: products on one shelf, a tax profile, buyers."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx2 as httpx
import msgspec

from tandem.contracts.address import Address
from tandem.contracts.catalog import VariantFacts
from tandem.contracts.orders import OrderSnapshot
from tandem.flows.place_order.basket import Buyer, Line, NewOrder
from tandem.flows.place_order.intake import Intake
from tandem.flows.place_order.placing import place_orders
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.errors import Refusal
from tandem.scm.catalog import service as catalog
from tandem.scm.inventory import service as inventory
from tandem.scm.inventory.domain import Location, Reason
from tandem.scm.invoicing import service as invoicing

HOME = Address(
    name="Meera Rao",
    line1="14, 3rd Cross",
    city="Bengaluru",
    state_code="29",
    postal_code="560001",
    phone="+919876543210",
)
MEERA = Buyer(name="Meera Rao", email="Meera@Example.test", phone="98765 43210")

TOPICS = Query("select topic from kernel.event where org_id = :org_id order by seq")
ROWS = Query(
    """
    select (select count(*) from orders.order where org_id = :org_id) as orders,
           (select count(*) from orders.line where org_id = :org_id) as lines,
           (select count(*) from inventory.reservation where org_id = :org_id) as reservations,
           (select count(*) from customers.customer where org_id = :org_id) as customers,
           (select count(*) from kernel.event where org_id = :org_id) as events,
           (select count(*) from kernel.idempotency where org_id = :org_id) as keys,
           (select count(*) from kernel.public_token where org_id = :org_id) as tokens,
           (select coalesce(sum(reserved), 0) from inventory.level where org_id = :org_id)
               as reserved
    """
)


class Shop(msgspec.Struct):
    """`tea` and `kettle` are SKUs with a known price; `variants` has every SKU there is."""

    variants: dict[str, VariantFacts]
    location: Location
    tea: str
    kettle: str


async def open_shop(tx: Tx, now: datetime, *, stock: int = 1000) -> Shop:
    await invoicing.seed_demo_seller(tx, now=now)
    await catalog.seed_demo(tx, now)
    page = await catalog.list_variants(tx, limit=200, is_active=True)
    skus = sorted(found.sku for found in page.items)
    facts = await catalog.facts(tx, skus)
    location = await inventory.add_location(
        tx, code="BLR", name="Bengaluru", kind="warehouse", priority=1, address=None, now=now
    )
    await inventory.open_stock(
        tx,
        variants={found.variant_id: found.sku for found in facts.values()},
        location_id=location.id,
        quantity=stock,
        now=now,
    )
    tea = next(sku for sku in skus if sku.startswith("TEA"))
    kettle = next(sku for sku in skus if sku.startswith("APP-KET"))
    return Shop(variants=facts, location=location, tea=tea, kettle=kettle)


async def set_stock(tx: Tx, shop: Shop, sku: str, count: int, now: datetime) -> None:
    """Bring what can be sold of a SKU to exactly `count`."""
    variant = shop.variants[sku].variant_id
    there = (await inventory.available(tx, [variant]))[variant]
    if there != count:
        await inventory.adjust(
            tx,
            variant_id=variant,
            sku=sku,
            location_id=shop.location.id,
            quantity=count - there,
            reason=Reason.COUNT,
            now=now,
        )


def basket(shop: Shop, **changes: Any) -> NewOrder:
    """Two teas and a kettle for Meera, to be paid online."""
    usual = NewOrder(
        customer=MEERA,
        lines=[Line(sku=shop.tea, quantity=2), Line(sku=shop.kettle, quantity=1)],
        ship_to=HOME,
        channel="web",
    )
    return msgspec.structs.replace(usual, **changes)


def body_of(order: NewOrder) -> dict[str, Any]:
    """The same as JSON, without what nobody would send."""
    sent: dict[str, Any] = msgspec.to_builtins(order)
    return {name: value for name, value in sent.items() if value is not None}


async def place(
    database: Database, actor: Actor, orders: Sequence[NewOrder], now: datetime
) -> list[OrderSnapshot | Refusal]:
    async with database.transaction(actor) as tx:
        return await place_orders(tx, orders, now=now)


async def place_one(
    database: Database, actor: Actor, order: NewOrder, now: datetime
) -> OrderSnapshot:
    [placed] = await place(database, actor, [order], now)
    assert isinstance(placed, OrderSnapshot), placed
    return placed


async def hand_in(intake: Intake, actor: Actor, orders: Sequence[NewOrder]) -> list[Any]:
    """All at once through the intake; refusals come back as values."""
    return await asyncio.gather(
        *(intake.place(actor, order) for order in orders), return_exceptions=True
    )


async def rows(database: Database, actor: Actor) -> dict[str, int]:
    async with database.transaction(actor) as tx:
        return dict((await tx.records(ROWS))[0])


async def topics(database: Database, actor: Actor) -> list[str]:
    async with database.transaction(actor) as tx:
        return [row["topic"] for row in await tx.records(TOPICS)]


async def post_order(
    client: httpx.AsyncClient, order: NewOrder, key: str | None = None
) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return await client.post("/v1/orders", json=body_of(order), headers=headers)
