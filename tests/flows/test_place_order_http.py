"""Orders placed over HTTP: once per key, one number each, refused with a reason."""

import asyncio
from datetime import datetime

import asyncpg
import httpx2 as httpx
import pytest

from tandem.flows.place_order.basket import Line
from tandem.flows.place_order.intake import Intake, Placed
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.inventory.domain import OutOfStock
from tests.flows.shop import (
    Shop,
    basket,
    hand_in,
    open_shop,
    post_order,
    rows,
    set_stock,
)

MANY = 500


@pytest.fixture
async def shop(database: Database, actor: Actor, now: datetime) -> Shop:
    async with database.transaction(actor) as tx:
        return await open_shop(tx, now, stock=5_000)


async def test_one_key_twenty_times_at_once_is_one_order_and_twenty_identical_answers(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop
) -> None:
    answers = await asyncio.gather(*(post_order(client, basket(shop), "key-1") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["number"] == "SO-1001"
    counted = await rows(database, actor)
    assert (counted["orders"], counted["keys"], counted["reserved"]) == (1, 1, 3)
    assert (await post_order(client, basket(shop))).json()["number"] == "SO-1002"


async def test_each_order_of_a_batch_has_one_row_in_the_audit_and_a_replay_or_refusal_has_none(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop
) -> None:
    placed = await asyncio.gather(*(post_order(client, basket(shop), f"k{n}") for n in range(30)))
    assert (await post_order(client, basket(shop), "k7")).headers["idempotency-replayed"] == "true"
    refused = await post_order(client, basket(shop, lines=[Line(sku="NO-SUCH", quantity=1)]))
    assert refused.status_code == 422
    listed = await client.get("/v1/audit-events", params={"action": "orders.place", "limit": 200})
    noted = {row["subject_id"]: row for row in listed.json()["items"]}
    assert len(listed.json()["items"]) == 30
    assert set(noted) == {answer.json()["id"] for answer in placed}
    for answer in placed:
        row, order = noted[answer.json()["id"]], answer.json()
        assert row["after"]["number"] == order["number"]
        assert row["after"]["total_minor"] == order["total_minor"]
        assert (row["actor_kind"], row["address"]) == ("api_key", "127.0.0.1")
        assert row["request_id"] == answer.headers["x-request-id"]
    assert sorted(row["seq"] for row in noted.values()) == list(
        range(min(r["seq"] for r in noted.values()), max(r["seq"] for r in noted.values()) + 1)
    )


async def test_a_key_that_comes_to_two_processes_at_once_is_one_order(
    database: Database, actor: Actor, shop: Shop
) -> None:
    intakes = [Intake(database) for _ in range(4)]
    placed = await asyncio.gather(
        *(
            intake.place(actor, basket(shop), key="shared", fingerprint=b"same")
            for intake in intakes
            for _ in range(3)
        )
    )
    assert len({one.body for one in placed}) == 1
    assert (await rows(database, actor))["orders"] == 1


async def test_a_key_with_another_body_is_refused_and_nothing_is_made(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop
) -> None:
    await post_order(client, basket(shop), "key-1")
    before = await rows(database, actor)

    answer = await post_order(client, basket(shop, note="another"), "key-1")

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert await rows(database, actor) == before


async def test_a_refusal_is_not_remembered_so_the_same_key_may_succeed_later(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await set_stock(tx, shop, shop.kettle, 0, now)
    refused = await post_order(client, basket(shop), "key-1")
    async with database.transaction(actor) as tx:
        await set_stock(tx, shop, shop.kettle, 1, now)
    placed = await post_order(client, basket(shop), "key-1")

    assert (refused.status_code, placed.status_code) == (409, 201)
    assert refused.json()["missing"] == {shop.kettle: 1}
    assert placed.headers["etag"] == '"1"'


async def test_500_orders_at_once_get_500_numbers_without_a_gap(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop
) -> None:
    one = basket(shop, lines=[Line(sku=shop.tea, quantity=1)])
    answers = await asyncio.gather(*(post_order(client, one) for _ in range(MANY)))

    assert {answer.status_code for answer in answers} == {201}
    numbers = sorted(int(answer.json()["number"].removeprefix("SO-")) for answer in answers)
    assert numbers == list(range(1001, 1001 + MANY))
    assert (await rows(database, actor))["customers"] == 1


async def test_more_buyers_than_units_through_the_intake(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await set_stock(tx, shop, shop.kettle, 40, now)
    one = basket(shop, lines=[Line(sku=shop.kettle, quantity=1)])

    outcomes = await hand_in(Intake(database), actor, [one] * 200)

    assert sum(isinstance(outcome, Placed) for outcome in outcomes) == 40
    assert sum(isinstance(outcome, OutOfStock) for outcome in outcomes) == 160
    assert (await rows(database, actor))["reserved"] == 40


async def test_an_order_that_breaks_its_batch_hurts_only_itself(
    database: Database, actor: Actor, shop: Shop
) -> None:
    """An unknown customer is found out late, after others of the batch have been written."""
    good = basket(shop, lines=[Line(sku=shop.tea, quantity=1)])
    bad = basket(shop, customer=None, customer_id=new_id())
    mixed = [good, bad] * 20

    outcomes = await hand_in(Intake(database), actor, mixed)

    assert [isinstance(outcome, Placed) for outcome in outcomes] == [True, False] * 20
    counted = await rows(database, actor)
    assert (counted["orders"], counted["reserved"]) == (20, 20)


async def test_a_caller_who_hangs_up_has_still_ordered(
    database: Database, actor: Actor, shop: Shop
) -> None:
    intake = Intake(database)
    call = asyncio.create_task(intake.place(actor, basket(shop), key="k", fingerprint=b"f"))
    await asyncio.sleep(0)
    call.cancel()
    again = await intake.place(actor, basket(shop), key="k", fingerprint=b"f")

    assert again.body
    assert (await rows(database, actor))["orders"] == 1


async def test_the_database_lost_before_the_commit_places_nothing_and_says_so(
    database: Database, actor: Actor, shop: Shop, owner_dsn: str
) -> None:
    """Every connection of the pool is cut; the next request gets a new one."""
    before = await rows(database, actor)
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    await owner.close()
    intake = Intake(database)

    outcomes = await hand_in(intake, actor, [basket(shop)])
    while not isinstance(outcomes[0], Placed):
        assert outcomes[0].status == 503
        outcomes = await hand_in(intake, actor, [basket(shop)])

    assert (await rows(database, actor))["orders"] == before["orders"] + 1
