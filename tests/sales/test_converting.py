"""Leads converted: once whatever happens, and linked to who is known."""

import asyncio
import signal
import sys
from datetime import datetime
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.crm.sales.domain.converting import Wish
from tandem.flows import convert_lead
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.databases import as_app
from tests.sales.converting import ONE, Desk, a_lead, counts
from tests.sales.dying import Injected, faulty


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
