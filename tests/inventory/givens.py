"""Shelves in one line."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from tandem.contracts.inventory import Demand, Hold
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.inventory import service
from tandem.scm.inventory.domain import Location, OutOfStock

TOPICS = Query("select topic from kernel.event where org_id = :org_id order by seq")
COUNTS = Query(
    """
    select p.code, l.sku, l.on_hand, l.reserved
      from inventory.level l
      join inventory.location p on p.org_id = l.org_id and p.id = l.location_id
     where l.org_id = :org_id
     order by p.code, l.sku
    """
)


class Shop(msgspec.Struct):
    """An organisation with locations A, B, … in this priority, and variants by SKU."""

    locations: dict[str, Location]
    variants: dict[str, UUID]

    def demand(self, sku: str, quantity: int) -> Demand:
        return Demand(variant_id=self.variants[sku], sku=sku, quantity=quantity)

    def hold(
        self, *, until: datetime | None = None, order_id: UUID | None = None, **quantities: int
    ) -> Hold:
        return Hold(
            order_id=order_id or new_id(), demands=self.demands(quantities), held_until=until
        )

    def demands(self, quantities: Mapping[str, int]) -> list[Demand]:
        return [self.demand(sku, quantity) for sku, quantity in quantities.items()]


async def open_shop(tx: Tx, now: datetime, **stock: dict[str, int]) -> Shop:
    """`open_shop(tx, now, A={"tea": 10}, B={"tea": 5})`."""
    skus = sorted({sku for shelf in stock.values() for sku in shelf})
    shop = Shop(locations={}, variants={sku: new_id() for sku in skus})
    for priority, (code, shelf) in enumerate(stock.items()):
        shop.locations[code] = await service.add_location(
            tx,
            code=code,
            name=f"Location {code}",
            kind="warehouse",
            priority=priority,
            address=None,
            now=now,
        )
        for sku, quantity in shelf.items():
            await service.receive(
                tx,
                variant_id=shop.variants[sku],
                sku=sku,
                location_id=shop.locations[code].id,
                quantity=quantity,
                now=now,
            )
    return shop


async def counts(database: Database, actor: Actor) -> dict[str, tuple[int, int]]:
    """`{"A/tea": (on hand, reserved)}`."""
    async with database.transaction(actor) as tx:
        rows = await tx.records(COUNTS)
    return {f"{r['code']}/{r['sku']}": (r["on_hand"], r["reserved"]) for r in rows}


async def topics(database: Database, actor: Actor) -> list[str]:
    async with database.transaction(actor) as tx:
        return [row["topic"] for row in await tx.records(TOPICS)]


async def reserve(
    database: Database, actor: Actor, holds: Sequence[Hold], now: datetime
) -> list[OutOfStock | None]:
    async with database.transaction(actor) as tx:
        return await service.reserve(tx, holds, now=now)


async def at_once(database: Database, actor: Actor, holds: Sequence[Hold], now: datetime) -> int:
    """Every hold in a transaction of its own, all at the same instant; returns how many got it."""
    verdicts = await asyncio.gather(*(reserve(database, actor, [hold], now) for hold in holds))
    return sum(verdict is None for [verdict] in verdicts)


async def owner(dsn: str) -> asyncpg.Connection:
    connection: asyncpg.Connection = await asyncpg.connect(dsn)
    return connection
