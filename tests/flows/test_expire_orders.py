"""Unpaid orders expire on time, once, a bounded number at a time, and their stock is free."""

import asyncio
from datetime import datetime, timedelta

from tandem.flows.expire_orders import expire_unpaid
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tests.clocks import Stopped
from tests.flows.shop import Shop, basket, place, place_one, rows, topics


def work_at(database: Database, actor: Actor, at: datetime) -> Work:
    return Work(Database(database.pool, Stopped(at)), Resources(), actor.org_id)


async def test_an_unpaid_order_expires_when_its_time_is_over_and_not_a_second_before(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    waiting = await place_one(database, actor, basket(shop), now)
    cod = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    early, late = now + timedelta(minutes=29, seconds=59), now + timedelta(minutes=30)

    await expire_unpaid(work_at(database, actor, early))
    async with database.transaction(actor) as tx:
        assert (await orders.get_order(tx, waiting.id)).status == "pending_payment"
    for _ in range(2):
        await expire_unpaid(work_at(database, actor, late))

    async with database.transaction(actor) as tx:
        expired = await orders.get_order(tx, waiting.id)
        assert (await orders.get_order(tx, cod.id)).status == "confirmed"
        held = await inventory.reservations_of(tx, waiting.id)
    assert (expired.status, expired.expires_at, expired.version) == ("expired", None, 2)
    assert {(row.status, row.held) for row in held} == {("expired", 0)}
    assert (await rows(database, actor))["reserved"] == 3
    told = await topics(database, actor)
    assert told.count("orders.expired.v1") == told.count("inventory.stock_released.v1") == 1


async def test_hundreds_of_overdue_orders_expire_in_one_turn_by_two_workers_at_once(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    for _ in range(4):
        await place(database, actor, [basket(shop)] * 60, now)
    late = now + timedelta(hours=1)

    await asyncio.gather(*(expire_unpaid(work_at(database, actor, late)) for _ in range(2)))

    assert (await rows(database, actor))["reserved"] == 0
    assert (await topics(database, actor)).count("orders.expired.v1") == 240


async def test_an_order_that_is_being_paid_this_moment_is_passed_by(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)
    async with database.transaction(actor) as tx:
        await orders.lock_order(tx, order.id)
        await expire_unpaid(work_at(database, actor, now + timedelta(hours=1)))
        await orders.confirm(tx, order.id, now=now)
        await inventory.keep(tx, [order.id])

    await expire_unpaid(work_at(database, actor, now + timedelta(hours=1)))
    async with database.transaction(actor) as tx:
        assert (await orders.get_order(tx, order.id)).status == "confirmed"
    assert (await rows(database, actor))["reserved"] == 3


async def test_an_expired_order_lives_again_only_by_being_revived(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)
    await expire_unpaid(work_at(database, actor, now + timedelta(hours=1)))
    async with database.transaction(actor) as tx:
        revived = await orders.revive(tx, order.id, now=now)
    assert (revived.status, revived.expires_at) == ("confirmed", None)
    assert (await topics(database, actor))[-1] == "orders.confirmed.v1"
