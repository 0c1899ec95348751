import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.customers import service
from tandem.crm.customers.domain import Asked, CustomerDraft
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Forbidden

COUNT = Query("select count(*) from customers.customer where org_id = :org_id")
EVENTS = Query("select count(*) from kernel.event where org_id = :org_id")
KEYS = Query(
    """
    select kind, value, customer_id from customers.contact_key
     where org_id = :org_id order by kind, value
    """
)
AUDIT = Query(
    """
    select after from kernel.audit
     where org_id = :org_id and action = 'customers.add' order by id
    """
)

HOME = {
    "name": "Asha Rao",
    "line1": "12 Church Street",
    "city": "Bengaluru",
    "postal_code": "560001",
}
ASHA: dict[str, Any] = {
    "name": "Asha Rao",
    "emails": [{"value": "Asha-r@Example.com"}, {"value": "work@example.com", "label": "work"}],
    "phones": [{"value": "098450 12345"}],
    "addresses": [{"label": "home", "address": HOME}],
}


async def test_a_customer_is_kept_in_normal_form(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/customers", json={**ASHA, "gstin": "27aapfu0939f1zv", "company_name": "Rao & Co"}
    )

    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    made = answer.json()
    assert [contact["value"] for contact in made["emails"]] == [
        "asha-r@example.com",
        "work@example.com",
    ]
    assert [contact["value"] for contact in made["phones"]] == ["+919845012345"]
    assert (made["gstin"], made["pan"]) == ("27AAPFU0939F1ZV", "AAPFU0939F")
    assert made["addresses"][0]["address"]["state_code"] == "29"
    assert (await client.get(f"/v1/customers/{made['id']}")).json() == made


@pytest.mark.parametrize(
    ("alike", "reasons", "strength"),
    [
        ({"name": "A. Rao", "emails": [{"value": " ASHA-r@example.COM "}]}, ["email"], "strong"),
        ({"name": "A. Rao", "phones": [{"value": "+91-98450-12345"}]}, ["phone"], "strong"),
        ({"name": "A. Rao", "phones": [{"value": "0 98450 12345"}]}, ["phone"], "strong"),
        ({"name": "A. Rao", "gstin": "27 AAPFU 0939F 1ZV"}, ["gstin"], "strong"),
        ({"name": "asha rao", "addresses": [{"address": HOME}]}, ["name"], "strong"),
        (ASHA, ["email", "name", "phone"], "strong"),
        ({"name": "Asha Rao"}, ["name"], "likely"),
        ({"name": "  RAO,  Smt. Áshá ", "emails": [{"value": "o@x.in"}]}, ["name"], "likely"),
        ({"name": "Aashah Rao"}, ["spelling"], "possible"),
        ({"name": "Ashaa K Raao"}, ["spelling"], "possible"),
    ],
)
async def test_somebody_alike_is_a_409_with_the_candidates_and_adds_nobody(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    alike: dict[str, Any],
    reasons: list[str],
    strength: str,
) -> None:
    first = (await client.post("/v1/customers", json={**ASHA, "gstin": "27AAPFU0939F1ZV"})).json()

    answer = await client.post("/v1/customers", json=alike)

    assert (answer.status_code, answer.json()["code"]) == (409, "possible_duplicate")
    assert answer.json()["candidates"] == [
        {
            "id": first["id"],
            "number": first["number"],
            "name": "Asha Rao",
            "company_name": "",
            "matched_on": reasons,
            "strength": strength,
        }
    ]
    async with database.transaction(actor) as tx:
        assert (await tx.value(COUNT), await tx.value(EVENTS)) == (1, 1)


async def test_an_allowed_duplicate_is_added_and_the_audit_says_beside_whom_and_why(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    first = (await client.post("/v1/customers", json=ASHA)).json()
    allowed = {**ASHA, "allow_duplicate": True, "duplicate_reason": "Mother and daughter"}
    answer = await client.post("/v1/customers", json=allowed)
    assert answer.status_code == 201
    async with database.transaction(actor) as tx:
        audit = [row["after"] for row in await tx.records(AUDIT)]
        holders = {row["customer_id"] for row in await tx.records(KEYS)}
    assert [(row["in_spite_of"], row["shared"], row["reason"]) for row in audit] == [
        ([], [], ""),
        ([first["number"]], ["email and name and phone, strong"], "Mother and daughter"),
    ]
    assert {str(holder) for holder in holders} == {first["id"]}


@pytest.mark.parametrize(
    ("known", "new", "strength"),
    [
        ("Lakshmi Sharma", "Laxmi Sarma", "possible"),
        ("Mohd. Azharuddin", "Mohammed Azharuddin", "possible"),
        ("Pooja Agarwal", "Puja Aggrawal", "possible"),
        ("Ram Chaudhary", "CHOWDHURI RAM", "possible"),
        ("Acme Foods Pvt. Ltd.", "M/s ACME FOODS (P) Limited", "likely"),
        ("Dr. José D’Souza", "Jose D'Souza", "likely"),
        ("राहुल शर्मा", "शर्मा  राहुल", "likely"),
        ("Deepak", "Dipak", "faint"),
    ],
)
async def test_a_name_is_known_however_it_is_spelled(
    client: httpx.AsyncClient, known: str, new: str, strength: str
) -> None:
    made = (await client.post("/v1/customers", json={"name": known})).json()
    found = (await client.post("/v1/customers/duplicates/search", json={"name": new})).json()
    assert [(one["id"], one["strength"]) for one in found] == [(made["id"], strength)]
    answer = await client.post("/v1/customers", json={"name": new})
    assert answer.status_code == (201 if strength == "faint" else 409)


@pytest.mark.parametrize(
    ("at", "new"),
    [
        ("/v1/customers", {"name": "Asha Rao", "emails": [{"value": "asha@x.in"}]}),
        ("/v1/accounts", {"name": "Acme", "domain": "acme.in"}),
    ],
)
async def test_of_eight_who_add_the_same_at_once_seven_are_warned(
    client: httpx.AsyncClient, at: str, new: dict[str, Any]
) -> None:
    answers = await asyncio.gather(*(client.post(at, json=new) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_what_is_numbered_is_not_one(client: httpx.AsyncClient) -> None:
    for name in ("Sunrise Shop 1", "Sunrise Shop 2", "Sunrise Shop 11"):
        assert (await client.post("/v1/customers", json={"name": name})).status_code == 201, name


async def test_a_name_that_many_have_is_said_softly_and_a_shared_contact_comes_first(
    client: httpx.AsyncClient,
) -> None:
    rahul: dict[str, Any] = {"name": "Rahul Sharma"}
    for place in range(6):
        mail = {"emails": [{"value": f"rahul{place}@x.in"}], "allow_duplicate": place > 0}
        assert (await client.post("/v1/customers", json={**rahul, **mail})).status_code == 201

    found = (await client.post("/v1/customers/duplicates/search", json=rahul)).json()
    assert [one["strength"] for one in found] == ["faint"] * 6
    assert (await client.post("/v1/customers", json=rahul)).status_code == 201

    same = {**rahul, "emails": [{"value": "RAHUL3@x.in"}]}
    answer = await client.post("/v1/customers", json=same)
    assert answer.status_code == 409
    told = [(one["strength"], one["matched_on"]) for one in answer.json()["candidates"]]
    assert told[0] == ("strong", ["email", "name"])
    assert told[1:] == [("faint", ["name"])] * 6


async def test_the_same_name_elsewhere_is_another_person(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    """To whom addresses are hidden, the search does not tell which PIN code is theirs either."""
    await client.post("/v1/customers", json=ASHA)
    for hidden, strengths in (((), ["strong", "faint"]), (("customer.addresses",), ["likely"] * 2)):
        asker = msgspec.structs.replace(actor, hidden=frozenset(hidden))
        async with database.transaction(asker) as tx:
            found = [
                await service.find_alike(tx, Asked(name=ASHA["name"], postal_code=code))
                for code in ("560001", "110001")
            ]
        assert [one.strength for (one,) in found] == strengths
    there = {"address": {**HOME, "postal_code": "110001", "city": "Delhi"}}
    answer = await client.post("/v1/customers", json={"name": "Asha Rao", "addresses": [there]})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"gstin": "27AAPFU0939F1ZW"}, "gstin_wrong", "gstin"),
        ({"gstin": "27AAPFU0939F1Z"}, "gstin_wrong", "gstin"),
        ({"gstin": "28AAPFU0939F1ZT"}, "gstin_wrong", "gstin"),
        ({"pan": "AAPFU0939"}, "pan_wrong", "pan"),
        ({"gstin": "27AAPFU0939F1ZV", "pan": "AAPFU0939G"}, "pan_wrong", "pan"),
        ({"gstin": "9917SGP29001OST"}, "gstin_wrong", "gstin"),
        ({"gstin": "0717USA00017UNY", "pan": "AAPFU0939F"}, "pan_wrong", "pan"),
        ({"gst_treatment": "sez"}, "gst_treatment_wrong", "gstin"),
        (
            {"gst_treatment": "unregistered", "gstin": "27AAPFU0939F1ZV"},
            "gst_treatment_wrong",
            "gst_treatment",
        ),
        ({"gst_treatment": "composite"}, "invalid", "gst_treatment"),
        ({"emails": [{"value": "nobody"}]}, "email_wrong", "emails[0].value"),
        ({"phones": [{"value": "+9112"}]}, "phone_wrong", "phones[0].value"),
        ({"name": "a\x00b"}, "invalid", "name"),
        ({"name": " \u00a0 "}, "invalid", "name"),
        ({"notes": "a\x00b"}, "invalid", "notes"),
        (
            {"addresses": [{"address": {**HOME, "state_code": "07"}}]},
            "state_mismatch",
            "addresses[0].address.state_code",
        ),
        (
            {"addresses": [{"address": {**HOME, "postal_code": "5600011"}}]},
            "postal_code_wrong",
            "addresses[0].address.postal_code",
        ),
    ],
)
async def test_a_value_outside_its_rules_is_refused_by_name(
    client: httpx.AsyncClient, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await client.post("/v1/customers", json={**ASHA, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"] == field


async def test_a_pin_in_another_state_is_refused_with_the_state_it_lies_in(
    client: httpx.AsyncClient,
) -> None:
    """AS10: PIN 560001 with state Delhi."""
    wrong = {"addresses": [{"address": {**HOME, "state_code": "07"}}]}
    answer = await client.post("/v1/customers", json={**ASHA, **wrong})
    assert answer.json()["detail"] == ("PIN 560001 lies in Karnataka (29), not in Delhi (07).")
    assert answer.json()["expected"] == [{"state_code": "29", "name": "Karnataka"}]


async def test_two_changes_of_the_same_version_let_one_through(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/customers", json=ASHA)).json()
    path = f"/v1/customers/{made['id']}"
    answers = await asyncio.gather(
        *(
            client.patch(path, json={"notes": note}, headers={"if-match": '"1"'})
            for note in ("one", "two")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = next(answer for answer in answers if answer.status_code == 200)
    assert (await client.get(path)).json() == won.json()
    assert won.json()["version"] == 2


async def test_a_change_leaves_what_it_does_not_name(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/customers", json=ASHA)).json()
    path = f"/v1/customers/{made['id']}"
    answer = await client.patch(path, json={"emails": [{"value": "new@example.com"}]})
    changed = answer.json()
    assert [contact["value"] for contact in changed["emails"]] == ["new@example.com"]
    assert (changed["phones"], changed["name"], changed["number"]) == (
        made["phones"],
        made["name"],
        made["number"],
    )
    cleared = await client.patch(path, json={"gstin": None, "addresses": []})
    assert (cleared.json()["gstin"], cleared.json()["addresses"]) == (None, [])


async def test_a_contact_let_go_brings_orders_to_whoever_shares_it(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    first = (await client.post("/v1/customers", json=ASHA)).json()
    shared = {"name": "Ravi", "phones": ASHA["phones"], "allow_duplicate": True}
    second = (await client.post("/v1/customers", json=shared)).json()
    draft = CustomerDraft(name="?", phone="9845012345")
    async with database.transaction(actor) as tx:
        [before] = await service.find_or_add(tx, [draft], now=now)

    await client.patch(f"/v1/customers/{first['id']}", json={"phones": []})

    async with database.transaction(actor) as tx:
        [after] = await service.find_or_add(tx, [draft], now=now)
    assert [str(before.id), str(after.id)] == [first["id"], second["id"]]


async def test_a_search_finds_by_name_number_phone_and_email(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/customers", json={**ASHA, "company_name": "Kaveri"})).json()
    await client.post("/v1/customers", json={"name": "Ravi Kumar"})
    for text in (
        "ash rao",
        made["number"].lower(),
        "98450 12345",
        "098450",
        "+91 9845",
        "asha-r@ex",
        "kaveri",
    ):
        found = (await client.get("/v1/customers", params={"search": text})).json()["items"]
        assert [customer["id"] for customer in found] == [made["id"]], text
    nothing = await client.get("/v1/customers", params={"search": "100%"})
    assert nothing.json()["items"] == []


async def test_pages_show_everybody_once_in_every_order(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        drafts = [CustomerDraft(name=f"Buyer {n % 3}") for n in range(7)]
        made = await service.find_or_add(tx, drafts, now=now)
    for query in ({"sort": "name"}, {"sort": "-created_at"}, {"search": "buyer"}):
        seen: list[str] = []
        cursor = None
        while True:
            asked = {"limit": "3", **query} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/customers", params=asked)).json()
            seen += [customer["id"] for customer in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == 7
        assert set(seen) == {str(customer.id) for customer in made}


async def test_another_organisations_customer_is_not_there(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    stranger = msgspec.structs.replace(actor, org_id=uuid4())
    async with database.transaction(stranger) as tx:
        [theirs] = await service.find_or_add(tx, [CustomerDraft(name="Asha")], now=now)
    assert (await client.get(f"/v1/customers/{theirs.id}")).status_code == 404
    assert (await client.patch(f"/v1/customers/{theirs.id}", json={})).status_code == 404
    assert (await client.get("/v1/customers")).json()["items"] == []


async def test_without_the_permission_nobody_is_seen(database: Database, actor: Actor) -> None:
    clerk = msgspec.structs.replace(actor, grants=frozenset({"orders.read"}))
    with pytest.raises(Forbidden):
        async with database.transaction(clerk) as tx:
            await service.list_customers(tx, limit=1)
