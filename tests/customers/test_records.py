"""Own fields, tags, accounts, notes, tasks, files and owners: what a record is made of."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.customers import service
from tandem.crm.customers.domain import NewCustomer
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import NotFound
from tandem.kernel.reach import Standing
from tests.givens import api_key_of

COUNT = Query("select count(*) from customers.customer where org_id = :org_id")


async def add(client: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/customers", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def define(client: httpx.AsyncClient, key: str, kind: str, **more: Any) -> dict[str, Any]:
    new = {"key": key, "kind": kind, "label": key.capitalize(), **more}
    answer = await client.post("/v1/custom-fields", json=new)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_own_fields_are_typed_checked_and_written_key_by_key(
    client: httpx.AsyncClient,
) -> None:
    await define(client, "size", "choice", options=["S", "M"])
    await define(client, "age", "number")
    await define(client, "since", "date")
    await define(client, "likes", "choices", options=["tea", "coffee"])
    await define(client, "loyalty", "text", is_unique=True)

    made = await add(
        client,
        "Asha Rao",
        tags=["VIP", " vip ", "b2b"],
        custom={"size": "M", "age": 41.5, "likes": ["coffee", "tea"], "loyalty": "L-1"},
    )
    assert made["tags"] == ["VIP", "b2b"]
    assert made["custom"] == {
        "size": "M",
        "age": 41.5,
        "likes": ["tea", "coffee"],
        "loyalty": "L-1",
    }
    changed = await client.patch(
        f"/v1/customers/{made['id']}",
        json={"custom": {"size": None, "since": "2020-02-29"}},
        headers={"if-match": '"1"'},
    )
    assert changed.json()["custom"] == {
        "age": 41.5,
        "likes": ["tea", "coffee"],
        "loyalty": "L-1",
        "since": "2020-02-29",
    }


WRONG = [
    ({"size": "XL"}, "custom.size", "custom_field_wrong"),
    ({"size": 5}, "custom.size", "custom_field_wrong"),
    ({"age": "x"}, "custom.age", "custom_field_wrong"),
    ({"age": True}, "custom.age", "custom_field_wrong"),
    ({"age": "Infinity"}, "custom.age", "custom_field_wrong"),
    ({"since": "2026-02-30"}, "custom.since", "custom_field_wrong"),
    ({"vip": "yes"}, "custom.vip", "custom_field_wrong"),
    ({"likes": ["tea", "milk"]}, "custom.likes", "custom_field_wrong"),
    ({"note": "a\x07b"}, "custom.note", "custom_field_wrong"),
    ({"nothing": 1}, "custom.nothing", "custom_field_wrong"),
    ({"code": "L-1"}, "custom.code", "custom_field_taken"),
    ({"merged_into_id": str(uuid4())}, "custom.merged_into_id", "custom_field_wrong"),
]


async def test_a_wrong_value_is_refused_at_its_field_and_adds_nobody(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await define(client, "size", "choice", options=["S", "M"])
    for key, kind in (("age", "number"), ("since", "date"), ("vip", "flag"), ("note", "text")):
        await define(client, key, kind)
    await define(client, "likes", "choices", options=["tea"])
    await define(client, "code", "text", is_unique=True)
    await add(client, "First", custom={"code": "L-1"})
    for custom, field, code in WRONG:
        answer = await client.post("/v1/customers", json={"name": "Asha", "custom": custom})
        problem = answer.json()
        assert (problem["code"], problem["field"]) == (code, field), custom
        assert answer.status_code == (409 if code == "custom_field_taken" else 422)
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 1


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"key": "size", "kind": "choice", "label": "Size"}, "custom_field_wrong"),
        ({"key": "s", "kind": "text", "label": "S", "options": ["a"]}, "custom_field_wrong"),
        ({"key": "s", "kind": "flag", "label": "S", "is_unique": True}, "custom_field_wrong"),
        ({"key": "S-1", "kind": "text", "label": "S"}, "invalid"),
    ],
)
async def test_a_definition_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, new: dict[str, Any], code: str
) -> None:
    answer = await client.post("/v1/custom-fields", json=new)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await client.get("/v1/custom-fields")).json() == []


async def test_a_key_is_never_given_twice_and_a_retired_field_takes_no_value(
    client: httpx.AsyncClient,
) -> None:
    field = await define(client, "size", "text")
    again = await client.post(
        "/v1/custom-fields", json={"key": "size", "kind": "number", "label": "Size"}
    )
    assert (again.status_code, again.json()["code"]) == (409, "custom_field_taken")
    await client.patch(f"/v1/custom-fields/{field['id']}", json={"is_retired": True})
    answer = await client.post("/v1/customers", json={"name": "A", "custom": {"size": "x"}})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "given",
    [
        {"owner_id": str(uuid4())},
        {"org_id": str(uuid4())},
        {"merged_into_id": str(uuid4())},
        {"version": 9},
        {"is_sample": True},
    ],
)
async def test_what_is_not_the_callers_to_set_is_refused(
    client: httpx.AsyncClient, given: dict[str, Any]
) -> None:
    made = await add(client, "Asha")
    answer = await client.patch(f"/v1/customers/{made['id']}", json=given)
    assert answer.status_code == 422
    assert (await client.get(f"/v1/customers/{made['id']}")).json() == made


async def test_people_belong_to_accounts_in_roles_and_one_is_the_primary_contact(
    client: httpx.AsyncClient,
) -> None:
    asha, ravi = await add(client, "Asha"), await add(client, "Ravi")
    new = {"name": "Acme", "domain": "https://www.Acme.IN/about", "gstin": "27AAPFU0939F1ZV"}
    acme = (await client.post("/v1/accounts", json=new)).json()
    assert (acme["domain"], acme["number"][:2]) == ("acme.in", "A-")
    at = f"/v1/accounts/{acme['id']}"
    for customer, role, is_primary in ((asha, "Buyer", True), (asha, "Owner", False)):
        await client.post(
            f"{at}/contacts",
            json={"customer_id": customer["id"], "role": role, "is_primary": is_primary},
        )
    members = await client.post(
        f"{at}/contacts", json={"customer_id": ravi["id"], "role": "Chef", "is_primary": True}
    )
    assert [(m["customer_name"], m["role"], m["is_primary"]) for m in members.json()] == [
        ("Ravi", "Chef", True),
        ("Asha", "Buyer", False),
        ("Asha", "Owner", False),
    ]
    await client.delete(f"{at}/contacts/{asha['id']}", params={"role": "Buyer"})
    theirs = (await client.get(f"/v1/customers/{asha['id']}/accounts")).json()
    assert [(m["account_name"], m["role"]) for m in theirs] == [("Acme", "Owner")]
    gone = await client.delete(f"{at}/contacts/{asha['id']}", params={"role": "Buyer"})
    assert gone.status_code == 404


async def test_an_account_alike_is_a_409_and_no_account_stands_above_itself(
    client: httpx.AsyncClient,
) -> None:
    top = (await client.post("/v1/accounts", json={"name": "Top", "domain": "top.in"})).json()
    mid = (await client.post("/v1/accounts", json={"name": "Mid", "parent_id": top["id"]})).json()
    alike = await client.post("/v1/accounts", json={"name": "TOP", "domain": "www.top.in"})
    assert (alike.status_code, alike.json()["candidates"][0]["matched_on"]) == (
        409,
        ["domain", "name"],
    )
    named = await client.post("/v1/accounts", json={"name": "M/s Top Private Limited"})
    told = [(one["matched_on"], one["strength"]) for one in named.json()["candidates"]]
    assert (named.status_code, told) == (409, [(["name"], "likely")])
    circle = await client.patch(f"/v1/accounts/{top['id']}", json={"parent_id": mid["id"]})
    assert (circle.status_code, circle.json()["code"]) == (422, "account_circle")
    found = (await client.get("/v1/accounts", params={"search": "top.in"})).json()["items"]
    assert [one["id"] for one in found] == [top["id"]]


async def test_a_history_says_which_field_was_what_and_who_changed_it(
    client: httpx.AsyncClient,
) -> None:
    size = {"key": "size", "kind": "number", "label": "Size", "target": "customer"}
    await client.post("/v1/custom-fields", json=size)
    asha = (await client.post("/v1/customers", json={"name": "Asha", "custom": {"size": 3}})).json()
    acme = (await client.post("/v1/accounts", json={"name": "Acme"})).json()
    lead = (await client.post("/v1/leads", json={"name": "Meera"})).json()
    deal = (await client.post("/v1/opportunities", json={"title": "Chairs"})).json()
    changes = [
        (f"/v1/customers/{asha['id']}", {"name": "Asha Rao", "custom": {"size": 4}}),
        (f"/v1/accounts/{acme['id']}", {"industry": "Steel"}),
        (f"/v1/leads/{lead['id']}", {"city": "Pune"}),
        (f"/v1/opportunities/{deal['id']}", {"title": "Tables"}),
    ]
    told = []
    for at, change in changes:
        assert (await client.patch(at, json=change)).status_code == 200
        rows = (await client.get(f"{at}/history")).json()
        assert all(row["actor_label"] and row["at"] for row in rows)
        told.append([(row["field"], row["before"], row["after"]) for row in rows])
    assert told == [
        [("name", "Asha", "Asha Rao"), ("custom.size", 3, 4)],
        [("industry", "", "Steel")],
        [("city", "", "Pune")],
        [("title", "Chairs", "Tables")],
    ]
    shown = (await client.get(f"/customers/{asha['id']}")).text
    assert "2 changes" in shown and "Asha → Asha Rao" in shown


@pytest.mark.parametrize("kind", ["customers", "accounts"])
async def test_notes_tasks_and_files_are_kept_beside_a_record(
    client: httpx.AsyncClient, kind: str
) -> None:
    made = (await client.post(f"/v1/{kind}", json={"name": "Asha"})).json()
    at = f"/v1/{kind}/{made['id']}"
    await client.post(f"{at}/notes", json={"text": "Rings twice", "is_pinned": True})
    note = (await client.post(f"{at}/notes", json={"text": "Called"})).json()
    assert [n["text"] for n in (await client.get(f"{at}/notes")).json()] == [
        "Rings twice",
        "Called",
    ]
    assert (await client.delete(f"{at}/notes/{note['id']}")).status_code == 204
    assert (await client.delete(f"{at}/notes/{note['id']}")).status_code == 404

    late = (await client.post(f"{at}/tasks", json={"title": "Late", "due_on": "2026-12-01"})).json()
    await client.post(f"{at}/tasks", json={"title": "Soon", "due_on": "2026-11-23"})
    done = (await client.post(f"{at}/tasks/{late['id']}/completion")).json()
    assert [(t["title"], t["done_at"] is None) for t in done] == [("Soon", True), ("Late", False)]

    page = b"<script>alert(1)</script>"
    kept = await client.post(
        f"{at}/files",
        params={"filename": "contract ü.html", "media_type": "text/html"},
        content=page,
        headers={"content-type": "application/octet-stream"},
    )
    assert kept.json()["size_bytes"] == len(page)
    read = await client.get(f"{at}/files/{kept.json()['id']}")
    assert (read.content, read.headers["content-type"]) == (page, "application/octet-stream")
    assert read.headers["content-disposition"].startswith("attachment;")
    assert (await client.delete(f"{at}/files/{kept.json()['id']}")).status_code == 204
    assert (await client.get(f"{at}/files")).json() == []


async def test_only_who_may_assign_says_whose_a_customer_is(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    made = await add(client, "Asha")
    owning = {"owner_id": str(uuid4()), "team_id": str(uuid4())}
    weak = await api_key_of(database, actor, "customers.read", "customers.write")
    at = f"/v1/customers/{made['id']}/ownership"
    refused = await client.post(at, json=owning, headers={"authorization": f"Bearer {weak}"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "customers.assign")
    answer = (await client.post(at, json=owning)).json()
    assert (answer["owner_id"], answer["team_id"]) == (owning["owner_id"], owning["team_id"])
    assert (answer["territory_id"], answer["version"]) == (None, 2)


async def test_another_companys_records_do_not_exist(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    other = Actor.system(uuid4())
    ids: list[UUID] = []
    async with database.transaction(other) as tx:
        theirs = await service.add_customer(
            tx, NewCustomer(name="Theirs"), now=database.clock.now()
        )
        ids.append(theirs.id)
    for path in ("notes", "tasks", "files", "accounts"):
        for customer_id in (ids[0], uuid4()):
            answer = await client.get(f"/v1/customers/{customer_id}/{path}")
            assert (answer.status_code, answer.json()["detail"]) == (
                404,
                "There is no such customer.",
            )


async def test_a_permission_for_ones_own_customers_reaches_no_other(
    database: Database, actor: Actor, now: datetime
) -> None:
    assert actor.user_id
    standing = Standing(user_id=actor.user_id, narrow=frozenset({("customers.*", "own")}))
    rep = msgspec.structs.replace(actor, grants=frozenset({"customers.*"}), standing=standing)
    async with database.transaction(actor) as tx:
        other = await service.add_customer(tx, NewCustomer(name="Others"), now=now)
    async with database.transaction(rep) as tx:
        mine = await service.add_customer(tx, NewCustomer(name="Mine"), now=now)
        assert mine.owner_id == actor.user_id
        found = await service.list_customers(tx, limit=10)
        assert [one.name for one in found.items] == ["Mine"]
        with pytest.raises(NotFound):
            await service.get_customer(tx, other.id)
