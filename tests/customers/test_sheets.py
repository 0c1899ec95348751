"""Customers from files and to files: nothing guessed, nothing lost, nothing a formula."""

import csv
import io
import re
import zipfile
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.crm.customers import jobs
from tandem.crm.customers.domain.custom_fields import (
    CustomField,
    CustomFieldWrong,
    from_text,
    read_custom,
)
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.cells import guarded, plain
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.kernel.sheets import SheetWrong, decode, heading_of, rows_of

COUNT = Query("select count(*) from customers.customer where org_id = :org_id")


@pytest.fixture
def work(database: Database, actor: Actor, settings: Any) -> Work:
    held = Resources()
    held.add(Blobs, Blobs(settings.blobs_url))
    return Work(database, held, actor.org_id)


async def upload(client: httpx.AsyncClient, text: str | bytes) -> dict[str, Any]:
    content = text if isinstance(text, bytes) else text.encode()
    answer = await client.post(
        "/v1/customer-imports",
        params={"filename": "people.csv"},
        content=content,
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def step(
    client: httpx.AsyncClient, work: Work, job: dict[str, Any], verb: str
) -> dict[str, Any]:
    at = f"/v1/customer-imports/{job['id']}"
    body = {"columns": job["mapping"], "key": "email"} if verb == "check" else None
    answer = await client.post(f"{at}/{verb}", json=body)
    assert answer.status_code == 201, answer.text
    await jobs.run_import(work, job["id"])
    done: dict[str, Any] = (await client.get(at)).json()
    return done


async def count(database: Database, actor: Actor) -> int:
    async with database.transaction(actor) as tx:
        found: int = await tx.value(COUNT)
    return found


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("date", "2026-11-02", "2026-11-02"),
        ("date", "2/11/2026", "2026-11-02"),
        ("date", "02-11-2026", "2026-11-02"),
        ("date", "02.11.2026", "2026-11-02"),
        ("date", "2 Nov 2026", "2026-11-02"),
        ("date", "02-november-2026", "2026-11-02"),
        ("date", "30 Sept 2026", "2026-09-30"),
        ("date", "2026-11-02 00:00:00", "2026-11-02"),
        ("date", "2026-11-02T18:30:00.000Z", "2026-11-02"),
        ("date", "11/22/2026", None),
        ("date", "2/11/26", None),
        ("date", "2/11-2026", None),
        ("date", "31 Feb 2026", None),
        ("date", "2 Nov", None),
        ("date", "2 Foo 2026", None),
        ("date", "45983", None),
        ("number", "1,25,000.50", 125000.5),
        ("number", "-1,250", -1250),
        ("number", "12,5", None),
        ("number", "1.250,75", None),
        ("number", "1,2,3", None),
        ("number", "1e3", 1000),
        ("flag", "Yes", True),
        ("flag", "maybe", None),
        ("choices", "tea; milk|tea", ["tea", "milk"]),
        ("choices", "tea; cocoa", None),
    ],
)
def test_a_cell_is_read_as_it_was_meant_or_not_at_all(kind: str, cell: str, value: Any) -> None:
    field = CustomField(
        id=new_id(),
        target="customer",
        key="own",
        kind=kind,  # type: ignore[arg-type]  # of the table
        label="Own",
        options=["tea", "milk"],
        is_required=False,
        is_unique=False,
        is_personal=True,
        retired_at=None,
    )
    try:
        read = read_custom([field], {"own": from_text(field, cell)}, {})
    except CustomFieldWrong as refusal:
        assert (value, refusal.field) == (None, "custom.own")
    else:
        assert read == {"own": value}


def sheet(good: int, bad: int) -> str:
    rows = ["Full name,E-mail,Phone,City,PIN code,Address,Ignored"]
    rows += [
        f"Person {n},p{n}@x.in,98450{n:05},Bengaluru,560001,{n} Main Road,x" for n in range(good)
    ]
    wrong = ["Bad 0,not-an-address-0,,,,,", "Bad 1,bad1@x.in,,Pune,,,", ",bad2@x.in,,,,,"]
    rows += [*wrong, *(f"Bad {n},not-an-address-{n},,,,," for n in range(3, bad))][:bad]
    return "\r\n".join(rows)


async def test_a_file_is_checked_taken_in_mended_and_taken_back(
    client: httpx.AsyncClient, database: Database, actor: Actor, work: Work
) -> None:
    job = await upload(client, sheet(1200, 37))
    assert job["mapping"] == {
        "Full name": "name", "E-mail": "email", "Phone": "phone", "City": "city",
        "PIN code": "postal_code", "Address": "line1",
    }  # fmt: skip
    checked = await step(client, work, job, "check")
    assert (checked["state"], checked["created"], checked["failed"]) == ("checked", 1200, 37)
    assert await count(database, actor) == 0

    errors = (await client.get(f"/v1/customer-imports/{job['id']}/errors")).content
    told = list(csv.reader(io.StringIO(errors.decode("utf-8-sig"))))
    assert len(told) == 38
    assert told[1][:2] == ["Bad 0", "not-an-address-0"]
    assert told[1][7:10] == ["1202", "E-mail", "email_wrong"]
    said = "An address needs its street and its PIN code too, or leave its columns out."
    assert told[2][8:11] == ["City", "invalid", said]
    assert told[3][8:11] == ["Full name", "invalid", "A row needs its name."]

    done = await step(client, work, job, "run")
    assert (done["state"], done["created"], done["failed"]) == ("done", 1200, 37)
    assert await count(database, actor) == 1200
    again = await step(client, work, await upload(client, sheet(1200, 0)), "check")
    assert (again["created"], again["updated"]) == (0, 1200)

    found = (await client.get("/v1/customers", params={"search": "p7@x.in"})).json()["items"][0]
    assert found["addresses"][0]["address"]["state_code"] == "29"
    await client.post(f"/v1/customers/{found['id']}/notes", json={"text": "touched"})
    gone = await step(client, work, job, "revert")
    assert (gone["state"], gone["reverted"]) == ("reverted", 1199)
    assert await count(database, actor) == 1
    refused = await client.post(f"/v1/customer-imports/{job['id']}/run")
    assert (refused.status_code, refused.json()["code"]) == (409, "import_busy")


async def test_a_known_key_changes_its_customer_and_reverting_gives_back(
    client: httpx.AsyncClient, work: Work
) -> None:
    made = (
        await client.post(
            "/v1/customers",
            json={"name": "Asha", "emails": [{"value": "asha@x.in"}], "tags": ["a"]},
        )
    ).json()
    text = (
        "name,email,phone,tags,Language,PAN\n"
        "Asha Rao,ASHA@x.in,98450 12345,vip; b2b,hi,\nNew,n@x.in,,,,\n"
        "Asha Roy,asha@x.in,,,,none\nNew,n@x.in,,,,none\n"
    )
    job = await upload(client, text)
    looked = await step(client, work, job, "check")
    done = await step(client, work, job, "run")
    for one in (looked, done):
        assert (one["created"], one["updated"], one["failed"]) == (1, 1, 2), one["state"]
    now = (await client.get(f"/v1/customers/{made['id']}")).json()
    assert (now["name"], now["tags"], now["locale"]) == ("Asha Rao", ["vip", "b2b"], "hi")
    assert [one["value"] for one in now["phones"]] == ["+919845012345"]
    rows = (await client.get(f"/v1/customers/{made['id']}/history")).json()
    assert ("name", "Asha", "Asha Rao") in [(r["field"], r["before"], r["after"]) for r in rows]
    await step(client, work, job, "revert")
    back = (await client.get(f"/v1/customers/{made['id']}")).json()
    assert (back["name"], back["tags"], back["phones"]) == ("Asha", ["a"], [])


async def test_a_dry_run_tells_who_may_be_known_already_and_still_takes_them_in(
    client: httpx.AsyncClient, work: Work, database: Database, actor: Actor
) -> None:
    known = [
        {"name": "Lakshmi Sharma", "phones": [{"value": "98450 12345"}]},
        *({"name": "Ravi Kumar", "allow_duplicate": True} for _ in range(6)),
    ]
    for one in known:
        assert (await client.post("/v1/customers", json=one)).status_code == 201
    text = (
        "name,email,phone\nSharma Lakshmi,a@x.in,\nLaxmi Sarma,b@x.in,\n"
        "Somebody,c@x.in,9845012345\nRavi Kumar,d@x.in,\nQuite Other,e@x.in,\nWrong,no-mail,\n"
    )
    job = await upload(client, text)
    looked = await step(client, work, job, "check")
    assert (looked["created"], looked["failed"], looked["alike"]) == (5, 1, 3)
    assert await count(database, actor) == 7
    at = f"/v1/customer-imports/{job['id']}/errors"
    rows = list(csv.reader((await client.get(at, params={"about": "alike"})).text.splitlines()))
    assert [(row[3], row[5], row[6].rpartition("): ")[2]) for row in rows[1:]] == [
        ("2", "possible_duplicate", "name, likely."),
        ("3", "possible_duplicate", "spelling, possible."),
        ("4", "possible_duplicate", "phone, strong."),
    ]
    assert [row[3] for row in csv.reader((await client.get(at)).text.splitlines())][1:] == ["7"]
    done = await step(client, work, job, "run")
    assert (done["created"], done["failed"], done["alike"]) == (5, 1, 0)
    assert await count(database, actor) == 12


async def test_a_worker_that_dies_goes_on_behind_the_last_whole_chunk(
    client: httpx.AsyncClient, database: Database, actor: Actor, work: Work
) -> None:
    job = await upload(client, sheet(1100, 0))
    await step(client, work, job, "check")
    await client.post(f"/v1/customer-imports/{job['id']}/run")
    dying = Work(database, Resources(), actor.org_id)
    with pytest.raises(AssertionError):
        await jobs.run_import(dying, job["id"])
    await jobs.run_import(work, job["id"])
    await jobs.run_import(work, job["id"])
    assert await count(database, actor) == 1100
    assert UUID(job["id"])


NASTY = [
    "=1+1",
    "@SUM(1)",
    "-2+3",
    "\t=cmd|' /C calc'!A0",
    "＝1",
    "+91",
    " =1",
    "plain",
    "'quoted",
    "'=1",
    "''x",
]


async def test_what_looks_like_a_formula_is_text_in_a_spreadsheet_and_comes_back_as_it_was(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/v1/custom-fields", json={"key": "age", "kind": "number", "label": "Age"})
    for place, notes in enumerate(NASTY):
        new = {"name": f"N{place:02}", "notes": notes, "custom": {"age": -5}}
        assert (await client.post("/v1/customers", json=new)).status_code == 201
    text = (await client.get("/v1/customer-export")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    shown = [row["notes"] for row in rows]
    assert [cell for cell in shown if cell.lstrip()[:1] in "=+-@\t＝"] == []
    assert [plain(cell) for cell in shown] == NASTY
    assert {row["custom.age"] for row in rows} == {"-5"}

    book = await client.get("/v1/customer-export", params={"file": "xlsx"})
    with zipfile.ZipFile(io.BytesIO(book.content)) as package:
        xml = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    numbers = re.findall(r"<c><v>(.*?)</v></c>", xml)
    assert numbers == ["-5"] * len(NASTY)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        (b"\xef\xbb\xbfa,b\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\nä,ß".encode("utf-16"), [["a", "b"], ["ä", "ß"]]),
        ("a,b\nMüller,€".encode("cp1252"), [["a", "b"], ["Müller", "€"]]),
        (b'a,b\n"x, y","say ""hi"""\n', [["a", "b"], ["x, y", 'say "hi"']]),
        (b'a,b\n"two\nlines",2\n', [["a", "b"], ["two\nlines", "2"]]),
        (b"a;b\n1;2", [["a", "b"], ["1", "2"]]),
        (b"a\tb\n1\t2", [["a", "b"], ["1", "2"]]),
        (b'"a, with more, words";b\n1;2', [["a, with more, words", "b"], ["1", "2"]]),
        (b"sep=;\r\na;b\r\n1;2", [["a", "b"], ["1", "2"]]),
        (b"a,b\n\n1,2\n,\n", [["a", "b"], ["1", "2"]]),
        (b"a,b,c\n1,2\n", [["a", "b", "c"], ["1", "2"]]),
    ],
)
def test_a_file_is_read_as_it_was_meant(content: bytes, rows: list[list[str]]) -> None:
    assert [row for _, row in rows_of(decode(content))] == rows


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"a,a\n1,2", b"a,\x00b\n1,2", b"\x81\x8d,\x8f", b'a\n"open', b"," * 200 + b"\n"],
)
async def test_a_file_that_cannot_be_read_is_refused_whole(
    client: httpx.AsyncClient, content: bytes
) -> None:
    with pytest.raises(SheetWrong):
        heading_of(decode(content))
        list(rows_of(decode(content)))
    answer = await client.post(
        "/v1/customer-imports", content=content, headers={"content-type": "text/csv"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "sheet_wrong")
    assert (await client.get("/v1/customer-imports")).json() == []


def test_a_huge_cell_is_refused_not_a_crash() -> None:
    with pytest.raises(SheetWrong):
        list(rows_of(decode(b"a,b\n" + b"x" * 1_000_000 + b",2")))
    assert guarded("x") == "x"
