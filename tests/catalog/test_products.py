import asyncio
from datetime import datetime
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.catalog import VariantFacts
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Forbidden
from tandem.scm.catalog import service
from tandem.scm.catalog.domain import SkuTaken, VariantChange
from tests.catalog.givens import product, variant

TOPICS = Query("select topic, key from kernel.event where org_id = :org_id order by seq")
COUNT = Query("select count(*) from catalog.variant where org_id = :org_id")

TEA = {
    "title": "Assam Tea",
    "brand": "Hill",
    "category": "Tea",
    "variants": [
        {"sku": "TEA-1", "label": "250 g", "hsn": "0902", "tax_class": "merit",
         "price_minor": 16500, "weight_grams": 290, "barcode": "8901234567894"},
        {"sku": "TEA-2", "label": "1 kg", "hsn": "0902", "tax_class": "merit",
         "price_minor": 59000},
    ],
}  # fmt: skip


async def test_a_product_is_created_with_its_variants_and_told(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    answer = await client.post("/v1/products", json=TEA)

    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    made = answer.json()
    assert [v["title"] for v in made["variants"]] == ["Assam Tea, 250 g", "Assam Tea, 1 kg"]
    first = made["variants"][0]
    assert (first["unit"], first["currency"], first["price_includes_tax"]) == ("NOS", "INR", True)
    again = await client.get(f"/v1/products/{made['id']}")
    assert again.json() == made
    async with database.transaction(actor) as tx:
        told = [(row["topic"], row["key"]) for row in await tx.records(TOPICS)]
    assert told == [("catalog.variant_changed.v1", v["id"]) for v in made["variants"]]


async def test_a_sku_in_use_refuses_the_whole_product_and_leaves_no_trace(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await client.post("/v1/products", json=TEA)
    other = {**TEA, "variants": [{**TEA["variants"][0], "sku": "NEW-1"}, TEA["variants"][1]]}  # type: ignore[dict-item]

    answer = await client.post("/v1/products", json=other)

    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["skus"]) == ("sku_taken", ["TEA-2"])
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 2
        assert len(await tx.records(TOPICS)) == 2


async def test_the_same_sku_twice_in_one_product_is_refused(
    database: Database, actor: Actor, now: datetime
) -> None:
    with pytest.raises(SkuTaken) as refusal:
        async with database.transaction(actor) as tx:
            await service.create_product(tx, product("Tea", "A-1", "B-1", "A-1"), now=now)
    assert refusal.value.facts["skus"] == ["A-1"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hsn", "090"),
        ("hsn", "09022"),
        ("hsn", "०९०२"),
        ("sku", "-A"),
        ("sku", "A B"),
        ("sku", "A" * 65),
        ("unit", "KILO"),
        ("currency", "inr"),
        ("currency", "ABC"),
        ("currency", "XAU"),
        ("price_minor", -1),
        ("price_minor", 10**13),
        ("weight_grams", -5),
        ("label", "a\x00b"),
        ("tax_class", "luxury"),
    ],
)
async def test_a_value_outside_its_rules_is_refused_by_name(
    client: httpx.AsyncClient, field: str, value: object
) -> None:
    body = {"title": "Tea", "variants": [{**TEA["variants"][0], field: value}]}  # type: ignore[dict-item]
    answer = await client.post("/v1/products", json=body)
    assert answer.status_code == 422
    assert field in answer.json()["field"]


async def test_a_change_needs_the_version_that_was_read(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/products", json=TEA)).json()
    path = f"/v1/variants/{made['variants'][0]['id']}"

    good = await client.patch(path, json={"price_minor": 17500}, headers={"if-match": '"1"'})
    stale = await client.patch(path, json={"price_minor": 1}, headers={"if-match": '"1"'})
    other = await client.patch(path, json={"currency": "ZZZ"})
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (
        422, "unknown_currency", "currency",
    )  # fmt: skip

    assert (good.status_code, good.json()["price_minor"], good.headers["etag"]) == (
        200, 17500, '"2"',
    )  # fmt: skip
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    assert (await client.get(path)).json()["price_minor"] == 17500


async def test_two_changes_of_the_same_version_let_one_through(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/products", json=TEA)).json()
    path = f"/v1/variants/{made['variants'][0]['id']}"
    answers = await asyncio.gather(
        *(
            client.patch(path, json={"price_minor": price}, headers={"if-match": '"1"'})
            for price in (100, 200)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = next(answer for answer in answers if answer.status_code == 200)
    assert (await client.get(path)).json() == won.json()


async def test_a_products_new_title_reaches_its_variants(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/products", json=TEA)).json()
    answer = await client.patch(f"/v1/products/{made['id']}", json={"title": "Assam Gold"})
    assert [v["title"] for v in answer.json()["variants"]] == [
        "Assam Gold, 250 g",
        "Assam Gold, 1 kg",
    ]
    assert answer.json()["brand"] == "Hill"


async def test_deactivating_a_product_takes_its_variants_off_sale_once(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    made = (await client.post("/v1/products", json=TEA)).json()
    for _ in range(2):
        answer = await client.post(f"/v1/products/{made['id']}/deactivation")
        assert answer.status_code == 201
    assert [v["is_active"] for v in answer.json()["variants"]] == [False, False]
    assert [v["version"] for v in answer.json()["variants"]] == [2, 2]
    async with database.transaction(actor) as tx:
        facts = await service.facts(tx, ["TEA-1", "TEA-2"])
    assert [fact.is_active for fact in facts.values()] == [False, False]
    only = await client.get("/v1/products", params={"is_active": True})
    assert only.json()["items"] == []


async def test_facts_answer_known_skus_only_and_whole(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        made = await service.create_product(tx, product("Tea", "TEA-1"), now=now)
        facts = await service.facts(tx, ["TEA-1", "GONE"])
    assert facts == {
        "TEA-1": VariantFacts(
            variant_id=made.variants[0].id, sku="TEA-1", title="Tea", hsn="0902", unit="NOS",
            tax_class="merit", price_minor=16_500, price_includes_tax=True, currency="INR",
            weight_grams=290, length_mm=0, width_mm=0, height_mm=0, is_active=True,
        )
    }  # fmt: skip


async def test_another_organisation_sees_and_finds_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = (await client.post("/v1/products", json=TEA)).json()
    stranger = msgspec.structs.replace(actor, org_id=uuid4())
    async with database.transaction(stranger) as tx:
        assert await service.facts(tx, ["TEA-1"]) == {}
        assert await service.search(tx, "assam", 10) == []
        await service.create_product(tx, product("Tea", "TEA-1"), now=now)
    assert (await client.get(f"/v1/variants/{uuid4()}")).status_code == 404
    assert (await client.get(f"/v1/products/{made['id']}")).status_code == 200


async def test_without_the_permission_nothing_is_read_or_written(
    database: Database, actor: Actor, now: datetime
) -> None:
    reader = msgspec.structs.replace(actor, grants=frozenset({"catalog.read"}))
    nobody = msgspec.structs.replace(actor, grants=frozenset({"orders.read"}))
    async with database.transaction(actor) as tx:
        made = await service.create_product(tx, product("Tea", "TEA-1"), now=now)
    with pytest.raises(Forbidden):
        async with database.transaction(reader) as tx:
            await service.change_variant(tx, made.variants[0], VariantChange(), now=now)
    with pytest.raises(Forbidden):
        async with database.transaction(nobody) as tx:
            await service.list_variants(tx, limit=10)


async def test_pages_show_every_variant_once_in_either_order(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        for number in range(7):
            await service.create_product(tx, product(f"Tea {number % 3}", f"SKU-{number}"), now=now)
    for sort in ("title", "sku"):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            query = {"limit": "3", "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/variants", params=query)).json()
            seen += [item["sku"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert sorted(seen) == [f"SKU-{number}" for number in range(7)]
        assert len(seen) == 7
    assert seen == sorted(seen)
    wrong = await client.get("/v1/variants", params={"cursor": "bm9uc2Vuc2U"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "cursor")


async def test_added_variants_carry_the_products_title(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        made = await service.create_product(tx, product("Kurta", "K-M"), now=now)
    body = {"variants": [msgspec.to_builtins(variant("K-L", label="L"))]}
    answer = await client.post(f"/v1/products/{made.id}/variants", json=body)
    assert answer.status_code == 201
    assert [v["title"] for v in answer.json()["variants"]] == ["Kurta", "Kurta, L"]
