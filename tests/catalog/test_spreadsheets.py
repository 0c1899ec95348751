import csv
import io
from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.scm.catalog import service
from tandem.scm.catalog.domain import COLUMNS
from tests.catalog.givens import product

COUNT = Query("select count(*) from catalog.variant where org_id = :org_id")
EVENTS = Query("select count(*) from kernel.event where org_id = :org_id")

HEADER = "sku,title,label,hsn,tax_class,price,weight_grams\n"
GOOD = HEADER + "A-1,Tea,250 g,0902,merit,165.50,290\nA-2,Tea,1 kg,0902,merit,590,1080\n"


async def upload(client: httpx.AsyncClient, text: str | bytes, **query: Any) -> Any:
    content = text.encode() if isinstance(text, str) else text
    answer = await client.post(
        "/v1/product-imports", content=content, params=query, headers={"content-type": "text/csv"}
    )
    return answer.json() | {"http": answer.status_code}


async def test_a_dry_run_counts_like_the_real_one_and_writes_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    dry = await upload(client, GOOD, dry_run=True)
    async with database.transaction(actor) as tx:
        assert (await tx.value(COUNT), await tx.value(EVENTS)) == (0, 0)
    real = await upload(client, GOOD)

    assert (dry["created"], dry["is_dry_run"], dry["errors"]) == (2, True, [])
    assert {**dry, "is_dry_run": False} == real
    async with database.transaction(actor) as tx:
        facts = await service.facts(tx, ["A-1", "A-2"])
        page = await service.list_products(tx, limit=10)
    assert {sku: (fact.title, fact.price_minor) for sku, fact in facts.items()} == {
        "A-1": ("Tea, 250 g", 16550),
        "A-2": ("Tea, 1 kg", 59000),
    }
    assert [len(found.variants) for found in page.items] == [2]


async def test_wrong_rows_are_told_by_number_and_column_and_the_others_go_in(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    rows = [
        "B-1,Tea,,902,merit,10,1",
        "B-2,Tea,,0902,luxury,ten,1",
        ",Tea,,0902,merit,10,1",
        "B-4,Tea,,0902,merit,10.005,1",
        "B-5,Tea,,0902,merit,10,1,9",
        "B-6,,,0902,merit,10,1",
        "B-7,Good,,0902,merit,10,1",
        "B-7,Good,,0902,merit,10,1",
        "B-8,Good,,0902,merit,10,-1",
        "B-9,Nul\x00,,0902,merit,10,1",
    ]
    result = await upload(client, HEADER + "\n".join(rows))

    money = await upload(client, HEADER.strip() + ",currency\nB-10,Tea,,0902,merit,10,1,ABC\n")
    assert [(error["row"], error["field"]) for error in money["errors"]] == [(2, "currency")]
    assert (result["rows"], result["created"], result["failed"]) == (10, 1, 9)
    assert [(error["row"], error["field"]) for error in result["errors"]] == [
        (2, "hsn"), (3, "tax_class"), (3, "price"), (4, "sku"), (6, ""), (9, "sku"),
        (10, "weight_grams"), (11, "title"), (5, "price"), (7, "title"),
    ]  # fmt: skip
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 1


async def test_a_known_sku_is_updated_and_an_empty_cell_leaves_its_value(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await upload(client, GOOD)
    result = await upload(client, "sku,price,label\nA-1,170,\nA-2,590.00,1 kg\n")
    assert (result["updated"], result["unchanged"], result["created"]) == (1, 1, 0)
    async with database.transaction(actor) as tx:
        facts = await service.facts(tx, ["A-1", "A-2"])
    assert (facts["A-1"].price_minor, facts["A-1"].title) == (17000, "Tea, 250 g")
    assert facts["A-1"].weight_grams == 290


async def test_a_title_renames_the_product_with_all_its_variants(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await upload(client, GOOD)
    result = await upload(client, "sku,title\nA-1,Assam Tea\n")
    assert result["updated"] == 1
    async with database.transaction(actor) as tx:
        facts = await service.facts(tx, ["A-1", "A-2"])
    assert [facts[sku].title for sku in ("A-1", "A-2")] == ["Assam Tea, 250 g", "Assam Tea, 1 kg"]

    result = await upload(client, "sku,title\nA-1,One\nA-2,Two\n")
    assert [(error["row"], error["field"]) for error in result["errors"]] == [(3, "title")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "sheet_wrong"),
        (b"name,price\nTea,1\n", "sheet_wrong"),
        (b"sku,sku\nA,B\n", "sheet_wrong"),
        (b"sku,colour\nA,B\n", "sheet_wrong"),
        (b"sku,title\nA-1,Caf\xe9\n", "sheet_wrong"),
        (b'sku,title\nA-1,"Tea\n', "sheet_wrong"),
        (b"\xff\xfe\x00", "sheet_wrong"),
        (b"\x00\x01\x02\x03", "sheet_wrong"),
    ],
)
async def test_a_file_that_is_no_sheet_is_refused_whole(
    client: httpx.AsyncClient, content: bytes, code: str
) -> None:
    result = await upload(client, content)
    assert (result["http"], result["code"]) == (422, code)


async def test_marks_semicolons_and_line_endings_of_spreadsheets_are_understood(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    text = "SKU;Title;HSN;Tax class;Price\r\nU-1;Café;0902;merit;10\r\n"
    assert (await upload(client, "\ufeff".encode() + text.encode()))["created"] == 1
    wide = text.replace("U-1", "U-2").encode("utf-16")
    assert (await upload(client, wide))["created"] == 1
    tabs = text.replace(";", "\t").replace("U-1", "U-3").replace("\r\n", "\n")
    assert (await upload(client, tabs))["created"] == 1
    async with database.transaction(actor) as tx:
        facts = await service.facts(tx, ["U-1", "U-2", "U-3"])
    assert {fact.title for fact in facts.values()} == {"Café"}
    assert len(facts) == 3


async def test_a_file_above_the_limit_is_refused_and_imports_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    rows = "".join(f"L-{n},Tea,,0902,merit,1,1\n" for n in range(50_001))
    result = await upload(client, HEADER + rows)
    assert (result["http"], result["code"]) == (413, "too_large")
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 0
    assert (await upload(client, b"x" * (10 * 1024 * 1024 + 1)))["http"] == 413


async def test_text_that_a_spreadsheet_would_calculate_is_exported_as_text_and_comes_back(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    titles = ["=1+1", "@SUM(1)", "-2+3", "＝1", "+91 tea", "'quoted", "Plain, with comma"]
    async with database.transaction(actor) as tx:
        for number, title in enumerate(titles):
            await service.create_product(tx, product(title, f"F-{number}"), now=now)
    before = (await client.get("/v1/variants", params={"sort": "sku"})).json()

    answer = await client.get("/v1/product-export")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert list(rows[0]) == list(COLUMNS)
    shown = {row["sku"]: row["title"] for row in rows}
    assert [shown[f"F-{n}"] for n in range(7)] == [
        "'=1+1", "'@SUM(1)", "'-2+3", "'＝1", "'+91 tea", "'quoted", "Plain, with comma",
    ]  # fmt: skip
    assert {row["price"] for row in rows} == {"165.00"}
    back = await upload(client, answer.content)
    assert (back["unchanged"], back["updated"], back["errors"]) == (7, 0, [])
    assert (await client.get("/v1/variants", params={"sort": "sku"})).json() == before


async def test_the_demo_has_sixty_products_and_adds_them_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        added = await service.seed_demo(tx, now)
        page = await service.list_products(tx, limit=200)
        assert await service.seed_demo(tx, now) == 0
    assert (added, len(page.items)) == (72, 67)
    classes = {v.tax_class for found in page.items for v in found.variants}
    assert {"exempt", "merit", "standard", "demerit"} <= classes
    assert all(v.weight_grams > 0 for found in page.items for v in found.variants)
