"""Nothing of an erased person is found by searching every table and every file, but for what their
certificate names."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.app import housekeeping
from tandem.app.settings import Settings
from tandem.crm.customers import jobs
from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import inbox, preferences
from tandem.crm.notifications.service.preferences import Choice
from tandem.flows import erase, lead_imports, staff_mail
from tandem.flows.place_order.basket import Buyer
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.outbox import drain
from tandem.kernel.resources import Resources
from tests.customers.test_erasing import FINISH
from tests.flows.shop import basket, open_shop, place_one
from tests.sales.quoting import Quoting

NAME, EMAIL, OLD_EMAIL = "Nandini Vaidyanathan", "nandini@kestrel.test", "n.v@old-kestrel.test"
TRACES = ("Nandini", "Vaidyanathan", "kestrel", "9812345670", "98123 45670", "Peacock Lane")
PICTURE = b"\x89PNG\r\n\x1a\n of Nandini Vaidyanathan at Peacock Lane"
SHEET = f"name,email,phone\n{NAME},{EMAIL},98123 45670\nSomebody,wrong of {NAME} {EMAIL},1\n"
ALIKE = "name,email\nNandhini Vaidhyanatan,another@example.test\n"
STREET = {
    "name": NAME,
    "line1": "7 Peacock Lane",
    "city": "Bengaluru",
    "postal_code": "560001",
    "phone": "98123 45670",
}

KEPT: Mapping[str, str] = {
    "kernel.event": "audit log and event log",
    "kernel.audit": "audit log and event log",
    "kernel.audit_entry": "audit log and event log",
    "invoicing.document": "invoices and credit notes",
    "customers.consent_event": "consent ledger",
}
"""Tables that may tell of the person still, and what their certificate calls them."""

TABLES = """
    select n.nspname || '.' || c.relname
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
     order by 1
"""


async def found_in(owner_dsn: str) -> dict[str, list[str]]:
    """By table, the traces that any column of any row shows."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        found = {}
        for (table,) in await connection.fetch(TABLES):
            schema, name = table.split(".")
            traces = [
                trace
                for trace in TRACES
                if await connection.fetchval(
                    f'select exists (select from {schema}."{name}" t'
                    " where strpos(lower(t::text), lower($1)) > 0)",
                    trace,
                )
            ]
            if traces:
                found[table] = traces
        return found
    finally:
        await connection.close()


def files_telling(settings: Settings) -> list[Path]:
    kept = Path(settings.blobs_url.removeprefix("file://"))
    return [
        path
        for path in sorted(kept.rglob("*"))
        if path.is_file() and any(one.encode() in path.read_bytes() for one in TRACES)
    ]


class Told:
    """Somebody told to the suite in as many ways as it has."""

    def __init__(self, client: httpx.AsyncClient, database: Database, work: Work) -> None:
        self.client, self.database, self.work = client, database, work
        self.id = ""
        self.colleague: UUID = new_id()

    async def post(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        answer = (
            await self.client.post(path, json=body, **more)
            if body is not None or not more
            else await self.client.post(path, **more)
        )
        assert answer.status_code in (200, 201, 303), f"{path}: {answer.text}"
        made: dict[str, Any] = answer.json() if answer.content else {}
        return made

    async def everywhere(self, quoting: Quoting, actor: Actor, now: datetime) -> None:
        await self._own_fields()
        await self._customer()
        await self._kept_beside()
        await self._merged()
        await self._sold_to(quoting)
        await self._imported()
        await self._ordered(quoting, actor, now)
        await self._complained()
        await drain(self.database)

    async def _own_fields(self) -> None:
        for target in ("customer", "lead", "opportunity"):
            field = {"key": "pet", "kind": "text", "label": "Pet", "target": target,
                     "is_personal": True}  # fmt: skip
            await self.post("/v1/custom-fields", field)

    async def _customer(self) -> None:
        body = {
            "name": NAME,
            "company_name": "Kestrel Sweets",
            "emails": [{"value": EMAIL}],
            "phones": [{"value": "98123 45670"}],
            "notes": f"{NAME} rings twice",
            "tags": ["kestrel"],
            "addresses": [{"address": STREET}],
            "custom": {"pet": "a kestrel"},
        }
        self.id = (await self.post("/v1/customers", body))["id"]

    async def _kept_beside(self) -> None:
        at = f"/v1/customers/{self.id}"
        await self.post(f"{at}/notes", {"text": f"{NAME} called"})
        await self.post(f"{at}/tasks", {"title": f"Call {NAME}"})
        await self.post(f"{at}/files", params={"filename": f"{NAME}.png"}, content=PICTURE)
        again = await self.post(f"{at}/files", params={"filename": "b.png"}, content=PICTURE + b"2")
        assert (await self.client.delete(f"{at}/files/{again['id']}")).status_code == 204
        account = await self.post("/v1/accounts", {"name": "A company"})
        await self.post(
            f"/v1/accounts/{account['id']}/contacts", {"customer_id": self.id, "role": "owner"}
        )
        segment = await self.post("/v1/segments", {"name": "By hand"})
        await self.post(f"/v1/segments/{segment['id']}/members", {"customer_ids": [self.id]})
        tag = {"act": "tag", "tag": "vip", "ids": [self.id]}
        assert (await self.post("/v1/customers/bulk", tag))["changed"] == 1
        consent = {"purpose": "marketing", "channel": "email", "is_granted": True, "source": "shop"}
        await self.post(f"{at}/consents", consent)

    async def _imported(self) -> None:
        job = await self.post(
            "/v1/customer-imports", params={"filename": "people.csv"}, content=SHEET.encode()
        )
        at = f"/v1/customer-imports/{job['id']}"
        await self.post(f"{at}/check", {"columns": job["mapping"], "key": "email"})
        await jobs.run_import(self.work, job["id"])
        await self.post(f"{at}/run")
        await jobs.run_import(self.work, job["id"])
        done = (await self.client.get(at)).json()
        assert (done["state"], done["updated"], done["failed"]) == ("done", 1, 1)
        for kind, run in (("customer", jobs.run_import), ("lead", lead_imports.run_import)):
            path = f"/v1/{kind}-imports"
            job = await self.post(path, params={"filename": "b.csv"}, content=ALIKE.encode())
            await self.post(f"{path}/{job['id']}/check", {"columns": job["mapping"]})
            await run(self.work, job["id"])
            assert (await self.client.get(f"{path}/{job['id']}")).json()["alike"] == 1

    async def _merged(self) -> None:
        body = {"name": "Nandini V.", "emails": [{"value": OLD_EMAIL}], "allow_duplicate": True}
        loser = (await self.post("/v1/customers", body))["id"]
        await self.post("/v1/customer-merges", {"survivor_id": self.id, "loser_id": loser})

    async def _sold_to(self, quoting: Quoting) -> None:
        lead = await self.post(
            "/v1/leads",
            {"name": NAME, "email": EMAIL, "description": "kestrel", "custom": {"pet": "kestrel"}},
        )
        await self.post(f"/v1/leads/{lead['id']}/notes", {"text": f"{NAME} wrote"})
        deal = await quoting.deal(f"Tea for {NAME}", customer_id=self.id)
        fields = {"custom": {"pet": "a kestrel"}}
        answer = await self.client.patch(f"/v1/opportunities/{deal['id']}/custom", json=fields)
        assert answer.status_code == 200, answer.text
        await self.post("/v1/tasks", {
            "subject_kind": "opportunity", "subject_id": deal["id"], "title": f"Ring {NAME}",
            "assignee_id": str(self.colleague),
        })  # fmt: skip
        await self.post(f"/v1/opportunities/{deal['id']}/notes", {"text": f"{NAME} is keen"})
        quote = await quoting.sent(
            deal, customer_name=NAME, customer_email=EMAIL, note=f"For {NAME}", ship_to=STREET
        )
        assert (await quoting.decline(quote, f"{NAME} says no")).status_code == 303
        await self.post(
            f"/v1/opportunities/{deal['id']}/loss", {"reason": "other", "note": f"{NAME} said no"}
        )

    async def _ordered(self, quoting: Quoting, actor: Actor, now: datetime) -> None:
        buyer = Buyer(name=NAME, email=EMAIL, phone="98123 45670")
        order = basket(quoting.shop, customer=buyer)
        done = await place_one(self.database, actor, order, now)
        await self.post(f"/v1/orders/{done.id}/notes", {"text": f"@ravi: {NAME} rang"})
        async with self.database.transaction(actor) as tx:
            await tx.run(FINISH, id=done.id)

    async def _complained(self) -> None:
        body = {"category": "damaged", "subject": f"{NAME}: broken", "customer_id": self.id,
                "body": f"Says {NAME} of Peacock Lane"}  # fmt: skip
        complaint = await self.post("/v1/complaints", body)
        at = f"/v1/complaints/{complaint['id']}"
        await self.post(f"{at}/messages", {"body": f"{NAME} called again"})
        picture = {"file": (f"{NAME}.png", PICTURE + b"3")}
        assert (await self.client.post(f"{at}/files", files=picture)).status_code == 201
        await self.post(f"{at}/resolution", {"note": f"{NAME} is content"})


async def a_colleague(database: Database, actor: Actor, now: datetime) -> UUID:
    """Who wants to be mailed of everything at once."""
    async with database.transaction(actor) as tx:
        user = await identity.add_user(
            tx,
            email=f"ravi-{new_id().hex}@example.test",
            name="Ravi Kumar",
            password="correct horse battery staple",
            role_key="support",
            now=now,
        )
    own = Actor(org_id=actor.org_id, user_id=user.id, label=user.name)
    async with database.transaction(own) as tx:
        at_once = Choice(category="assigned", way="email", pace="now")
        await preferences.choose_own(tx, [at_once], now=now)
    return user.id


async def staff_are_mailed(database: Database, actor: Actor, now: datetime) -> None:
    later = now + timedelta(days=2)
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        mailed = [
            await staff_mail.mail_one(tx, user_id, now=later)
            for user_id in await inbox.list_due(tx, now=later)
        ]
    assert any(mailed)


@pytest.fixture
def work(database: Database, actor: Actor, settings: Settings) -> Work:
    held = Resources()
    held.add(Blobs, Blobs(settings.blobs_url))
    return Work(database, held, actor.org_id)


async def test_a_search_through_every_table_and_file_finds_only_what_the_certificate_names(
    client: httpx.AsyncClient,
    app: Litestar,
    database: Database,
    actor: Actor,
    now: datetime,
    settings: Settings,
    owner_dsn: str,
    work: Work,
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    quoting = Quoting(client, app, database, actor, shop, settings.data_dir)
    person = Told(client, database, work)
    person.colleague = await a_colleague(database, actor, now)
    await person.everywhere(quoting, actor, now)
    await staff_are_mailed(database, actor, now)
    before = await found_in(owner_dsn)
    assert len(files_telling(settings)) >= 3

    asked = await person.post(f"/v1/customers/{person.id}/erasure", {"reason": "asked"})
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        done = await erase.carry_out(tx, UUID(asked["id"]), now=now + timedelta(hours=49))
    await drain(database)
    await housekeeping.delete_discarded_files(work)

    named = {one["what"] for one in (done.certificate or {})["kept"]}
    left = await found_in(owner_dsn)
    assert set(left) < set(before)
    assert len(before) >= 24, sorted(before)
    assert {table for table in left if KEPT.get(table) not in named} == set(), left
    assert files_telling(settings) == []
