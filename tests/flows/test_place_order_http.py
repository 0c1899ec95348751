"""Orders over HTTP: once per key, one number each, refused with a reason, listed and found."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.contracts.address import Address
from tandem.crm.identity import service as identity
from tandem.flows.place_order.basket import Line, OutsideId
from tandem.flows.place_order.intake import Intake, Placed
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.catalog import service as catalog
from tandem.scm.catalog.domain import VariantChange
from tandem.scm.inventory.domain import OutOfStock
from tests.flows.shop import (
    MEERA,
    Shop,
    basket,
    body_of,
    hand_in,
    open_shop,
    place_one,
    post_order,
    rows,
    set_stock,
)
from tests.givens import visitor

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


async def test_catalogue_changes_leave_the_orders_json_alone_byte_for_byte(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order_id = (await post_order(client, basket(shop))).json()["id"]
    before = (await client.get(f"/v1/orders/{order_id}")).content
    async with database.transaction(actor) as tx:
        variant = await catalog.lock_variant(tx, shop.variants[shop.tea].variant_id)
        change = VariantChange(price_minor=1, label="renamed")
        await catalog.change_variant(tx, variant, change, now=now)

    assert (await client.get(f"/v1/orders/{order_id}")).content == before


async def test_a_stale_version_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    placed = await post_order(client, basket(shop))
    path = f"/v1/orders/{placed.json()['id']}"
    first = await client.patch(path, json={"note": "ring"}, headers={"if-match": '"1"'})
    stale = await client.patch(path, json={"note": "knock"}, headers={"if-match": '"1"'})

    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert stale.status_code == 412
    assert stale.json()["current_version"] == 2
    assert (await client.get(path)).json()["note"] == "ring"


async def test_a_hold_is_put_on_and_taken_off_with_its_reason_on_the_timeline(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = f"/v1/orders/{(await post_order(client, basket(shop))).json()['id']}"
    held = await client.post(f"{path}/hold", json={"reason": "call the buyer"})
    free = await client.delete(f"{path}/hold")
    story = (await client.get(f"{path}/timeline")).json()["items"]

    assert (held.json()["is_on_hold"], held.json()["hold_reason"]) == (True, "call the buyer")
    assert (free.json()["is_on_hold"], free.json()["hold_reason"]) == (False, "")
    assert [moment["title"] for moment in story] == [
        "Stock reserved",
        "Order SO-1001 placed",
        "Put on hold",
        "Taken off hold",
    ]
    assert story[2]["detail"] == "call the buyer"


async def test_orders_are_found_by_number_name_telephone_and_reference(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    other = Address(
        name="Farah Khan", line1="2 Hill Road", city="Mumbai", state_code="27", postal_code="400050"
    )
    farah = {"name": "Farah Khan", "phone": "9820012345"}
    shopify = OutsideId(system="shopify", external_id="gid-77")
    await post_order(client, basket(shop))
    body = body_of(basket(shop, ship_to=other, references=[shopify])) | {"customer": farah}
    await client.post("/v1/orders", json=body)

    async def found(q: str) -> list[str]:
        answer = await client.get("/v1/orders", params={"q": q})
        return [row["number"] for row in answer.json()["items"]]

    assert await found("so-1002") == ["SO-1002"]
    assert await found("SO-100") == ["SO-1002", "SO-1001"]
    assert await found("khan") == ["SO-1002"]
    assert await found("98200 12345") == ["SO-1002"]
    assert await found("meera@example.test") == ["SO-1001"]
    assert await found("gid-77") == ["SO-1002"]
    assert await found("nobody at all") == []


async def test_a_list_is_read_page_by_page_in_either_direction_and_filtered(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    cod = basket(shop, payment_method="cod", channel="shop")
    for order in [basket(shop), cod, basket(shop), cod, basket(shop)]:
        await post_order(client, order)

    async def pages(**asked: Any) -> list[list[str]]:
        seen: list[list[str]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await client.get("/v1/orders", params={"limit": 2, **asked, **cursor})
            page = answer.json()
            seen.append([row["number"] for row in page["items"]])
            if page["next"] is None:
                return seen
            cursor = {"cursor": page["next"]}

    newest = [["SO-1005", "SO-1004"], ["SO-1003", "SO-1002"], ["SO-1001"]]
    assert await pages() == newest
    assert await pages(sort="placed_at") == [
        ["SO-1001", "SO-1002"],
        ["SO-1003", "SO-1004"],
        ["SO-1005"],
    ]
    assert await pages(status="confirmed") == [["SO-1004", "SO-1002"]]
    assert await pages(channel="shop", payment_status="none") == [["SO-1004", "SO-1002"]]
    assert await pages(is_on_hold=True) == [[]]
    assert await pages(q="SO-1003") == [["SO-1003"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "nonsense"},
        {"cursor": "WzEsMl0"},
        {"status": "bogus"},
        {"placed_from": "2026-11-22T10:00:00"},
        {"limit": 0},
        {"q": "a\x00b"},
    ],
)
async def test_a_list_refuses_what_it_cannot_read(
    client: httpx.AsyncClient, shop: Shop, asked: dict[str, Any]
) -> None:
    answer = await client.get("/v1/orders", params=asked)
    assert 400 <= answer.status_code < 500


async def test_the_link_shows_the_order_without_name_street_telephone_or_email(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    placed = (await post_order(client, basket(shop))).json()
    async with visitor(app) as buyer:
        answer = await buyer.get(f"/v1/public/orders/{placed['public_token']}")
        guess = await buyer.get(f"/v1/public/orders/{'A' * 22}")
        number = await buyer.get("/v1/public/orders/SO-1001")

    assert answer.status_code == 200
    shown = answer.text
    assert answer.json()["due_minor"] == placed["total_minor"]
    for secret in (MEERA.name, "3rd Cross", "98765", "Example", "example", placed["id"]):
        assert secret not in shown
    assert (guess.status_code, number.status_code) == (404, 404)
    assert guess.json() == number.json()


async def test_an_order_answers_to_its_id_number_link_and_reference_and_to_nobody_else(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    shopify = OutsideId(system="shopify", external_id="gid-5")
    placed = (await post_order(client, basket(shop, references=[shopify]))).json()
    for q in (placed["id"], "so-1001", placed["public_token"], "gid-5"):
        answer = await client.get("/v1/resolve", params={"q": q})
        assert (answer.status_code, answer.json()["order_id"]) == (200, placed["id"]), q
        assert answer.json()["kind"] == "order"
    unknown = await client.get("/v1/resolve", params={"q": "SO-9999"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_another_companys_order_is_nowhere_to_be_found(
    client: httpx.AsyncClient, database: Database, shop: Shop, now: datetime
) -> None:
    other = await identity.found_organisation(
        database, name="Others", slug=f"o-{new_id().hex}", now=now
    )
    stranger = Actor(org_id=other, user_id=new_id(), grants=frozenset({"*"}))
    async with database.transaction(stranger) as tx:
        theirs = await open_shop(tx, now)
    order = await place_one(database, stranger, basket(theirs), now)

    for path in (f"/v1/orders/{order.id}", f"/v1/orders/{order.id}/timeline"):
        assert (await client.get(path)).status_code == 404
    for q in (str(order.id), order.number, order.public_token):
        assert (await client.get("/v1/resolve", params={"q": q})).status_code == 404
    cancel = await client.post(f"/v1/orders/{order.id}/cancellation", json={"reason": "x"})
    assert cancel.status_code == 404
    assert (await client.get("/v1/orders")).json()["items"] == []


async def test_goods_come_in_and_counts_are_corrected_by_sku(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    received = await client.post(
        "/v1/stock-receipts", json={"sku": shop.tea, "location": "BLR", "quantity": 5}
    )
    lost = {"sku": shop.tea, "location": "BLR", "quantity": -1, "reason": "lost"}
    adjusted = await client.post("/v1/stock-adjustments", json=lost)
    nowhere = await client.post("/v1/stock-adjustments", json=lost | {"location": "NIX"})
    why = await client.post("/v1/stock-adjustments", json=lost | {"reason": "whim"})
    shelf = (await client.get("/v1/stock", params={"sku": shop.tea})).json()["items"][0]
    proof = (await client.get("/v1/stock/audit")).json()

    assert (received.status_code, adjusted.status_code) == (201, 201)
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "location")
    assert why.status_code == 422
    assert (shelf["on_hand"], shelf["available"]) == (5_004, 5_004)
    assert (proof["is_consistent"], proof["differences"]) == (True, [])


async def test_stock_of_a_past_instant_is_read_from_the_ledger(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    before = {"sku": shop.tea, "as_of": (now - timedelta(seconds=1)).isoformat()}
    after = {"sku": shop.tea, "as_of": (now + timedelta(seconds=1)).isoformat()}

    async def on_hand(asked: dict[str, str]) -> tuple[int, Any]:
        shelf = (await client.get("/v1/stock", params=asked)).json()["items"][0]
        return shelf["on_hand"], shelf["reserved"]

    assert await on_hand(before) == (0, None)
    assert await on_hand(after) == (5_000, None)
    naive = await client.get("/v1/stock", params={"as_of": "2026-11-22T10:00:00"})
    assert (naive.status_code, naive.json()["field"]) == (422, "as_of")
