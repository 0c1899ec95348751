"""A customer who is merged, erased or asks for their data: their leads go with them."""

from datetime import datetime
from typing import Any

import httpx2 as httpx

from tandem.crm.customers import service as customers
from tandem.flows import erase
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query

WORDS = Query(
    """
    select (select string_agg(l::text, ' ') from sales.lead l where l.org_id = :org_id)
        || coalesce((select string_agg(n::text, ' ') from sales.lead_note n
                      where n.org_id = :org_id), '')
        || coalesce((select string_agg(t::text, ' ') from sales.lead_touch t
                      where t.org_id = :org_id), '')
        || coalesce((select string_agg(k::text, ' ') from sales.lead_key k
                      where k.org_id = :org_id), '')
    """
)


async def person(client: httpx.AsyncClient, name: str, email: str) -> dict[str, Any]:
    body = {"name": name, "emails": [{"value": email}]}
    made: dict[str, Any] = (await client.post("/v1/customers", json=body)).json()
    return made


async def test_leads_follow_a_merged_customer_and_come_back_when_it_is_undone(
    client: httpx.AsyncClient, database: Database
) -> None:
    one = await person(client, "Meera", "meera@x.in")
    other = await person(client, "Meera N", "nair@x.in")
    lead = (await client.post("/v1/leads", json={"email": "nair@x.in"})).json()
    await outbox.drain(database)
    path = f"/v1/leads/{lead['id']}"
    assert (await client.get(path)).json()["customer_id"] == other["id"]
    body = {"survivor_id": one["id"], "loser_id": other["id"]}
    merged = await client.post("/v1/customer-merges", json=body)
    assert merged.status_code == 201, merged.text
    assert (await client.get(path)).json()["customer_id"] == one["id"]
    undone = await client.post(f"/v1/customer-merges/{merged.json()['id']}/undo")
    assert undone.status_code in (200, 201), undone.text
    assert (await client.get(path)).json()["customer_id"] == other["id"]


async def test_an_erased_person_leaves_no_word_in_leads_and_may_come_again(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    field = {"key": "shoe", "kind": "text", "label": "Shoe", "target": "lead"}
    assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
    meera = await person(client, "Meera", "meera@kestrel.in")
    body = {
        "name": "Meera Kestrel", "email": "meera@kestrel.in", "custom": {"shoe": "kestrel 38"},
        "touch": {"referrer": "https://kestrel.in/me", "utm_campaign": "diwali"},
    }  # fmt: skip
    lead = (await client.post("/v1/leads", json=body)).json()
    await client.post(f"/v1/leads/{lead['id']}/notes", json={"text": "Kestrel likes tea"})
    await outbox.drain(database)
    shown = (await client.get(f"/v1/customers/{meera['id']}/personal-data")).json()["leads"]
    assert [(one["name"], one["custom"]) for one in shown] == [
        ("Meera Kestrel", {"shoe": "kestrel 38"})
    ]
    assert [one["text"] for one in shown[0]["notes"]] == ["Kestrel likes tea"]
    asked = await client.post(f"/v1/customers/{meera['id']}/erasure", json={"is_urgent": True})
    assert asked.status_code == 201, asked.text
    async with database.transaction(actor) as tx:
        (due,) = await customers.due_erasures(tx, database.clock.now())
        done = await erase.carry_out(tx, due, now=database.clock.now())
    assert done.certificate is not None and done.certificate["services"]["leads"]["erased"] == 1
    async with database.transaction(actor) as tx:
        left = (await tx.value(WORDS)).lower()
    assert "kestrel" not in left and "meera" not in left and "diwali" in left
    assert (await client.get("/v1/leads")).json()["items"] == []
    again = await client.post("/v1/leads", json={"email": "meera@kestrel.in"})
    assert again.status_code == 201
