"""Leads converted: once whatever happens, linked to who is known, and undone."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.crm.sales.domain.converting import TheirsAlready, Wish
from tandem.crm.sales.domain.leads import LeadDraft
from tandem.crm.sales.service import leads
from tandem.flows import convert_lead, erase
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Standing
from tests.databases import as_app
from tests.sales.dying import Injected, faulty

COUNTS = Query(
    """
    select (select count(*) from customers.customer where org_id = :org_id) as customers,
           (select count(*) from customers.account where org_id = :org_id) as accounts,
           (select count(*) from customers.account_contact where org_id = :org_id) as memberships,
           (select count(*) from customers.note where org_id = :org_id) as notes,
           (select count(*) from sales.opportunity where org_id = :org_id) as deals,
           (select count(*) from sales.stage_change where org_id = :org_id) as changes,
           (select count(*) from sales.conversion where org_id = :org_id) as conversions,
           (select count(*) from sales.lead
             where org_id = :org_id and kind = 'converted') as converted,
           (select count(*) from kernel.event
             where org_id = :org_id and topic = 'sales.lead_converted.v1') as told,
           (select count(*) from kernel.event where org_id = :org_id) as events
    """
)
LEFT = Query(
    """
    select title || outcome as text from customers.task where org_id = :org_id
    union all
    select refs::text || undone::text || alike::text from sales.conversion
     where org_id = :org_id
    """
)
RAVI: dict[str, Any] = {
    "name": "Ravi Kumar",
    "company_name": "Kumar Cold Stores",
    "email": "Ravi@Kumar-Cold.test",
    "phone": "98450 12345",
    "job_title": "Owner",
    "source": "trade fair",
}
ONE = {"customers": 1, "accounts": 1, "memberships": 1, "deals": 1, "changes": 1,
       "conversions": 1, "converted": 1, "told": 1}  # fmt: skip


async def counts(database: Database, actor: Actor) -> dict[str, int]:
    async with database.transaction(actor) as tx:
        return dict((await tx.records(COUNTS))[0])


async def a_lead(tx: Tx, now: datetime, **given: Any) -> UUID:
    draft = LeadDraft(**(RAVI | given))
    lead = (await leads.add_lead(tx, draft, now=now)).lead
    await leads.add_note(tx, lead.id, "Wants a quote by Friday", now=now)
    return lead.id


@pytest.fixture
async def lead_id(database: Database, actor: Actor, now: datetime) -> UUID:
    async with database.transaction(actor) as tx:
        return await a_lead(tx, now)


class Desk:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, path: str, /, **body: Any) -> httpx.Response:
        return await self.client.post(path, json=body)

    async def made(self, path: str, /, **body: Any) -> dict[str, Any]:
        answer = await self.post(path, **body)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def lead(self, **given: Any) -> dict[str, Any]:
        found = await self.made("/v1/leads", **(RAVI | given))
        lead: dict[str, Any] = found.get("lead", found)
        return lead

    async def read(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def convert(self, lead: Mapping[str, Any], **wish: Any) -> dict[str, Any]:
        return await self.made(f"/v1/leads/{lead['id']}/conversion", **wish)

    async def undo(self, conversion: Mapping[str, Any]) -> dict[str, Any]:
        return await self.made(f"/v1/conversions/{conversion['id']}/undo")


@pytest.fixture
def desk(client: httpx.AsyncClient) -> Desk:
    return Desk(client)


def said(undone: list[dict[str, Any]]) -> dict[str, str]:
    return {one["thing"]: one["reason"] or "gone" for one in undone}


async def test_a_lead_becomes_a_customer_an_account_and_an_opportunity_linked_both_ways(
    desk: Desk, database: Database, actor: Actor
) -> None:
    for target in ("lead", "customer", "account"):
        field = {"target": target, "key": "fleet", "kind": "number", "label": "Fleet"}
        await desk.made("/v1/custom-fields", **field)
    other = {"target": "lead", "key": "size", "kind": "number", "label": "Size"}
    await desk.made("/v1/custom-fields", **other)
    await desk.made("/v1/custom-fields", **(other | {"target": "customer", "kind": "text"}))
    lead = await desk.lead(custom={"fleet": 12, "size": 4})
    await desk.made(f"/v1/leads/{lead['id']}/notes", text="Wants a quote by Friday")
    done = await desk.convert(lead, title="Cold store", amount_minor=5_000_00)
    customer = await desk.read(f"/v1/customers/{done['customer_id']}")
    account = await desk.read(f"/v1/accounts/{done['account_id']}")
    deal = await desk.read(f"/v1/opportunities/{done['opportunity_id']}")
    after = await desk.read(f"/v1/leads/{lead['id']}")
    assert [one["value"] for one in customer["emails"]] == ["ravi@kumar-cold.test"]
    assert [one["value"] for one in customer["phones"]] == ["+919845012345"]
    # `size` is a number of leads and a text of customers: another kind is not copied.
    assert (customer["name"], customer["custom"]) == ("Ravi Kumar", {"fleet": 12})
    assert (account["name"], account["domain"]) == ("Kumar Cold Stores", "kumar-cold.test")
    assert account["custom"] == {"fleet": 12}
    assert (deal["title"], deal["amount_minor"], deal["source"]) == (
        "Cold store",
        5_000_00,
        "trade fair",
    )
    assert deal["customer_id"] == customer["id"]
    (member,) = await desk.read(f"/v1/accounts/{account['id']}/contacts")
    assert (member["customer_id"], member["role"], member["is_primary"]) == (
        customer["id"],
        "Owner",
        True,
    )
    notes = await desk.read(f"/v1/customers/{customer['id']}/notes")
    assert [one["text"] for one in notes] == ["Wants a quote by Friday"]
    linked = ("customer_id", "account_id", "opportunity_id", "conversion_id", "kind")
    assert [after[name] for name in linked] == [
        customer["id"], account["id"], deal["id"], done["id"], "converted",
    ]  # fmt: skip
    assert [(ref["thing"], ref["what"]) for ref in done["refs"]] == [
        ("customer", "created"), ("account", "created"), ("membership", "created"),
        ("note", "created"), ("opportunity", "created"),
    ]  # fmt: skip
    assert done == await desk.read(f"/v1/conversions/{done['id']}")


async def test_a_fault_after_any_write_leaves_nothing_of_a_conversion(
    database: Database, actor: Actor, lead_id: UUID, now: datetime
) -> None:
    """A-LED-1: a fault after each write in turn; then it is done after all, once."""
    before = await counts(database, actor)
    faults = 0
    for allowed in range(1, 100):
        try:
            async with database.transaction(actor) as tx:
                await convert_lead.convert(faulty(tx, allowed), lead_id, Wish(), now=now)
            break
        except Injected:
            faults += 1
            assert await counts(database, actor) == before, f"after write {allowed}"
    after = await counts(database, actor)
    assert faults >= 15
    assert {name: after[name] for name in ONE} == ONE


async def test_a_process_killed_on_the_way_leaves_nothing_of_a_conversion(
    database: Database, actor: Actor, lead_id: UUID, now: datetime, owner_dsn: str
) -> None:
    """A-LED-1: SIGKILL in the middle, and with everything written but not committed."""
    before = await counts(database, actor)
    dying = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.sales.dying",
            as_app(owner_dsn), str(actor.org_id), str(lead_id), str(allowed),
        )
        for allowed in (7, 1000)
    ]  # fmt: skip
    # The second waits for the lead that the first held until it died.
    ends = await asyncio.gather(*(one.wait() for one in dying))
    assert ends == [-signal.SIGKILL, -signal.SIGKILL]
    assert await counts(database, actor) == before
    async with database.transaction(actor) as tx:
        await convert_lead.convert(tx, lead_id, Wish(), now=now)
    after = await counts(database, actor)
    assert {name: after[name] for name in ONE} == ONE


@pytest.mark.parametrize("key", ["none", "header", "id"])
async def test_fifty_conversions_of_one_lead_at_once_make_one(
    client: httpx.AsyncClient, database: Database, actor: Actor, lead_id: UUID, key: str
) -> None:
    """A-LED-1: others get the same result with the same key, or 409 without one."""
    header = {"idempotency-key": "convert once"} if key == "header" else {}
    body = {"id": str(new_id())} if key == "id" else {}
    path = f"/v1/leads/{lead_id}/conversion"
    answers = await asyncio.gather(
        *(client.post(path, json=body, headers=header) for _ in range(50))
    )
    good = [answer.json() for answer in answers if answer.status_code == 201]
    bad = [answer for answer in answers if answer.status_code != 201]
    assert len(good) == (1 if key == "none" else 50)
    assert all(one == good[0] for one in good)
    assert {(one.status_code, one.json()["code"]) for one in bad} <= {(409, "lead_converted")}
    assert {one.json()["conversion_id"] for one in bad} <= {good[0]["id"]}
    after = await counts(database, actor)
    assert {name: after[name] for name in ONE} == ONE


async def test_who_is_known_by_e_mail_is_linked_and_keeps_what_is_filled_in(desk: Desk) -> None:
    """A-LED-2: the e-mail in other letters, another name and phone; and a second who has that
    phone."""
    known = await desk.made(
        "/v1/customers", name="R. Kumar", emails=[{"value": "ravi@kumar-cold.test"}],
        phones=[{"value": "+919000000001"}],
    )  # fmt: skip
    namesake = await desk.made(
        "/v1/customers", name="Kumar Junior", phones=[{"value": "+919845012345"}]
    )
    firm = await desk.made("/v1/accounts", name="KUMAR COLD STORES", domain="kumar.test")
    lead = await desk.lead()
    outlook = await desk.made(f"/v1/leads/{lead['id']}/conversion/preview")
    done = await desk.convert(lead)
    after = await desk.read(f"/v1/customers/{known['id']}")
    assert outlook["customer"]["id"] == done["customer_id"] == known["id"]
    assert outlook["account"]["id"] == done["account_id"] == firm["id"]
    assert outlook["alike"] == done["alike"]
    assert (after["name"], after["company_name"]) == ("R. Kumar", "Kumar Cold Stores")
    assert [one["value"] for one in after["phones"]] == ["+919000000001"]
    customer, account = done["refs"][:2]
    assert (customer["what"], customer["fields"]) == (
        "filled",
        {"company_name": "Kumar Cold Stores"},
    )
    assert (account["what"], account["label"]) == ("linked", "KUMAR COLD STORES")
    assert [(one["id"], one["matched_on"]) for one in done["alike"]] == [
        (namesake["id"], ["phone"])
    ]
    assert len((await desk.read("/v1/customers"))["items"]) == 2


async def test_the_customers_timeline_tells_once_that_they_were_a_lead(
    desk: Desk, database: Database
) -> None:
    lead = await desk.lead()
    done = await desk.convert(lead)
    await outbox.drain(database)
    lines = (await desk.read(f"/v1/customers/{done['customer_id']}/timeline"))["items"]
    told = [one["facts"]["lead_id"] for one in lines if one["kind"] == "lead_converted"]
    assert told == [lead["id"]]


async def test_two_leads_of_one_company_converted_at_once_share_its_account(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        both = [
            await a_lead(tx, now, email=f"{who}@kumar-cold.test", phone="", name=who)
            for who in ("ravi", "mira")
        ]

    async def convert(lead_id: UUID) -> UUID | None:
        async with database.transaction(actor) as tx:
            return (await convert_lead.convert(tx, lead_id, Wish(), now=now)).account_id

    first, second = await asyncio.gather(*(convert(one) for one in both))
    assert first == second
    assert (await counts(database, actor))["accounts"] == 1


async def test_undoing_takes_away_what_was_made_and_brings_the_lead_back(
    desk: Desk, database: Database, actor: Actor
) -> None:
    """A-LED-15, nobody touched anything since."""
    lead = await desk.lead()
    await desk.made(f"/v1/leads/{lead['id']}/qualification")
    before = await desk.read(f"/v1/leads/{lead['id']}")
    done = await desk.convert(lead)
    await outbox.drain(database)
    undone = await desk.undo(done)
    after = await desk.read(f"/v1/leads/{lead['id']}")
    assert {one["is_removed"] for one in undone["undone"]} == {True}
    assert set(said(undone["undone"])) == {"opportunity", "membership", "customer", "account"}
    moved = {"version", "updated_at"}
    assert {name: value for name, value in after.items() if name not in moved} == {
        name: value for name, value in before.items() if name not in moved
    }
    rows = await counts(database, actor)
    gone = ("customers", "accounts", "memberships", "notes", "deals", "changes", "converted")
    assert [rows[name] for name in gone] == [0] * 7
    twice = await desk.post(f"/v1/conversions/{done['id']}/undo")
    assert (twice.status_code, twice.json()["code"]) == (409, "conversion_undone")
    again = await desk.convert(lead)
    assert again["id"] != done["id"]
    history = await desk.read(f"/v1/leads/{lead['id']}/conversions")
    assert [bool(one["undone_at"]) for one in history] == [False, True]


@pytest.mark.parametrize(
    ("edit", "kept"),
    [
        (
            "deal",
            {
                "opportunity": "it was changed since",
                "customer": "its deal is kept",
                "account": "its deal is kept",
                "membership": "both sides of it are kept",
            },
        ),
        ("customer", {"customer": "it was changed since"}),
        ("note", {"customer": "it has notes by now"}),
        ("account", {"account": "it was changed since"}),
    ],
)
async def test_what_was_changed_since_stays_and_says_why(
    desk: Desk, edit: str, kept: dict[str, str]
) -> None:
    """A-LED-15, with later edits."""
    lead = await desk.lead()
    done = await desk.convert(lead)
    edits = {
        "deal": ("patch", f"/v1/opportunities/{done['opportunity_id']}", {"next_step": "Call"}),
        "customer": ("patch", f"/v1/customers/{done['customer_id']}", {"notes": "Likes tea"}),
        "note": ("post", f"/v1/customers/{done['customer_id']}/notes", {"text": "Likes tea"}),
        "account": ("patch", f"/v1/accounts/{done['account_id']}", {"industry": "Food"}),
    }
    how, path, body = edits[edit]
    changed = await desk.client.request(how.upper(), path, json=body)
    assert changed.status_code in (200, 201), changed.text
    undone = await desk.undo(done)
    assert {
        thing: reason for thing, reason in said(undone["undone"]).items() if reason != "gone"
    } == kept
    places = {"opportunity": "opportunities", "customer": "customers", "account": "accounts"}
    for thing, where in places.items():
        answer = await desk.client.get(f"/v1/{where}/{done[f'{thing}_id']}")
        assert answer.status_code == (200 if thing in kept else 404), thing
    after = await desk.read(f"/v1/leads/{lead['id']}")
    assert (after["kind"], after["customer_id"], after["conversion_id"]) == ("open", None, None)


async def test_what_is_still_to_be_done_goes_along_and_comes_back(desk: Desk) -> None:
    lead = await desk.lead()
    beside = {"subject_kind": "lead", "subject_id": lead["id"]}
    call = await desk.made("/v1/tasks", title="Call", **beside)
    await desk.made("/v1/tasks", title="Called", kind="call", is_done=True, **beside)
    first = await desk.convert(lead)
    at = f"/v1/tasks?subject_kind=opportunity&subject_id={first['opportunity_id']}"
    assert [line["task"]["id"] for line in await desk.read(at)] == [call["id"]]
    await desk.undo(first)
    lines = await desk.read(f"/v1/tasks?subject_kind=lead&subject_id={lead['id']}")
    assert [line["task"]["title"] for line in lines] == ["Call", "Called"]
    second = await desk.convert(lead)
    beside = {"subject_kind": "opportunity", "subject_id": second["opportunity_id"]}
    await desk.made("/v1/tasks", title="Send the quote", **beside)
    undone = await desk.undo(second)
    assert said(undone["undone"])["opportunity"] == "it has tasks by now"


async def test_undoing_empties_what_was_filled_unless_it_says_something_else(desk: Desk) -> None:
    known = await desk.made(
        "/v1/customers", name="R. Kumar", emails=[{"value": "ravi@kumar-cold.test"}]
    )
    done = await desk.convert(await desk.lead(), has_account=False)
    path = f"/v1/customers/{known['id']}"
    changed = await desk.client.patch(path, json={"company_name": "Kumar & Sons"})
    assert changed.status_code == 200
    undone = await desk.undo(done)
    after = await desk.read(path)
    assert (after["company_name"], after["phones"]) == ("Kumar & Sons", [])
    assert [
        (one["label"], one["is_removed"]) for one in undone["undone"] if one["thing"] == "customer"
    ] == [("phone", True), ("company_name", False)]


async def test_the_gate_names_what_is_missing_and_nothing_is_made(
    desk: Desk, database: Database, actor: Actor
) -> None:
    statuses = await desk.read("/v1/lead-statuses")
    qualified = next(one for one in statuses if one["kind"] == "qualified")
    needs = {"required_fields": ["city"], "steps": [{"text": "Budget known"}]}
    path = f"/v1/lead-statuses/{qualified['id']}/needs"
    wrong = await desk.client.put(path, json={"required_fields": ["moon"]})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "required_fields")
    step = (await desk.client.put(path, json=needs)).json()["steps"][0]
    lead = await desk.lead()
    before = await counts(database, actor)
    at = f"/v1/leads/{lead['id']}"
    tries = [
        await desk.post(f"{at}/conversion"),
        await desk.post(f"{at}/qualification"),
        await desk.client.patch(at, json={"status_id": qualified["id"]}),
    ]
    assert {(one.status_code, one.json()["field"]) for one in tries} == {(422, "city")}
    assert await counts(database, actor) == before
    assert (await desk.client.patch(at, json={"city": "Pune"})).status_code == 200
    blocked = await desk.post(f"{at}/qualification")
    assert (blocked.status_code, blocked.json()["field"]) == (422, "steps")
    ticked = await desk.client.put(f"{at}/checklists", json={"step_ids": [step["id"]]})
    assert ticked.json()[0]["missing"] == []
    assert (await desk.made(f"{at}/qualification"))["kind"] == "qualified"
    assert (await desk.convert(lead))["lead_id"] == lead["id"]


async def test_a_lead_is_given_up_with_a_reason_and_taken_up_again(desk: Desk) -> None:
    lead = await desk.lead()
    at = f"/v1/leads/{lead['id']}"
    nothing = await desk.post(f"{at}/disqualification", reason="  ")
    assert (nothing.status_code, nothing.json()["field"]) == (422, "reason")
    lost = await desk.made(f"{at}/disqualification", reason="No budget")
    assert (lost["kind"], lost["lost_reason"]) == ("lost", "No budget")
    late = await desk.post(f"{at}/conversion")
    assert (late.status_code, late.json()["code"]) == (409, "lead_settled")
    back = await desk.made(f"{at}/recycling")
    assert (back["kind"], back["lost_reason"]) == ("open", "")
    again = await desk.post(f"{at}/recycling")
    assert (again.status_code, again.json()["code"]) == (409, "lead_not_recyclable")


async def test_nobody_converts_into_a_colleagues_customer(
    desk: Desk, database: Database, actor: Actor, now: datetime
) -> None:
    mine = frozenset({"sales.read", "sales.write", "customers.read", "customers.write"})
    asha = new_id()
    standing = Standing(user_id=asha, narrow=frozenset((one, "own") for one in mine))
    rep = Actor(org_id=actor.org_id, user_id=asha, grants=mine, standing=standing)
    await desk.made("/v1/customers", name="R. Kumar", emails=[{"value": "ravi@kumar-cold.test"}])
    async with database.transaction(rep) as tx:
        lead_id = await a_lead(tx, now, owner_id=asha)
        outlook = await convert_lead.preview(tx, lead_id, Wish())
        with pytest.raises(TheirsAlready):
            await convert_lead.convert(tx, lead_id, Wish(), now=now)
    assert outlook.missing.startswith("A colleague looks after them")


async def test_erasing_somebody_leaves_no_name_in_conversions_and_no_task(
    desk: Desk, database: Database, actor: Actor
) -> None:
    lead = await desk.lead()
    beside = {"subject_kind": "lead", "subject_id": lead["id"]}
    await desk.made("/v1/tasks", title="Called Ravi", kind="call", is_done=True, **beside)
    done = await desk.convert(lead)
    beside = {"subject_kind": "opportunity", "subject_id": done["opportunity_id"]}
    await desk.made("/v1/tasks", title="Call Ravi again", **beside)
    person = f"/v1/customers/{done['customer_id']}"
    known = await desk.read(f"{person}/personal-data")
    assert {one["title"] for one in known["tasks"]} == {"Called Ravi", "Call Ravi again"}
    assert [one["id"] for one in known["conversions"]] == [done["id"]]
    erasure = await desk.made(f"{person}/erasure")
    async with database.transaction(actor) as tx:
        await erase.carry_out(tx, UUID(erasure["id"]), now=tx.started_at)
        rows = await tx.records(LEFT)
    assert [row["text"] for row in rows if "Ravi" in row["text"]] == []
