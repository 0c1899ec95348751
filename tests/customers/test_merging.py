"""Two records, one person: everything changes hands, and goes back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest

from tandem.crm.customers import service
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.merging import UndoImpossible
from tandem.flows import merge as merging
from tandem.flows.customer_holders import HOLDERS
from tandem.flows.place_order.basket import Buyer
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tests.flows.shop import Shop, basket, open_shop, place_one

HOME = {"name": "Asha", "line1": "12 Church Street", "city": "Bengaluru", "postal_code": "560001"}
STATE = Query(
    """
    select (select jsonb_agg(jsonb_build_array(kind, value, customer_id) order by kind, value)
              from customers.contact_key where org_id = :org_id) as keys,
           (select jsonb_agg(jsonb_build_array(id, customer_id) order by id)
              from orders.order where org_id = :org_id) as orders,
           (select sum(total_minor)::bigint from orders.order where org_id = :org_id) as total,
           (select jsonb_agg(jsonb_build_array(id, subject_id) order by id)
              from customers.note where org_id = :org_id) as notes,
           (select jsonb_agg(jsonb_build_array(order_id, customer_id) order by order_id)
              from customers.purchase where org_id = :org_id) as purchases
    """
)


async def add(client: httpx.AsyncClient, name: str, **more: Any) -> str:
    answer = await client.post("/v1/customers", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    customer_id: str = answer.json()["id"]
    return customer_id


async def consent(client: httpx.AsyncClient, customer_id: str, channel: str, granted: bool) -> None:
    said = {"purpose": "marketing", "channel": channel, "is_granted": granted, "source": "form"}
    await client.post(f"/v1/customers/{customer_id}/consents", json=said)


async def states(client: httpx.AsyncClient, customer_id: str) -> dict[str, str]:
    found = (await client.get(f"/v1/customers/{customer_id}/consents")).json()
    return {one["channel"]: one["state"] for one in found}


async def two(client: httpx.AsyncClient) -> tuple[str, str]:
    first = await add(
        client, "Asha Rao", emails=[{"value": "asha@a.in"}], phones=[{"value": "9845012345"}],
        tags=["vip"], addresses=[{"address": HOME}],
    )  # fmt: skip
    second = await add(
        client, "A. Rao", emails=[{"value": "asha@a.in"}, {"value": "rao@b.in"}],
        tags=["b2b"], company_name="Rao & Co", allow_duplicate=True,
    )  # fmt: skip
    return first, second


async def merge(client: httpx.AsyncClient, survivor: str, loser: str) -> dict[str, Any]:
    answer = await client.post(
        "/v1/customer-merges", json={"survivor_id": survivor, "loser_id": loser}
    )
    assert answer.status_code == 201, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def test_everything_of_the_loser_becomes_the_survivors_and_the_stricter_consent_stands(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    survivor, loser = await two(client)
    await client.post(f"/v1/customers/{loser}/notes", json={"text": "Rings twice"})
    fair = (await client.post("/v1/segments", json={"name": "Fair"})).json()["id"]
    await client.post(f"/v1/segments/{fair}/members", json={"customer_ids": [loser]})
    for channel, mine, theirs in (
        ("email", True, False), ("sms", True, None), ("whatsapp", None, True), ("push", True, True),
    ):  # fmt: skip
        for customer_id, granted in ((survivor, mine), (loser, theirs)):
            if granted is not None:
                await consent(client, customer_id, channel, granted)

    done = await merge(client, survivor, loser)

    kept = (await client.get(f"/v1/customers/{survivor}")).json()
    assert [one["value"] for one in kept["emails"]] == ["asha@a.in", "rao@b.in"]
    assert (kept["name"], kept["company_name"]) == ("Asha Rao", "Rao & Co")
    assert (kept["tags"], len(kept["addresses"])) == (["vip", "b2b"], 1)
    assert await states(client, survivor) == {
        "email": "withdrawn",
        "sms": "none",
        "push": "granted",
    }
    gone = await client.get(f"/v1/customers/{loser}")
    assert (gone.status_code, gone.json()["code"]) == (410, "customer_merged")
    assert gone.json()["merged_into_id"] == survivor
    members = (await client.get(f"/v1/segments/{fair}/members")).json()["items"]
    assert [one["customer_id"] for one in members] == [survivor]
    notes = (await client.get(f"/v1/customers/{survivor}/notes")).json()
    assert [one["text"] for one in notes] == ["Rings twice"]
    async with database.transaction(actor) as tx:
        (again,) = await service.find_or_add(
            tx, [CustomerDraft(name="X", email="rao@b.in")], now=database.clock.now()
        )
        (by_id,) = await service.find_or_add(
            tx, [CustomerDraft(customer_id=UUID(loser))], now=database.clock.now()
        )
    assert (str(again.id), str(by_id.id)) == (survivor, survivor)

    undone = await client.post(f"/v1/customer-merges/{done['id']}/undo")
    assert undone.status_code == 201, undone.text
    back = (await client.get(f"/v1/customers/{loser}")).json()
    assert [one["value"] for one in back["emails"]] == ["asha@a.in", "rao@b.in"]
    kept = (await client.get(f"/v1/customers/{survivor}")).json()
    assert [one["value"] for one in kept["emails"]] == ["asha@a.in"]
    assert (kept["company_name"], kept["tags"]) == ("", ["vip"])
    assert await states(client, survivor) == {
        "email": "granted",
        "sms": "granted",
        "push": "granted",
    }
    assert await states(client, loser) == {
        "email": "withdrawn",
        "whatsapp": "granted",
        "push": "granted",
    }
    twice = await client.post(f"/v1/customer-merges/{done['id']}/undo")
    assert (twice.status_code, twice.json()["code"]) == (409, "undo_impossible")


async def order_for(database: Database, actor: Actor, shop: Shop, now: datetime) -> str:
    """By an address that only the second of the two had."""
    buyer = Buyer(name="Rao", email="rao@b.in")
    placed = await place_one(database, actor, basket(shop, customer=buyer), now)
    return str(placed.id)


async def test_an_order_after_the_merge_stays_with_the_survivor_when_it_is_undone(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    survivor, loser = await two(client)
    earlier = await order_for(database, actor, shop, now)
    done = await merge(client, survivor, loser)
    later = await order_for(database, actor, shop, now)
    async with database.transaction(actor) as tx:
        state = (await tx.records(STATE))[0]
    assert {row[1] for row in state["orders"]} == {survivor}
    total = state["total"]

    await client.post(f"/v1/customer-merges/{done['id']}/undo")

    async with database.transaction(actor) as tx:
        state = (await tx.records(STATE))[0]
    assert dict(map(tuple, state["orders"])) == {earlier: loser, later: survivor}
    assert state["total"] == total


async def test_a_merge_that_breaks_half_way_never_was(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    survivor, loser = await two(client)
    await client.post(f"/v1/customers/{loser}/notes", json={"text": "Rings twice"})
    async with database.transaction(actor) as tx:
        before = tuple((await tx.records(STATE))[0])
    assert {"orders", "complaints"} <= {one.name for one in HOLDERS.values() if one.move}
    with pytest.raises(ConnectionResetError):
        async with database.transaction(actor) as tx:
            await merging.merge(tx, UUID(survivor), UUID(loser), now=now)
            raise ConnectionResetError
    async with database.transaction(actor) as tx:
        assert tuple((await tx.records(STATE))[0]) == before
    assert (await client.get(f"/v1/customers/{loser}")).status_code == 200


async def test_what_cannot_be_merged_or_parted_is_refused(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    first, second = await two(client)
    third = await add(client, "Ravi")
    same = await client.post("/v1/customer-merges", json={"survivor_id": first, "loser_id": first})
    assert (same.status_code, same.json()["code"]) == (409, "merge_impossible")
    unknown = await client.post(
        "/v1/customer-merges", json={"survivor_id": first, "loser_id": str(uuid4())}
    )
    assert unknown.status_code == 404
    one = await merge(client, first, second)
    await merge(client, third, first)
    chained = await client.post(f"/v1/customer-merges/{one['id']}/undo")
    assert (chained.status_code, chained.json()["code"]) == (409, "undo_impossible")
    gone = await client.get(f"/v1/customers/{second}")
    assert gone.json()["merged_into_id"] == third
    async with database.transaction(actor) as tx:
        with pytest.raises(UndoImpossible, match="within 90 days"):
            last = (await service.list_merges(tx, UUID(third)))[0]
            await service.undo_merge(tx, last.id, now=now + timedelta(days=3650))


async def test_a_preview_says_what_would_come_of_it_and_writes_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    survivor, loser = await two(client)
    await consent(client, loser, "email", False)
    async with database.transaction(actor) as tx:
        before = tuple((await tx.records(STATE))[0])
    shown = await client.post(
        "/v1/customer-merges/preview", json={"survivor_id": survivor, "loser_id": loser}
    )
    assert shown.json()["result"]["company_name"] == "Rao & Co"
    assert shown.json()["consents"] == {"marketing email": "withdrawn"}
    async with database.transaction(actor) as tx:
        assert tuple((await tx.records(STATE))[0]) == before


async def test_duplicates_are_found_until_somebody_says_they_are_two(
    client: httpx.AsyncClient,
) -> None:
    first, second = await two(client)
    third = await add(client, "asha rao", addresses=[{"address": HOME}], allow_duplicate=True)
    pairs = (await client.get("/v1/customer-duplicates")).json()["items"]
    assert [({p["first_id"], p["second_id"]}, p["matched_on"]) for p in pairs] == [
        ({first, second}, ["email"]),
        ({first, third}, ["name"]),
    ]
    await client.post(
        "/v1/customer-duplicates/dismissals", json={"survivor_id": third, "loser_id": first}
    )
    pairs = (await client.get("/v1/customer-duplicates")).json()["items"]
    assert [{p["first_id"], p["second_id"]} for p in pairs] == [{first, second}]


async def test_of_three_who_are_one_the_no_of_whoever_stays_outlives_the_parting_of_another(
    client: httpx.AsyncClient,
) -> None:
    first, second = await two(client)
    third = await add(client, "Asha R", allow_duplicate=True)
    for who, granted in ((first, True), (second, False), (third, False)):
        await consent(client, who, "email", granted)
    merges = [await merge(client, first, other) for other in (second, third)]
    seen = []
    for done in merges:
        await client.post(f"/v1/customer-merges/{done['id']}/undo")
        seen.append(await states(client, first))
    assert seen == [{"email": "withdrawn"}, {"email": "granted"}]
    assert (await states(client, second), await states(client, third)) == (seen[0], seen[0])

    done = await merge(client, first, second)
    await consent(client, first, "email", True)
    await client.post(f"/v1/customer-merges/{done['id']}/undo")
    assert await states(client, first) == {"email": "granted"}, "they said so after the merge"
    for done in reversed([await merge(client, second, third), await merge(client, first, second)]):
        await client.post(f"/v1/customer-merges/{done['id']}/undo")
    assert (await client.get(f"/v1/customers/{third}")).status_code == 200
