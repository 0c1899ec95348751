"""Many buyers, few units: real connections, real locks."""

import asyncio
from datetime import datetime

from tandem.contracts.inventory import Hold
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.inventory.givens import Shop, at_once, counts, open_shop

BUYERS = 50
ROUNDS = 200
CROSSED = 500


def _one_of(shop: Shop, sku: str) -> Hold:
    return Hold(order_id=new_id(), demands=shop.demands({sku: 1}), held_until=None)


async def test_the_last_unit_is_sold_once_whoever_asks_first_in_each_of_200_rounds(
    database: Database, actor: Actor, now: datetime
) -> None:
    skus = [f"last-{number}" for number in range(ROUNDS)]
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now, A=dict.fromkeys(skus, 1))

    sold = [
        await at_once(database, actor, [_one_of(shop, sku) for _ in range(BUYERS)], now)
        for sku in skus
    ]

    assert sold == [1] * ROUNDS
    assert set((await counts(database, actor)).values()) == {(1, 1)}


async def test_crossed_baskets_never_deadlock(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now, A={"x": 600, "y": 700}, B={"x": 400, "y": 300})
    ahead = [shop.hold(x=1, y=1) for _ in range(CROSSED)]
    across = [shop.hold(y=1, x=1) for _ in range(CROSSED)]

    sold = await at_once(
        database, actor, [one for pair in zip(ahead, across, strict=True) for one in pair], now
    )

    assert sold == 2 * CROSSED
    assert await counts(database, actor) == {
        "A/x": (600, 600),
        "A/y": (700, 700),
        "B/x": (400, 400),
        "B/y": (300, 300),
    }


async def test_two_orders_over_two_locations_share_what_there_is(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now, A={"tea": 7}, B={"tea": 6})

    sold = await asyncio.gather(
        *(at_once(database, actor, [shop.hold(tea=3) for _ in range(5)], now) for _ in range(2))
    )

    assert sum(sold) == 4
    assert await counts(database, actor) == {"A/tea": (7, 7), "B/tea": (6, 5)}
