"""Acts on many records: whose they are, those that a job goes through, and a worker that dies."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.app.housekeeping import forget_bulk_jobs
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import Role
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.leads import Channel, LeadDraft, LeadFilters
from tandem.crm.sales.service import leads
from tandem.crm.sales.service.capturing_many import add_new
from tandem.flows.bulk import run_bulk
from tandem.flows.bulk.acting import as_asker
from tandem.flows.bulk.deals import DEALS, DealAct
from tandem.flows.bulk.leads import LeadAct, Leads
from tandem.kernel import bulk
from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database, Tx
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.flows.bulk import TOLD, asha, ask, came_to, counted, rows, some_leads, undo
from tests.givens import api_key_of, visitor
from tests.identity.company import browsing, change, found


async def test_only_what_one_may_change_is_changed_and_only_ones_own_acts_are_seen(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime, app: Litestar
) -> None:
    company = await found(database, now)
    async with database.transaction(company.actor()) as tx:
        theirs = [
            (
                await leads.add_lead(
                    tx, LeadDraft(name=who, owner_id=company.people[who].id), now=now
                )
            ).lead
            for who in ("rina", "sam")
        ]
        foreign = (await some_leads(database, actor, now, 1))[0]
    ids = [*(str(one.id) for one in theirs), foreign]
    async with browsing(app, database, company, "rina") as rina:
        tagged = await ask(rina, "leads", act="tag", tag="mine", ids=ids)
        assert came_to(tagged) == (3, 1, 0, 2)
        refused = await rows(rina, tagged, "refused")
        assert [(one["code"], one["label"]) for one in refused] == [("not_found", "")] * 2
        everything = await ask(rina, "leads", act="tag", tag="all", matching={})
        assert came_to(everything) == (1, 1, 0, 0)
        assert len((await rina.get("/v1/bulk-jobs")).json()["items"]) == 2
        mine = await rina.post("/v1/opportunities", json={"title": "Cold room"})
        deal, sam_id = mine.json()["id"], str(company.people["sam"].id)
        for kind, record in (("leads", ids[0]), ("opportunities", deal)):
            given = await ask(rina, kind, act="assign", owner_id=sam_id, ids=[record])
            assert (came_to(given), given["said"]) == ((1, 1, 0, 0), "given to Sam")
            assert (await rina.get(f"/v1/{kind}/{record}")).status_code == 404, "it is Sam's now"
            back = await undo(rina, given)
            assert (back["undone"], back["kept"]) == (1, 0), "whoever gave it takes it back"
            assert (await rina.get(f"/v1/{kind}/{record}")).status_code == 200
        no = await rina.post("/v1/customers/bulk", json={"act": "enlist", "ids": ids})
        assert (no.status_code, no.json()["permission"]) == (403, "customers.segment")
    async with browsing(app, database, company, "sam") as sam:
        for path in ("", "/rows"):
            assert (await sam.get(f"/v1/bulk-jobs/{tagged['id']}{path}")).status_code == 404
        assert (await sam.post(f"/v1/bulk-jobs/{tagged['id']}/undo")).status_code == 404
        assert (await sam.get("/v1/bulk-jobs")).json()["items"] == []
    async with browsing(app, database, company, "vera") as vera:
        body = {"act": "tag", "tag": "x", "ids": ids}
        assert (await vera.post("/v1/leads/bulk", json=body)).status_code == 403
    async with database.transaction(company.actor()) as tx:
        tags = [(await leads.get_lead(tx, one.id)).tags for one in theirs]
    assert tags == [["mine", "all"], []]


async def test_no_field_that_is_kept_back_is_asked_by_or_written(
    app: Litestar, database: Database, now: datetime
) -> None:
    company = await found(database, now)
    async with database.transaction(company.actor()) as tx:
        role = Role(
            key="veiled",
            name="Veiled",
            grants=["sales.*"],
            hidden=["lead.score"],
            read_only=["opportunity.competitor"],
        )
        await identity.add_role(tx, role, now=now)
    await change(company, database, "rina", now, role_keys=["veiled"])
    lost = {"act": "lose", "reason": "competitor", "competitor": "Other"}
    async with browsing(app, database, company, "rina") as rina:
        made = (await rina.post("/v1/leads", json={"name": "Asha"})).json()
        deal = (await rina.post("/v1/opportunities", json={"title": "Cold room"})).json()
        for kind, body, field in (
            ("leads", {"act": "tag", "tag": "x", "matching": {"score_min": 0}}, "score_min"),
            ("opportunities", {**lost, "ids": [deal["id"]]}, "competitor"),
        ):
            answer = await rina.post(f"/v1/{kind}/bulk", json=body)
            told = answer.json()
            assert (answer.status_code, told["code"]) == (403, "field_kept_back"), kind
            assert told["field"].endswith(field)
        assert (await rina.get("/v1/bulk-jobs")).json()["items"] == []
        assert (await rina.get(f"/v1/leads/{made['id']}")).json()["tags"] == []


WAITING = """
    select count(*)
      from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'
"""


async def test_a_deal_that_moved_meanwhile_is_left_where_it_went(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    deal = (
        await client.post("/v1/opportunities", json={"title": "Cold", "amount_minor": 9})
    ).json()
    stages = (await client.get("/v1/pipelines")).json()[0]["stages"]
    there, elsewhere = [UUID(one["id"]) for one in stages if one["kind"] == "open"][1:3]
    deal_id, act = UUID(deal["id"]), DealAct(act="move", stage_id=elsewhere)

    async def move_many() -> bulk.BulkJob:
        async with database.transaction(actor) as tx:
            return await bulk.begin(tx, DEALS, act, [deal_id], now=now)

    async with database.transaction(actor) as tx, asyncio.timeout(20):
        await sales.move(tx, deal_id, stage_id=there, after_id=None, now=now)
        asked = asyncio.create_task(move_many())
        while not await database.pool.fetchval(WAITING):
            await asyncio.wait([asked], timeout=0.01)
    done = await asked
    async with database.transaction(actor) as tx:
        [row] = (await bulk.list_rows(tx, done.id, limit=9)).items
    assert (row.status, row.code) == ("refused", "stale_version")
    stands = (await client.get(f"/v1/opportunities/{deal_id}")).json()
    assert stands["stage_id"] == str(there)


@pytest.fixture
def work(database: Database, actor: Actor) -> Work:
    return Work(database, Resources(), actor.org_id)


class Killed(Exception):
    """The worker's process is gone."""


class Few(Leads):
    """More than ten are many; the worker may be killed on the way."""

    at_once = 10
    left = 0

    async def apply(
        self, tx: Tx, act: LeadAct, record_id: UUID, *, now: datetime
    ) -> bulk.Changed | None:
        changed = await super().apply(tx, act, record_id, now=now)
        self.left -= 1
        if self.left == 0:
            raise Killed
        return changed


async def test_many_are_a_jobs_and_a_killed_worker_leaves_no_row_done_twice(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime, work: Work
) -> None:
    owner = await asha(database, actor, now)
    me = msgspec.structs.replace(actor, user_id=None)
    act, few = LeadAct(act="assign", owner_id=owner.id), Few()
    async with database.transaction(me) as tx:
        drafts = [LeadDraft(name=f"Person {n}", email=f"p{n}@many.test") for n in range(33)]
        await add_new(tx, drafts, channel=Channel.IMPORT, now=now)
        everybody = await leads.ids_of_leads(tx, LeadFilters(), limit=100)
        job = await bulk.begin(tx, few, act, everybody, now=now)
        with pytest.raises(bulk.BulkBusy):
            await bulk.take_back(tx, few, job.id, now=now)

    async def stands() -> tuple[str, int, int, int]:
        async with database.transaction(me) as tx:
            found = await bulk.get_job(tx, job.id)
        return found.state, found.changed, found.undone, found.kept

    async def run_twice() -> None:
        goes = [bulk.run(work, {"lead": few}, job.id, as_asker) for _ in range(2)]
        await asyncio.gather(*goes)

    few.left = 30
    with pytest.raises(Killed):
        await bulk.run(work, {"lead": few}, job.id, as_asker)
    assert await stands() == ("running", 25, 0, 0)
    await run_twice()
    assert await stands() == ("done", 33, 0, 0)
    topic = "sales.lead_assigned.v1"
    assert await counted(database, actor, TOLD, topics=[topic]) == {topic: 33}

    await client.patch(f"/v1/leads/{everybody[7]}", json={"owner_id": None})
    async with database.transaction(me) as tx:
        assert (await bulk.take_back(tx, few, job.id, now=now)).state == "undoing"
    await run_twice()
    assert await stands() == ("undone", 33, 32, 1)
    assert await counted(database, actor, TOLD, topics=[topic]) == {topic: 66}


async def test_a_job_stops_where_its_asker_may_no_more(
    app: Litestar, database: Database, actor: Actor, now: datetime, work: Work
) -> None:
    async with database.transaction(actor) as tx:
        drafts = [LeadDraft(name="Person", email=f"p{n}@stop.test") for n in range(201)]
        await add_new(tx, drafts, channel=Channel.IMPORT, now=now)
    key = await api_key_of(database, actor, "sales.read", "sales.write")
    async with visitor(app) as caller:
        caller.headers["authorization"] = f"Bearer {key}"
        body = {"act": "tag", "tag": "late", "matching": {}}
        once = {"Idempotency-Key": "tag-them"}
        asked = [await caller.post("/v1/leads/bulk", json=body, headers=once) for _ in range(2)]
        assert [one.status_code for one in asked] == [202, 202]
        job = asked[0].json()
        assert (job["id"], came_to(job)) == (asked[1].json()["id"], (201, 0, 0, 0))
        assert asked[0].headers["location"] == f"/v1/bulk-jobs/{job['id']}"
        async with database.transaction(actor) as tx:
            held = next(one for one in await identity.list_api_keys(tx) if one.name == "test")
            await identity.revoke_api_key(tx, held.id, now=now)
        await run_bulk(work, job["id"])
    async with database.transaction(msgspec.structs.replace(actor, user_id=held.id)) as tx:
        done = await bulk.get_job(tx, UUID(job["id"]))
        page = await bulk.list_rows(tx, done.id, ["refused"], limit=1)
        tagged = await leads.ids_of_leads(tx, LeadFilters(tag="late"), limit=1)
    assert (done.state, done.changed, done.refused, tagged) == ("done", 0, 201, [])
    assert (page.items[0].code, page.items[0].said) == ("not_found", "This key has ended.")
    moved = Database(database.pool, InEightDays())
    await forget_bulk_jobs(Work(moved, Resources(), actor.org_id))
    async with database.transaction(msgspec.structs.replace(actor, user_id=held.id)) as tx:
        assert (await bulk.list_jobs(tx, limit=1)).items == []


class InEightDays(Clock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=8)
