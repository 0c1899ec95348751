"""Leads and deals found by rules with own fields of every kind, and taken along as files."""

import csv
import io
import zipfile
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.sales.domain.leads import LeadDraft, LeadFilters
from tandem.crm.sales.service import leads
from tandem.crm.sales.service.choosing import DEALS, LEADS
from tandem.flows import sales_sheets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden
from tandem.kernel.fields import FieldKept
from tandem.kernel.reach import Standing
from tandem.kernel.rules import Moment

FIELDS: list[dict[str, Any]] = [
    {"key": "word", "kind": "text"},
    {"key": "seats", "kind": "number"},
    {"key": "vip", "kind": "flag"},
    {"key": "since", "kind": "date"},
    {"key": "size", "kind": "choice", "options": ["S", "L"]},
    {"key": "wants", "kind": "choices", "options": ["tea", "milk"]},
]
VALUES = {"word": "=1+1", "seats": -5, "vip": True, "since": "2026-11-22", "size": "L",
          "wants": ["tea", "milk"]}  # fmt: skip
CELLS = {"custom.word": "'=1+1", "custom.seats": "-5", "custom.vip": "yes",
         "custom.since": "2026-11-22", "custom.size": "L", "custom.wants": "tea; milk"}  # fmt: skip
HOLDS: list[dict[str, Any]] = [
    {"field": "custom.word", "op": "contains", "value": "1+"},
    {"field": "custom.seats", "op": "lt", "value": 0},
    {"field": "custom.vip", "op": "is", "value": True},
    {"field": "custom.since", "op": "before", "value": "2026-11-23"},
    {"field": "custom.size", "op": "is", "value": "L"},
    {"field": "custom.wants", "op": "has_any", "value": ["milk"]},
    {"not": {"field": "custom.size", "op": "is", "value": "S"}},
]
AT = {"lead": "/v1/leads", "opportunity": "/v1/opportunities"}


async def made(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_own_fields_of_every_kind_are_asked_for_and_stand_in_the_file(
    client: httpx.AsyncClient,
) -> None:
    for target in AT:
        for field in FIELDS:
            await made(client, "/v1/custom-fields", **field, label=field["key"], target=target)
    lead = await made(
        client, AT["lead"], name="@Ravi", email="ravi@cold.test", phone="98450 12345", custom=VALUES
    )
    await made(client, AT["lead"], name="Plain", email="plain@cold.test", custom={"size": "S"})
    deal = await made(client, AT["opportunity"], title="-Racks", amount_minor=125_050)
    await client.patch(f"{AT['opportunity']}/{deal['id']}/custom", json={"custom": VALUES})
    await made(client, AT["opportunity"], title="Other")
    small = await made(client, AT["opportunity"], title="Small")
    await client.patch(f"/v1/opportunities/{small['id']}/custom", json={"custom": {"size": "S"}})
    alike = {"field": "custom.size", "op": "set"}
    for target, one in (("lead", lead), ("opportunity", deal)):
        for rule in HOLDS:
            asked = {"rule": {"all": [alike, rule]}, "limit": 1}
            found = await made(client, f"{AT[target]}/search", **asked)
            assert ([each["id"] for each in found["items"]], found["next"]) == (
                [one["id"]],
                None,
            ), rule
            [row] = rows_of(await client.post(f"/v1/{target}-export", json={"rule": asked["rule"]}))
            assert {name: row[name] for name in CELLS} == CELLS
    everybody: dict[str, Any] = {"rule": {"field": "title", "op": "set"}, "limit": 2}
    first = await made(client, "/v1/opportunities/search", **everybody)
    last = await made(client, "/v1/opportunities/search", **everybody, cursor=first["next"])
    assert [each["title"] for each in (*first["items"], *last["items"])] == [
        "Small", "Other", "-Racks",
    ]  # fmt: skip

    [row] = rows_of(await client.get("/v1/lead-export", params={"q": "ravi@"}))
    names = ("name", "email", "phone", "status", "touch_count")
    assert [row[name] for name in names] == [
        "'@Ravi",
        "ravi@cold.test",
        "'+919845012345",
        "New",
        "1",
    ]
    deals = rows_of(await client.get("/v1/opportunity-export", params={"status": "open"}))
    assert [(each["title"], each["amount"], each["currency"]) for each in deals] == [
        ("Small", "", "INR"),
        ("Other", "", "INR"),
        ("'-Racks", "1250.50", "INR"),
    ]
    book = await client.get("/v1/opportunity-export", params={"file": "xlsx"})
    with zipfile.ZipFile(io.BytesIO(book.content)) as package:
        xml = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml and "<v>1250.50</v>" in xml and "<v>-5</v>" in xml
    page = (await client.get("/leads?owner=nobody&q=ravi")).text
    assert 'href="/v1/lead-export?unowned=true&amp;q=ravi"' in page
    for rule in ({"field": "custom.gone", "op": "is", "value": 1}, {"event": "order_placed"}):
        for path in ("/v1/leads/search", "/v1/lead-export", "/v1/opportunity-export"):
            refused = await client.post(path, json={"rule": rule})
            assert (refused.status_code, refused.json()["code"]) == (422, "rule_wrong"), path


async def test_a_file_goes_as_far_as_ones_own_records(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: Any
) -> None:
    """A-LED-14 for searches by rule and for files."""
    mine = UUID(int=7)
    own = frozenset({(f"sales.{verb}", "own") for verb in ("read", "write")})
    grants = frozenset({"sales.read", "sales.write", "sales.export"})
    rep = Actor(
        org_id=actor.org_id,
        user_id=mine,
        grants=grants,
        standing=Standing(user_id=mine, wide=frozenset({"sales.export"}), narrow=own),
        hidden=frozenset({"lead.email", "opportunity.amount_minor"}),
    )
    await made(client, "/v1/leads", name="Theirs", email="t@x.test")
    await made(client, "/v1/opportunities", title="Theirs", amount_minor=5)
    async with database.transaction(rep) as tx:
        await leads.add_lead(tx, LeadDraft(name="Mine", email="m@x.test", owner_id=mine), now=now)
    moment = Moment(now=now, zone="Asia/Kolkata")
    everybody: dict[str, Any] = {"field": "created_at", "op": "set"}
    async with database.transaction(rep) as tx:
        found = await sales_sheets.search(tx, LEADS, everybody, moment, limit=10)
        assert [lead.name for lead in found.items] == ["Mine"]
        assert (await sales_sheets.search(tx, DEALS, everybody, moment, limit=10)).items == []
        for rule in ({"field": "email", "op": "is", "value": "m@x.test"},):
            with pytest.raises(FieldKept):
                await sales_sheets.search(tx, LEADS, rule, moment, limit=10)
        sheets = [
            await sales_sheets.open_sheet(tx, "lead", None, LeadFilters()),
            await sales_sheets.open_sheet(tx, "lead", moment, everybody),
        ]
    for sheet in sheets:
        parts = [part async for part in sales_sheets.write(database, rep, sheet, "csv")]
        [row] = csv.DictReader(io.StringIO(b"".join(parts).decode("utf-8-sig")))
        assert (row["name"], row["email"]) == ("Mine", "")
    reader = msgspec.structs.replace(rep, grants=frozenset({"sales.read"}))
    async with database.transaction(reader) as tx:
        with pytest.raises(Forbidden):
            await sales_sheets.open_sheet(tx, "lead", None, LeadFilters())
