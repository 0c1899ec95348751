"""Customers' pages by their forms: what a person fills in ends up where it belongs."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.contracts.orders import OrderPlaced
from tandem.crm.customers import handlers, service
from tandem.crm.customers.domain import NewCustomer
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.events import subscription
from tandem.kernel.ids import new_id
from tandem.kernel.rules import Moment


@pytest.fixture
async def asha(database: Database, actor: Actor, now: datetime) -> str:
    async with database.transaction(actor) as tx:
        made = await service.add_customer(tx, NewCustomer(name="Asha Rao"), now=now)
    return f"/customers/{made.id}"


async def read(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


async def send(client: httpx.AsyncClient, path: str, **form: Any) -> httpx.Response:
    return await client.post(path, data=form)


async def test_notes_tasks_files_and_tags_are_kept_from_the_customers_page(
    client: httpx.AsyncClient, asha: str
) -> None:
    await send(client, f"{asha}/notes", text="Rings <twice>", is_pinned="true")
    await send(client, f"{asha}/tasks", title="Call back", due_on="2026-12-01")
    await send(client, f"{asha}/tags", tags="VIP, b2b, vip")
    await client.post(
        f"{asha}/files", files={"file": ("contract.pdf", b"%PDF-1.4", "application/pdf")}
    )
    shown = await read(client, asha)
    for text in ("Rings &lt;twice&gt;", "Call back", ">VIP<", ">b2b<", "contract.pdf", "Pinned"):
        assert text in shown
    task = (await client.get(f"/v1{asha}/tasks")).json()[0]
    await send(client, f"{asha}/tasks/{task['id']}/completion", is_done="true")
    assert "<s>Call back</s>" in await read(client, asha)


async def test_own_fields_are_defined_in_settings_and_filled_in_the_form(
    client: httpx.AsyncClient, asha: str
) -> None:
    bad = await send(client, "/settings/fields", label="Size", key="Size!", kind="text")
    assert (bad.status_code, "Small letters" in bad.text) == (422, True)
    await send(
        client, "/settings/fields", target="customer", label="Size", key="size", kind="choice",
        options="S\nM",
    )  # fmt: skip
    assert 'name="custom_size"' in await read(client, f"{asha}/edit")
    await send(client, f"{asha}/edit", name="Asha Rao", version="1", custom_size="M")
    assert "<dt>Size</dt><dd>M</dd>" in (await read(client, asha)).replace("\n", "")
    wrong = await send(client, f"{asha}/edit", name="Asha Rao", version="2", custom_size="XL")
    assert (wrong.status_code, "Size must be one of: S, M." in wrong.text) == (422, True)


async def test_an_account_is_added_found_and_given_people(
    client: httpx.AsyncClient, asha: str
) -> None:
    added = await send(client, "/accounts", name="Acme", domain="acme.in", industry="Food")
    at = added.headers["location"]
    again = await send(client, "/accounts", name="ACME", domain="")
    assert (again.status_code, "known already" in again.text) == (409, True)
    found = await read(client, f"{at}?person=Asha")
    customer_id = asha.rpartition("/")[2]
    assert f'value="{customer_id}"' in found
    await send(client, f"{at}/contacts", customer_id=customer_id, role="Buyer", is_primary="true")
    assert "Buyer" in await read(client, at)
    assert "Acme" in await read(client, asha)
    assert "acme.in" in await read(client, "/accounts?q=acme.in")


async def test_a_segment_is_built_counted_saved_and_explained(
    client: httpx.AsyncClient, database: Database, actor: Actor, asha: str, now: datetime
) -> None:
    customer_id = UUID(asha.rpartition("/")[2])
    placed = OrderPlaced(
        order_id=new_id(), number="SO-7", customer_id=customer_id, payment_method="cod",
        currency="INR", total_minor=5000, promised_on=None, expires_at=None,
    )  # fmt: skip
    told = subscription(placed.topic, handlers.TIMELINE)
    assert told
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await told.handle(tx, placed, now)
    rows = {
        "name": "Buyers", "kind": "dynamic", "match": "all",
        "word_0": "event:order_placed", "op_0": "gte", "value_0": "1", "within_0": "",
        "word_1": "field:name", "op_1": "contains", "value_1": "asha",
    }  # fmt: skip
    draft = await send(client, "/segments/draft", **rows)
    assert (
        "<b>1 person</b> now: (placed an order at least once and Name contains asha)" in draft.text
    )
    saved = await send(client, "/segments", **rows)
    at = saved.headers["location"]
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await service.refresh_segment(tx, UUID(at.rpartition("/")[2]), Moment(now=now))
    assert "Asha Rao" in await read(client, at)
    why = await read(client, f"{at}?who={customer_id}")
    assert "Why is Asha Rao in?" in why
    assert 'value="asha"' in await read(client, f"{at}/edit")
    assert "Order placed SO-7" in await read(client, asha)
    assert "Order placed SO-7" not in await read(client, f"{asha}?only=payments")
    wrong = await send(client, "/segments", **rows | {"value_0": "many"})
    assert (wrong.status_code, "Give a whole number." in wrong.text) == (422, True)


async def test_a_list_is_kept_by_hand(client: httpx.AsyncClient, asha: str) -> None:
    saved = await send(client, "/segments", name="Fair", kind="static")
    at = saved.headers["location"]
    number = (await client.get(f"/v1{asha}")).json()["number"]
    await send(client, f"{at}/members", person=number)
    assert "Asha Rao" in await read(client, at)
    await send(client, f"{at}/members/{asha.rpartition('/')[2]}/removal")
    assert "Nobody is in it" in await read(client, at)


async def test_two_are_compared_merged_and_parted_again(client: httpx.AsyncClient) -> None:
    ids = []
    for name in ("Asha Rao", "A. Rao"):
        new = {"name": name, "emails": [{"value": "asha@a.in"}], "allow_duplicate": True}
        ids.append((await client.post("/v1/customers", json=new)).json()["id"])
    pairs = await read(client, "/customers/duplicates")
    assert f"/customers/{ids[0]}/merge?with={ids[1]}" in pairs
    assert "A. Rao" in await read(client, f"/customers/{ids[0]}/merge?person=A.%20Rao")
    assert "asha@a.in" in await read(client, f"/customers/{ids[0]}/merge?with={ids[1]}")
    await send(client, f"/customers/{ids[0]}/merge", **{"with": ids[1]})
    assert (await client.get(f"/customers/{ids[1]}")).status_code == 410
    shown = await read(client, f"/customers/{ids[0]}")
    undo = shown.partition(f"/customers/{ids[0]}/merge/")[2].partition('"')[0]
    await send(client, f"/customers/{ids[0]}/merge/{undo}")
    assert "A. Rao" in await read(client, f"/customers/{ids[1]}")
    await send(client, "/customers/duplicates/dismissal", one=ids[0], other=ids[1])
    assert "No duplicates" in await read(client, "/customers/duplicates")


async def test_consent_is_recorded_and_a_person_erased_from_their_page(
    client: httpx.AsyncClient, asha: str
) -> None:
    await send(
        client, f"{asha}/consents", purpose="marketing", channel="sms", is_granted="true",
        source="on the phone",
    )  # fmt: skip
    assert "Marketing by SMS" in await read(client, asha)
    held = await client.get(f"{asha}/personal-data")
    assert held.json()["customer"]["name"] == "Asha Rao"
    await send(client, f"{asha}/erasure", reason="asked")
    assert "To be erased" in await read(client, asha)
    waiting = await read(client, "/settings/erasures")
    cancel = waiting.partition('action="/settings/erasures/')[2].partition('"')[0]
    await send(client, f"/settings/erasures/{cancel}")
    await send(client, f"{asha}/erasure", is_urgent="true")
    assert "genuine" in await read(client, "/settings/erasures")
    assert "Asha" not in await read(client, asha)


async def test_a_file_is_uploaded_mapped_and_checked(client: httpx.AsyncClient) -> None:
    sheet = b"Full name,E-mail\nAsha,asha@x.in\nBad,nothing\n"
    sent = await client.post("/customers/import", files={"file": ("p.csv", sheet, "text/csv")})
    at = sent.headers["location"]
    shown = await read(client, at)
    assert '<option value="name" selected>' in shown
    await send(client, f"{at}/check", column_0="name", column_1="email", key="email")
    assert "Looking" in await read(client, at)
    assert "p.csv" in await read(client, "/customers/import")
    wrong = await client.post("/customers/import", files={"file": ("p.csv", b"", "text/csv")})
    assert (wrong.status_code, "The file is empty." in wrong.text) == (422, True)
