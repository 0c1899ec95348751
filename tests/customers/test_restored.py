"""A-CUS-15: who was erased stays erased when a backup from before is restored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from tandem.app.rebuilding import replay_erasures
from tandem.app.settings import Settings
from tandem.app.wiring import resources_of
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.consents import MayContact, NewConsent
from tandem.crm.customers.domain.erasing import NewErasure
from tandem.crm.identity import service as identity
from tandem.flows import erase, erase_again, merge
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database, Query
from tandem.kernel.jobs import Work
from tests import postgres
from tests.conftest import settings_for
from tests.databases import as_app, fresh
from tests.invariants import Invariants

PEOPLE = Query("select name from customers.customer where org_id = :org_id order by id")
EMAILS = ("asha@kestrel.test", "twin@kestrel.test", "late@kestrel.test", "bela@plover.test")


@asynccontextmanager
async def at_work(settings: Settings, actor: Actor) -> AsyncIterator[Work]:
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=2)
    try:
        yield Work(database, resources_of(settings), actor.org_id)
    finally:
        await database.close()


async def added(work: Work, *people: tuple[str, str]) -> list[UUID]:
    """With consent to hear from us."""
    now = work.now()
    drafts = [CustomerDraft(name=name, email=email) for name, email in people]
    yes = NewConsent(purpose="marketing", channel="email", is_granted=True, source="test")
    async with work.transaction() as tx:
        found = [one.id for one in await customers.find_or_add(tx, drafts, now=now)]
        for customer_id in found:
            await customers.record_consent(tx, customer_id, yes, now=now)
    return found


async def names(work: Work) -> list[str]:
    async with work.transaction() as tx:
        return [row["name"] for row in await tx.records(PEOPLE)]


async def reasons(work: Work) -> list[str]:
    """Why each address is not written to, for who comes with it now; empty: it is."""
    found = await added(work, *(("Somebody", email) for email in EMAILS))
    asks = [
        MayContact(channel="email", address=email, purpose="marketing", customer_id=customer_id)
        for email, customer_id in zip(EMAILS, found, strict=True)
    ]
    async with work.transaction() as tx:
        return [one.reason for one in await customers.may_contact(tx, asks)]


async def test_a_restored_backup_is_told_whom_to_erase_again(
    server: postgres.Server, tmp_path: Path, now: datetime
) -> None:
    first = settings_for(fresh(server), str(tmp_path))
    opened = await Database.connect(as_app(first.database_url), size_min=1, size_max=2)
    org_id = await identity.found_organisation(opened, name="Acme", slug="acme", now=now)
    await opened.close()
    actor = Actor.system(org_id)
    async with at_work(first, actor) as work:
        asha, twin, _ = await added(
            work, ("Asha", EMAILS[0]), ("Asha Twin", EMAILS[1]), ("Bela", EMAILS[3])
        )
    backup = postgres.clone(server, urlsplit(first.database_url).path[1:])

    async with at_work(first, actor) as work:
        (late,) = await added(work, ("Chitra", EMAILS[2]))
        async with work.transaction() as tx:
            await merge.merge(tx, twin, asha, now=work.now())
            for one in (twin, late):
                await customers.request_erasure(tx, one, NewErasure(is_urgent=True), now=work.now())
        await erase.carry_out_due(work)
        await erase_again.keep(work)
        await erase_again.keep(work)
        assert await names(work) == ["Erased", "Erased", "Bela", "Erased"]
        files = await erase_again.read_all(work.get(Blobs), org_id)
    assert len(files) == 2
    assert not any(trace in one for one in files for trace in (b"kestrel", b"Asha", b"Chitra"))

    restored = settings_for(backup, str(tmp_path))
    async with at_work(restored, actor) as work:
        assert await names(work) == ["Asha", "Asha Twin", "Bela"]
        wrong = msgspec.json.decode(files[0])
        wrong["certificate"]["ids"] = [str(one) for one in (asha, twin, late)]
        forged = f"erasures/{org_id}/forged.json"
        await work.get(Blobs).put_beside(forged, msgspec.json.encode(wrong))
    said = "acme: 2 erasures known, 2 carried out again, 1 not written by this installation"
    assert await replay_erasures(restored) == [said]
    assert await replay_erasures(restored) == [said.replace("2 carried", "0 carried")]
    async with at_work(restored, actor) as work:
        assert await names(work) == ["Erased", "Erased", "Bela"]
        assert await reasons(work) == [*["suppressed:erased"] * 3, ""]
        async with work.transaction() as tx:
            proofs = await customers.list_erasures(tx)
        assert [one.is_genuine for one in proofs] == [True, True]
        await erase_again.keep(work)
        assert await erase_again.read_all(work.get(Blobs), org_id) >= files, "none is written over"
    watched = await Invariants.of(backup)
    assert await watched.broken() == []
    await watched.close()
    for dsn in (first.database_url, backup):
        postgres.drop(server, dsn)
