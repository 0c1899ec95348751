"""Files of numbers: what the page shows, with types, never a formula, for their asker alone."""

import csv
import io
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar
from openpyxl import load_workbook

from tandem.app.wiring import resources_of
from tandem.crm.analytics.domain.exports import LEASE, LIFE, ExportDraft, part_name
from tandem.crm.analytics.domain.tables import Head, Table
from tandem.crm.analytics.service import exports
from tandem.flows.reports import exporting
from tandem.flows.reports.paper import printed
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tests.analytics.givens import Counted, confirmed, days_ago, placed
from tests.givens import api_key_of, visitor
from tests.identity.company import hire

WICKED = ("=1+1", "@SUM(1)", "+2-3", "-2+3", "\t=cmd|' /C calc'!A0", "\r=1", "＝1")
DAYS: dict[str, Any] = {"from_on": "2026-11-01", "to_on": "2026-11-22"}


@pytest.fixture
async def company(database: Database, actor: Actor) -> Counted:
    """One order each of some SKUs that spreadsheets would take for formulas."""
    made = Counted(database, actor)
    for place, sku in enumerate((*WICKED, "TEA")):
        order = placed(100_50 * (place + 1), lines=[(sku, 1, 100_50 * (place + 1))])
        await made.tell(order, confirmed(order), at=days_ago(place), counts=False)
    await made.count()
    return made


async def asked(client: httpx.AsyncClient, **draft: Any) -> tuple[dict[str, Any], bytes]:
    answer = await client.post("/v1/exports", json=draft)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    file = await client.get(f"/v1/exports/{made['id']}/file")
    assert file.status_code == 200, file.text
    assert len(file.content) == made["size_bytes"] == int(file.headers["content-length"])
    return made, file.content


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_nothing_in_a_file_is_a_formula_and_numbers_stay_numbers(
    client: httpx.AsyncClient, company: Counted
) -> None:
    """A-ANA-10."""
    query = {"measures": ["line_revenue", "units_sold"], "dimensions": ["sku"], **DAYS}
    _, content = await asked(client, query=query, title="=Products")
    heads, *rows = read_csv(content)
    assert heads == ["SKU", "Line revenue (INR)", "Units sold"]
    told = {row[0]: row[1:] for row in rows}
    assert told["TEA"] == ["804.00", "1"]
    for sku in WICKED:
        assert told[f"'{sku}"][1] == "1", sku
    assert rows[-1] == ["All", "3618.00", "8"]
    made, content = await asked(client, query=query, file="xlsx", title="Products")
    assert (made["state"], made["row_count"]) == ("done", 8)
    sheet = load_workbook(io.BytesIO(content))["Products"]
    cells = {str(row[0].value): row for row in sheet.iter_rows(min_row=2)}
    for sku in ("=1+1", "@SUM(1)", "-2+3", "＝1"):
        assert (cells[sku][0].data_type, cells[sku][0].value) == ("s", sku)
    revenue = cells["TEA"][1]
    assert (revenue.value, revenue.data_type, revenue.number_format) == (804, "n", "#,##0.00")
    about = load_workbook(io.BytesIO(content))["About"]
    said = {row[0].value: row[1].value for row in about.iter_rows()}
    assert said["Days"] == "2026-11-01 to 2026-11-22"
    assert any(str(name).startswith("line_revenue@") for name in said)


async def test_a_course_over_time_and_its_comparison_are_as_on_the_page(
    client: httpx.AsyncClient, company: Counted
) -> None:
    query = {
        "measures": ["orders"], "grain": "week", "compare": "previous_period",
        "from_on": "2026-11-16", "to_on": "2026-11-22",
    }  # fmt: skip
    _, content = await asked(client, query=query)
    assert read_csv(content) == [
        ["Week", "From", "Orders", "Orders, before", "Orders, change"],
        ["16 Nov – 22 Nov", "2026-11-16", "7", "1", "6.0"],
        ["All", "", "7", "1", "6.0"],
    ]
    _, content = await asked(client, query={**query, "grain": "day"}, file="xlsx")
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert sheet["A2"].is_date and f"{sheet['A2'].value:%Y-%m-%d}" == "2026-11-16"


async def test_a_dashboard_is_one_workbook_or_a_zip_of_tables(
    client: httpx.AsyncClient, company: Counted
) -> None:
    looking = {"period": "last_90_days", "only": "web"}
    _, content = await asked(client, dashboard="sales", looking=looking, file="xlsx")
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == [
        "Numbers", "Revenue by day", "Revenue by channel", "Revenue by state", "Products", "About",
    ]  # fmt: skip
    assert [cell.value for cell in book["Numbers"]["A"]][1:3] == ["Revenue", "Orders"]
    made, content = await asked(client, dashboard="sales", looking=looking)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert (made["suffix"], len(names), names[0]) == ("zip", 6, "01-Numbers.csv")


async def test_a_report_is_paper_too_and_its_rows_are_not(
    client: httpx.AsyncClient, company: Counted
) -> None:
    looking = {"period": "last_90_days"}
    made, content = await asked(client, dashboard="sales", looking=looking, file="pdf")
    assert made["suffix"] == "pdf" and content.startswith(b"%PDF-")
    rows = {"query": {"measures": ["revenue"]}, "measure": "revenue"}
    refused = await client.post("/v1/exports", json={"rows": rows, "file": "pdf"})
    assert (refused.status_code, refused.json()["field"]) == (422, "file")
    heads = [
        Head(label="SKU"),
        Head(label="Paid", style="money"),
        Head(label="Part", style="share"),
    ]
    long = Table(title="T", heads=heads, rows=[["=1+1", Decimal("1234567.5"), None]] * 501)
    sheet = printed(long)
    assert sheet.rows[0] == ["=1+1", "12,34,567.50", "–"] and len(sheet.rows) == 500
    assert (sheet.sides, sheet.more) == (["left", "right", "right"], "1 rows more")


async def test_rows_behind_a_number_come_to_it_also_when_they_are_many(
    client: httpx.AsyncClient,
    company: Counted,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    actor: Actor,
    now: datetime,
) -> None:
    """Short ones at once; long ones by a job, as their asker, once, and resumed after a death."""
    rows = {"query": {"measures": ["revenue"], **DAYS}, "measure": "revenue"}
    made, content = await asked(client, rows=rows)
    heads, *lines = read_csv(content)
    assert (made["row_count"], len(lines)) == (8, 8)
    assert sum(float(line[heads.index("Adds (INR)")]) for line in lines) == 3618.0
    monkeypatch.setattr(exporting, "AT_ONCE_MAX", 5)
    work = Work(company.database, resources_of(settings), actor.org_id)
    async with work.transaction() as tx:
        anna = await hire(tx, "anna", "admin", now)
    people = msgspec.structs.replace(actor, user_id=anna.id)
    draft = msgspec.convert({"rows": rows}, ExportDraft)
    async with company.database.transaction(people) as tx:
        waiting = await exporting.ask_export(tx, work.get(Blobs), draft, now=work.now())
    assert (waiting.state, waiting.row_count) == ("waiting", 8)
    async with work.transaction() as tx:
        assert await exports.claim(tx, waiting.id, now=work.now()) is not None
        assert await exports.claim(tx, waiting.id, now=work.now()) is None
    company.clock.at += LEASE + timedelta(seconds=1)
    await exporting.tidy_exports(work)
    await exporting.run_export(work, str(waiting.id))
    async with company.database.transaction(people) as tx:
        done, names = await exports.parts_of(tx, waiting.id, now=work.now())
        whole = b"".join([await work.get(Blobs).get_passing(tx, name) for name in names])
    assert (done.state, done.done_rows, done.percent) == ("done", 8, 100)
    assert read_csv(whole) == [heads, *lines]


async def test_funnels_and_cohorts_are_tables_too(
    client: httpx.AsyncClient, company: Counted
) -> None:
    steps = [{"event": "order_placed"}, {"event": "order_confirmed"}]
    _, content = await asked(client, funnel={"steps": steps, **DAYS}, title="Paid")
    heads, *rows = read_csv(content)
    assert heads[:4] == ["Step", "People", "Dropped", "Of the first"]
    assert [row[1:4] for row in rows] == [["8", "0", "1.0"], ["8", "0", "1.0"]]
    cohorts = {"begins": steps[0], "returns": steps[0], "grain": "week", "periods": 2, **DAYS}
    _, content = await asked(client, retention=cohorts, file="xlsx")
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Shares", "People", "About"]
    counted = [[cell.value for cell in row] for row in book["People"].iter_rows(min_row=2)]
    assert sum(int(str(row[2])) for row in counted) == 8


async def test_a_file_is_for_its_asker_alone_and_for_a_time(
    client: httpx.AsyncClient,
    company: Counted,
    app: Litestar,
    settings: Any,
    actor: Actor,
    database: Database,
) -> None:
    query = {"measures": ["orders"], **DAYS}
    made, _ = await asked(client, query=query)
    other = await api_key_of(company.database, actor)
    async with visitor(app) as somebody:
        somebody.headers["authorization"] = f"Bearer {other}"
        for path in (f"/v1/exports/{made['id']}", f"/v1/exports/{made['id']}/file"):
            assert (await somebody.get(path)).status_code == 404
        assert (await somebody.get("/v1/exports")).json()["items"] == []
    for draft in (
        {},
        {"query": query, "dashboard": "sales"},
        {"dashboard": "nowhere"},
        {"query": {"measures": ["nothing"]}},
        {"dashboard": "customers", "looking": {"only": "x"}},
        {"query": query, "file": "doc"},
    ):
        assert (await client.post("/v1/exports", json=draft)).status_code in (400, 404, 422), draft
    assert len((await client.get("/v1/exports")).json()["items"]) == 1
    work = Work(company.database, resources_of(settings), actor.org_id)
    company.clock.at = database.clock.now() + LIFE + timedelta(minutes=1)
    await exporting.tidy_exports(work)
    gone = await client.get(f"/v1/exports/{made['id']}/file")
    assert (gone.status_code, gone.json()["code"]) == (410, "export_gone")
    async with work.transaction() as tx:
        with pytest.raises(FileNotFoundError):
            await work.get(Blobs).get_passing(tx, part_name(UUID(made["id"]), 0))
