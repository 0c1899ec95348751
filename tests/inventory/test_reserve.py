"""Holding stock: whole or not at all, split by priority, let go, kept."""

from datetime import datetime, timedelta

import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.inventory import service
from tandem.scm.inventory.domain import AlreadyHeld, HoldExpired, NotReserved, Status
from tests.inventory.givens import Shop, counts, open_shop, reserve, topics


@pytest.fixture
async def shop(database: Database, actor: Actor, now: datetime) -> Shop:
    async with database.transaction(actor) as tx:
        return await open_shop(tx, now, A={"tea": 10, "mug": 1}, B={"tea": 5})


async def test_an_order_is_split_over_locations_by_priority(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    assert await reserve(database, actor, [shop.hold(tea=13)], now) == [None]

    assert await counts(database, actor) == {"A/mug": (1, 0), "A/tea": (10, 10), "B/tea": (5, 3)}


async def test_one_short_line_refuses_the_whole_order_and_leaves_no_trace(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    told = await topics(database, actor)

    [refusal] = await reserve(database, actor, [shop.hold(tea=3, mug=5)], now)

    assert refusal is not None
    assert refusal.missing == {"mug": 4}
    assert refusal.problem()["code"] == "insufficient_stock"
    assert await counts(database, actor) == {"A/mug": (1, 0), "A/tea": (10, 0), "B/tea": (5, 0)}
    assert await topics(database, actor) == told


async def test_a_refused_hold_in_a_batch_hurts_no_other_and_takes_nothing_from_them(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    holds = [shop.hold(tea=8), shop.hold(tea=9), shop.hold(tea=7), shop.hold(mug=1)]

    verdicts = await reserve(database, actor, holds, now)

    assert [verdict.missing if verdict else None for verdict in verdicts] == [
        None,
        {"tea": 2},
        None,
        None,
    ]
    assert await counts(database, actor) == {"A/mug": (1, 1), "A/tea": (10, 10), "B/tea": (5, 5)}


async def test_the_same_sku_on_two_lines_is_one_demand(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(mug=1)
    hold.demands.append(shop.demand("mug", 1))

    [refusal] = await reserve(database, actor, [hold], now)

    assert refusal is not None
    assert refusal.missing == {"mug": 1}


async def test_closed_locations_and_quarantine_sell_nothing(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        before = await service.lock_location(tx, shop.locations["A"].id)
        after = type(before)(
            **{n: getattr(before, n) for n in before.__struct_fields__} | {"is_active": False}
        )
        await service.change_location(tx, before=before, after=after, now=now)

    assert await reserve(database, actor, [shop.hold(tea=5)], now) == [None]
    [refusal] = await reserve(database, actor, [shop.hold(tea=1)], now)
    assert refusal is not None
    assert refusal.missing == {"tea": 1}


async def test_an_order_that_holds_stock_cannot_reserve_again(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(tea=3)
    await reserve(database, actor, [hold], now)

    with pytest.raises(AlreadyHeld):
        await reserve(database, actor, [hold], now)

    assert (await counts(database, actor))["A/tea"] == (10, 3)


async def test_released_stock_is_available_again_and_may_be_reserved_anew(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(tea=12)
    await reserve(database, actor, [hold], now)

    async with database.transaction(actor) as tx:
        await service.release(tx, order_id=hold.order_id, reason="cancelled", now=now)
        await service.release(tx, order_id=hold.order_id, reason="cancelled", now=now)
    assert await counts(database, actor) == {"A/mug": (1, 0), "A/tea": (10, 0), "B/tea": (5, 0)}
    assert (await topics(database, actor)).count("inventory.stock_released.v1") == 1

    assert await reserve(database, actor, [hold], now) == [None]
    assert (await counts(database, actor))["B/tea"] == (5, 2)


async def test_a_hold_whose_time_passed_returns_and_a_late_commit_is_refused(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(tea=4, until=now + timedelta(minutes=30))
    await reserve(database, actor, [hold], now)
    late = now + timedelta(minutes=30)

    for kind in (HoldExpired, NotReserved):
        with pytest.raises(kind) as refusal:
            async with database.transaction(actor) as tx:
                await service.commit(
                    tx,
                    order_id=hold.order_id,
                    shipment_id=new_id(),
                    items=hold.demands,
                    now=late,
                )
        assert refusal.value.status == 409
        async with database.transaction(actor) as tx:
            await service.release_many(tx, [hold.order_id], reason="expired", now=late)

    assert (await counts(database, actor))["A/tea"] == (10, 0)
    async with database.transaction(actor) as tx:
        assert [row.status for row in await service.reservations_of(tx, hold.order_id)] == [
            Status.EXPIRED
        ]


async def test_a_kept_hold_never_expires(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(tea=4, until=now + timedelta(minutes=30))
    await reserve(database, actor, [hold], now)

    async with database.transaction(actor) as tx:
        await service.keep(tx, [hold.order_id])
        await service.commit(
            tx,
            order_id=hold.order_id,
            shipment_id=new_id(),
            items=hold.demands,
            now=now + timedelta(days=3),
        )

    assert (await counts(database, actor))["A/tea"] == (6, 0)


async def test_a_shipment_leaves_once_however_often_it_is_told(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(tea=12, mug=1)
    await reserve(database, actor, [hold], now)
    shipment_id = new_id()

    for _ in range(2):
        async with database.transaction(actor) as tx:
            await service.commit(
                tx, order_id=hold.order_id, shipment_id=shipment_id, items=hold.demands, now=now
            )

    assert await counts(database, actor) == {"A/mug": (0, 0), "A/tea": (0, 0), "B/tea": (3, 0)}
    assert (await topics(database, actor)).count("inventory.stock_committed.v1") == 1


async def test_an_order_ships_in_parts_and_the_rest_can_be_released(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(tea=5)
    await reserve(database, actor, [hold], now)

    async with database.transaction(actor) as tx:
        await service.commit(
            tx,
            order_id=hold.order_id,
            shipment_id=new_id(),
            items=[shop.demand("tea", 2)],
            now=now,
        )
    assert (await counts(database, actor))["A/tea"] == (8, 3)
    with pytest.raises(NotReserved):
        async with database.transaction(actor) as tx:
            await service.commit(
                tx,
                order_id=hold.order_id,
                shipment_id=new_id(),
                items=[shop.demand("tea", 4)],
                now=now,
            )
    async with database.transaction(actor) as tx:
        await service.release(tx, order_id=hold.order_id, reason="cancelled", now=now)
    assert (await counts(database, actor))["A/tea"] == (8, 0)


async def test_goods_come_back_to_the_shelf_they_left_and_never_more_than_left(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    hold = shop.hold(tea=13)
    await reserve(database, actor, [hold], now)
    async with database.transaction(actor) as tx:
        await service.commit(
            tx, order_id=hold.order_id, shipment_id=new_id(), items=hold.demands, now=now
        )
        await service.restock(
            tx, order_id=hold.order_id, items=hold.demands, reason="returned to sender", now=now
        )
    assert await counts(database, actor) == {"A/mug": (1, 0), "A/tea": (10, 0), "B/tea": (5, 0)}

    with pytest.raises(NotReserved):
        async with database.transaction(actor) as tx:
            await service.restock(
                tx, order_id=hold.order_id, items=[shop.demand("tea", 1)], reason="again", now=now
            )


async def test_running_low_out_and_back_are_told_once_each(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await service.set_reorder_point(
            tx,
            variant_id=shop.variants["tea"],
            location_id=shop.locations["A"].id,
            reorder_point=4,
        )
    said = len(await topics(database, actor))
    holds = [shop.hold(tea=5), shop.hold(tea=2), shop.hold(tea=3)]
    for hold in holds:
        await reserve(database, actor, [hold], now)
    async with database.transaction(actor) as tx:
        await service.release(tx, order_id=holds[0].order_id, reason="cancelled", now=now)

    reserved, released = "inventory.stock_reserved.v1", "inventory.stock_released.v1"
    assert (await topics(database, actor))[said:] == [
        reserved,
        reserved,
        "inventory.stock_ran_low.v1",
        reserved,
        "inventory.stock_ran_out.v1",
        released,
        "inventory.stock_came_back.v1",
    ]
