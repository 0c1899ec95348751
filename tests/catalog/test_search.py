from collections.abc import AsyncIterator
from datetime import datetime
from importlib.resources import files

import asyncpg
import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.scm.catalog import service
from tests.catalog.givens import product


@pytest.fixture
async def stocked(database: Database, actor: Actor, now: datetime) -> AsyncIterator[Tx]:
    """A small shop, open for search."""
    async with database.transaction(actor) as tx:
        await service.create_product(tx, product("Assam Gold Leaf Tea", "TEA-250"), now=now)
        await service.create_product(tx, product("Steamer, Teak", "POT-1"), now=now)
        await service.create_product(
            tx, product("Green Tea", "GRN-9", barcode="8901030000010"), now=now
        )
        await service.create_product(tx, product("100% Wool Shawl", "WOOL_1"), now=now)
        gone = await service.create_product(tx, product("Tea Cosy", "COSY-1"), now=now)
        await service.set_active(tx, gone.variants, is_active=False, now=now)
        yield tx


async def skus(tx: Tx, text: str, limit: int = 10) -> list[str]:
    return [found.sku for found in await service.search(tx, text, limit)]


async def test_typed_words_find_what_carries_all_of_them_best_first(stocked: Tx) -> None:
    assert await skus(stocked, "tea-250") == ["TEA-250"]
    assert await skus(stocked, "8901030000010") == ["GRN-9"]
    assert await skus(stocked, "gold assam") == ["TEA-250"]
    assert await skus(stocked, "gre") == ["GRN-9"]


async def test_an_sku_that_starts_so_comes_before_a_word_in_the_middle(stocked: Tx) -> None:
    assert await skus(stocked, "tea") == ["TEA-250", "GRN-9", "POT-1"]
    assert await skus(stocked, "tea", limit=1) == ["TEA-250"]


async def test_what_is_off_sale_is_not_suggested(stocked: Tx) -> None:
    assert "COSY-1" not in await skus(stocked, "tea cosy")


async def test_wildcards_mean_themselves(stocked: Tx) -> None:
    assert await skus(stocked, "100%") == ["WOOL_1"]
    assert await skus(stocked, "%") == ["WOOL_1"]
    assert await skus(stocked, "wool_1") == ["WOOL_1"]
    assert await skus(stocked, "\\") == []


async def test_a_misspelt_word_still_finds(stocked: Tx) -> None:
    assert (await skus(stocked, "asam gold"))[:1] == ["TEA-250"]
    assert await skus(stocked, "xylophone") == []


async def test_suggestions_over_http_are_limited_and_refuse_control_characters(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        for number in range(12):
            await service.create_product(tx, product(f"Tea {number}", f"T-{number}"), now=now)
    answer = await client.get("/v1/variants/suggestions", params={"text": "tea"})
    assert [len(answer.json()), answer.json()[0]["sku"]] == [10, "T-0"]
    assert (await client.get("/v1/variants/suggestions?text=a%00b")).status_code == 422
    assert (await client.get("/v1/variants/suggestions?text=a&limit=51")).status_code == 422


async def test_a_word_in_the_middle_can_be_found_by_an_index(owner_dsn: str) -> None:
    """As the owner of the search's function sees it, to whom row-level security does not apply."""
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("set enable_seqscan = off")
        plan = await owner.fetch(
            "explain select id from catalog.variant where search_text like '%assam%'"
        )
    finally:
        await owner.close()
    assert any("variant_by_trigram" in row[0] for row in plan)


@pytest.mark.parametrize(
    ("service_folder", "schema"), [("scm/catalog", "catalog"), ("crm/customers", "customers")]
)
async def test_a_server_without_the_extension_still_finds_what_is_typed_right(
    owner_dsn: str, service_folder: str, schema: str
) -> None:
    folder = files("tandem").joinpath(service_folder, "migrations")
    [script] = [one.read_text() for one in folder.iterdir() if one.name.startswith("0001")]
    owner = await asyncpg.connect(owner_dsn)
    unseen = owner.transaction()
    await unseen.start()
    try:
        await owner.execute(f"drop schema {schema} cascade")
        await owner.execute(script.replace("pg_trgm;", "no_such_extension;"))
        indexes = await owner.fetch(
            "select indexname from pg_indexes where indexname like '%trigram%' and schemaname = $1",
            schema,
        )
        assert indexes == []
        if schema == "catalog":
            assert await owner.fetch("select * from catalog.similar_variants('tea', 5)") == []
    finally:
        await unseen.rollback()
        await owner.close()
