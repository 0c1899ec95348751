"""Leads: one for each person, however often and by whatever way they come."""

import asyncio
from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest

from tandem.crm.sales.domain.leads import (
    Channel,
    LeadChange,
    LeadDraft,
    LeadExists,
    LeadFilters,
    NewTouch,
)
from tandem.crm.sales.service import leads
from tandem.crm.sales.service.capturing import capture
from tandem.crm.sales.service.merging_leads import merge_leads
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Standing

COUNT = Query("select count(*) from sales.lead where org_id = :org_id")
TOLD = Query("select topic, payload from kernel.event where org_id = :org_id order by seq")


async def take(database: Database, actor: Actor, now: datetime, **given: Any) -> Any:
    async with database.transaction(actor) as tx:
        return await capture(tx, LeadDraft(**given), channel=Channel.FORM, now=now)


async def test_whoever_comes_twice_is_one_lead_with_two_touches(
    database: Database, actor: Actor, now: datetime
) -> None:
    first = await take(
        database, actor, now, name="Meera Nair", email="Meera@Example.com",
        touch=NewTouch(utm_source="google", utm_medium="cpc", referrer="https://google.com/"),
    )  # fmt: skip
    again = await take(
        database, actor, now, name="M. Nair", email=" meera@example.COM", company_name="Nair & Co",
        phone="98450 12345", touch=NewTouch(utm_source="newsletter"),
    )  # fmt: skip
    assert first.is_new and not again.is_new
    lead = again.lead
    assert (lead.id, lead.name, lead.company_name) == (first.lead.id, "Meera Nair", "Nair & Co")
    assert (lead.email, lead.phone, lead.touch_count) == ("meera@example.com", "+919845012345", 2)
    assert lead.first_touch["utm_source"] == "google"
    assert lead.last_touch["utm_source"] == "newsletter"
    by_phone = await take(database, actor, now, phone="+919845012345")
    assert by_phone.lead.id == lead.id
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 1
        marks = [one.utm_source for one in await leads.list_touches(tx, lead.id)]
        told = await tx.records(TOLD)
    assert marks == ["google", "newsletter", ""]
    captured = [row["payload"]["is_new"] for row in told if row["topic"].endswith("captured.v1")]
    assert captured == [True, False, False]
    assert all("meera" not in str(row["payload"]).lower() for row in told)


async def test_a_shared_phone_with_another_e_mail_is_another_person(
    database: Database, actor: Actor, now: datetime
) -> None:
    one = await take(database, actor, now, email="a@example.com", phone="9845012345")
    other = await take(database, actor, now, email="b@example.com", phone="9845012345")
    assert other.is_new and other.lead.id != one.lead.id
    again = await take(database, actor, now, phone="9845012345")
    assert again.lead.id == one.lead.id


async def test_a_new_lead_is_told_of_who_it_may_be_and_kept_all_the_same(
    client: httpx.AsyncClient,
) -> None:
    mail = {"emails": [{"value": "lakshmi@x.in"}]}
    customer = (await client.post("/v1/customers", json={"name": "L. Iyer", **mail})).json()
    first = (await client.post("/v1/leads", json={"name": "Lakshmi Iyer"})).json()
    spelled = (await client.post("/v1/leads", json={"name": "Iyer, Laxmi"})).json()
    draft = {"name": "Smt. Lakshmi IYER", "email": "LAKSHMI@x.in"}
    answer = await client.post("/v1/leads", json=draft)
    assert (first["alike"], answer.status_code) == ([], 201)
    told = [
        (one["thing"], one["id"], one["matched_on"], one["strength"])
        for one in answer.json()["alike"]
    ]
    assert told == [
        ("customer", customer["id"], ["email"], "strong"),
        ("lead", first["id"], ["name"], "likely"),
        ("lead", spelled["id"], ["spelling"], "possible"),
    ]
    again = await client.post("/v1/leads", json=draft)
    assert (again.status_code, again.json()["alike"]) == (200, [])


async def test_forms_of_one_person_sent_at_the_same_moment_make_one_lead(
    database: Database, actor: Actor, now: datetime
) -> None:
    sent = [take(database, actor, now, email="rush@example.com") for _ in range(12)]
    found = await asyncio.gather(*sent)
    assert len({one.lead.id for one in found}) == 1
    assert sum(one.is_new for one in found) == 1
    async with database.transaction(actor) as tx:
        assert (await leads.get_lead(tx, found[0].lead.id)).touch_count == 12


async def test_an_e_mail_that_is_another_leads_is_refused_and_nothing_changes(
    database: Database, actor: Actor, now: datetime
) -> None:
    one = await take(database, actor, now, email="one@example.com")
    await take(database, actor, now, email="two@example.com")
    with pytest.raises(LeadExists):
        async with database.transaction(actor) as tx:
            change = LeadChange(email="two@example.com", name="Other")
            await leads.update_lead(tx, one.lead.id, change, now=now)
    async with database.transaction(actor) as tx:
        kept = await leads.get_lead(tx, one.lead.id)
        assert (kept.email, kept.name, kept.version) == ("one@example.com", "", one.lead.version)
        await leads.update_lead(tx, one.lead.id, LeadChange(email="new@example.com"), now=now)
    free = await take(database, actor, now, email="one@example.com")
    assert free.is_new


async def test_a_rep_finds_counts_and_changes_their_own_leads_only(
    database: Database, actor: Actor, now: datetime
) -> None:
    """A-LED-14 for leads: lists, searches, counts of the board, single records, captures."""
    rina, other = new_id(), new_id()
    mine = await take(database, actor, now, name="Mine Traders", email="m@x.in", owner_id=rina)
    theirs = await take(database, actor, now, name="Their Traders", email="t@x.in", owner_id=other)
    rep = Actor(
        org_id=actor.org_id,
        user_id=rina,
        grants=frozenset({"sales.read", "sales.write"}),
        standing=Standing(
            user_id=rina, narrow=frozenset({("sales.read", "own"), ("sales.write", "own")})
        ),
    )
    async with database.transaction(rep) as tx:
        for words in (None, "Traders", "Their"):
            page = await leads.list_leads(tx, LeadFilters(words=words), limit=10)
            found = [one.id for one in page.items]
            assert found == ([mine.lead.id] if words != "Their" else [])
        assert await leads.count_leads(tx, LeadFilters()) == {mine.lead.status_id: 1}
        for ask in (leads.get_lead, leads.list_touches, leads.timeline, leads.list_notes):
            with pytest.raises(NotFound):
                await ask(tx, theirs.lead.id)
        with pytest.raises(NotFound):
            await leads.update_lead(tx, theirs.lead.id, LeadChange(name="x"), now=now)
        with pytest.raises(NotFound):
            await merge_leads(tx, mine.lead.id, theirs.lead.id, now=now)
    with pytest.raises(LeadExists):
        async with database.transaction(rep) as tx:
            await leads.add_lead(tx, LeadDraft(email="t@x.in", phone="9845011111"), now=now)
    async with database.transaction(actor) as tx:
        kept = await leads.get_lead(tx, theirs.lead.id)
    assert (kept.phone, kept.touch_count, kept.version) == (None, 1, theirs.lead.version)


async def test_a_lead_over_http_from_new_to_lost_to_new_again(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/leads", json={"name": "Asha Rao", "phone": "98450 77777"})
    lead = answer.json()
    assert (answer.status_code, lead["phone"], lead["status_name"]) == (201, "+919845077777", "New")
    assert answer.headers["etag"] == f'"{lead["version"]}"'
    path = f"/v1/leads/{lead['id']}"
    statuses = {one["name"]: one["id"] for one in (await client.get("/v1/lead-statuses")).json()}
    assert list(statuses) == ["New", "Contacted", "Nurturing", "Qualified", "Converted", "Lost"]
    for body, code, field in (
        ({"status_id": statuses["Converted"]}, "invalid", "status_id"),
        ({"email": "not one"}, "email_wrong", "email"),
        ({"name": "", "phone": None}, "invalid", "name"),
        ({"owner_id": str(new_id())}, "invalid", "owner_id"),
        ({"custom": {"shoe": 4}}, "custom_field_wrong", "custom.shoe"),
    ):
        refused = await client.patch(path, json=body)
        assert refused.status_code == 422, refused.text
        assert (refused.json()["code"], refused.json()["field"]) == (code, field)
    stale = await client.patch(path, json={"city": "Pune"}, headers={"if-match": '"99"'})
    assert stale.status_code == 412
    assert (await client.get(path)).json()["version"] == lead["version"]
    lost = await client.patch(path, json={"status_id": statuses["Lost"], "lost_reason": "No money"})
    assert (lost.json()["kind"], lost.json()["lost_reason"]) == ("lost", "No money")
    again = await client.post("/v1/leads", json={"phone": "9845077777", "city": "Pune"})
    back = again.json()
    assert (again.status_code, back["id"], back["kind"]) == (200, lead["id"], "open")
    assert (back["lost_reason"], back["city"], back["touch_count"]) == ("", "Pune", 2)
    topics = [one["topic"] for one in (await client.get(f"{path}/timeline")).json()]
    assert topics == [
        "sales.lead_captured.v1",
        "sales.lead_moved.v1",
        "sales.lead_changed.v1",
        "sales.lead_moved.v1",
        "sales.lead_captured.v1",
    ]


async def test_own_fields_stand_on_leads_as_on_customers(client: httpx.AsyncClient) -> None:
    for field in (
        {"key": "seats", "kind": "number", "label": "Seats", "target": "lead"},
        {"key": "vat", "kind": "text", "label": "VAT", "target": "lead", "is_unique": True},
    ):
        assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
    body = {"email": "a@x.in", "custom": {"seats": 12, "vat": "V1"}}
    lead = (await client.post("/v1/leads", json=body)).json()
    assert lead["custom"] == {"seats": 12, "vat": "V1"}
    path = f"/v1/leads/{lead['id']}"
    changed = (await client.patch(path, json={"custom": {"seats": 40, "vat": None}})).json()
    assert changed["custom"] == {"seats": 40}
    other = {"email": "b@x.in", "custom": {"vat": "V1"}}
    assert (await client.post("/v1/leads", json=other)).status_code == 201
    taken = await client.patch(path, json={"custom": {"vat": "V1"}})
    assert (taken.status_code, taken.json()["code"]) == (409, "custom_field_taken")
    wrong = await client.patch(path, json={"custom": {"seats": "many"}})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "custom.seats")


async def test_merged_leads_are_one_person_with_all_touches(client: httpx.AsyncClient) -> None:
    one = (await client.post("/v1/leads", json={"name": "A", "email": "a@x.in"})).json()
    two = {"name": "A. Rao", "email": "rao@x.in", "phone": "9845022222", "tags": ["fair"]}
    other = (await client.post("/v1/leads", json=two)).json()
    await client.post(f"/v1/leads/{other['id']}/notes", json={"text": "Met at the fair"})
    body = {"survivor_id": one["id"], "loser_id": other["id"]}
    merged = await client.post("/v1/lead-merges", json=body)
    lead = merged.json()
    assert (merged.status_code, lead["name"], lead["email"]) == (201, "A", "a@x.in")
    assert (lead["phone"], lead["touch_count"], lead["tags"]) == ("+919845022222", 2, ["fair"])
    notes = (await client.get(f"/v1/leads/{lead['id']}/notes")).json()
    assert [note["text"] for note in notes] == ["Met at the fair"]
    gone = await client.get(f"/v1/leads/{other['id']}")
    assert (gone.status_code, gone.json()["merged_into_id"]) == (410, lead["id"])
    again = await client.post("/v1/leads", json={"email": "RAO@x.in"})
    assert (again.status_code, again.json()["id"]) == (200, lead["id"])
    listed = (await client.get("/v1/leads")).json()["items"]
    assert [each["id"] for each in listed] == [lead["id"]]


async def test_statuses_are_the_companys_own_and_none_goes_that_leads_stand_in(
    client: httpx.AsyncClient,
) -> None:
    lead = (await client.post("/v1/leads", json={"name": "A"})).json()
    before = (await client.get("/v1/lead-statuses")).json()
    kept = [{name: one[name] for name in ("id", "name", "kind", "colour")} for one in before]
    kept[1]["name"], kept[2]["name"] = kept[2]["name"], kept[1]["name"]
    renamed = await client.put("/v1/lead-statuses", json={"statuses": kept})
    assert [one["name"] for one in renamed.json()][1:3] == ["Nurturing", "Contacted"]
    for statuses, code in (
        (kept[1:], "status_in_use"),
        (kept[:-1], "invalid"),
        ([*kept, {"name": "new"}], "invalid"),
        ([{**kept[0], "kind": "lost"}, *kept[1:]], "invalid"),
    ):
        refused = await client.put("/v1/lead-statuses", json={"statuses": statuses})
        assert refused.json()["code"] == code, refused.text
    assert (await client.get("/v1/lead-statuses")).json() == renamed.json()
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["status_name"] == "New"


async def test_pages_of_leads_by_score_and_age_hold_each_once(client: httpx.AsyncClient) -> None:
    made = [(await client.post("/v1/leads", json={"name": f"N{n}"})).json()["id"] for n in range(5)]
    for sort in ("newest", "score"):
        seen, cursor = [], None
        while True:
            asked = {"limit": 2, "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/leads", params=asked)).json()
            seen += [one["id"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert seen == made[::-1]
