"""Reports on a schedule: each recipient gets their own, once, whatever dies."""

import asyncio
import io
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import asyncpg
import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar
from openpyxl import load_workbook

from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions, resources_of
from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.calendar import Period
from tandem.crm.analytics.domain.exports import ExportGone
from tandem.crm.analytics.domain.looking import Looking
from tandem.crm.analytics.domain.schedules import Schedule
from tandem.crm.analytics.domain.subscriptions import Delivery, SubscriptionDraft
from tandem.crm.analytics.service import exports, subscriptions
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import MemberChange
from tandem.flows import analyse
from tandem.flows.reports import subscribing
from tandem.flows.reports.delivering import deliver, deliver_reports
from tandem.flows.reports.subscribing import run_subscriptions
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.jobs import Work
from tandem.kernel.outbox import drain
from tests.analytics.givens import Still
from tests.identity.company import Company, actor_of, browsing, found

ORDERS = Ask(measures=["orders_placed"], dimensions=["customer"], period=Period.LAST_30_DAYS)
LETTERS = Query(
    "select recipient, subject, html from notifications.message"
    " where org_id = :org_id and template = 'report' order by created_at, recipient"
)


class Place:
    """A company with its clock in hand."""

    def __init__(self, database: Database, company: Company, settings: Any) -> None:
        self.company = company
        self.now = database.clock.now
        self.clock = Still(self.now())
        self.database = Database(database.pool, self.clock)
        self.work = Work(self.database, resources_of(settings), company.org_id)

    async def actor(self, who: str) -> Actor:
        return await actor_of(self.database, self.company, who, self.clock.at)

    def draft(self, *people: str, **given: Any) -> SubscriptionDraft:
        recipients = [self.company.people[who].id for who in people]
        values: dict[str, Any] = {"name": "Orders", "query": ORDERS, "file": "xlsx"} | given
        return SubscriptionDraft(recipients=recipients, **values)

    async def add(self, who: str, draft: SubscriptionDraft) -> UUID:
        async with self.database.transaction(await self.actor(who)) as tx:
            return (await subscribing.add(tx, draft, now=self.clock.at)).id

    async def run(self) -> None:
        await run_subscriptions(self.work)
        await deliver_reports(self.work)

    async def history(self, who: str, subscription_id: UUID) -> list[Delivery]:
        async with self.database.transaction(await self.actor(who)) as tx:
            return await subscriptions.history_of(tx, subscription_id)

    async def letters(self) -> list[Any]:
        async with self.work.transaction() as tx:
            return await tx.records(LETTERS)

    async def file(self, who: str, export_id: UUID) -> list[list[Any]]:
        async with self.database.transaction(await self.actor(who)) as tx:
            _, names = await exports.parts_of(tx, export_id, now=self.clock.at)
            content = b"".join([await self.work.get(Blobs).get_passing(tx, name) for name in names])
        sheet = load_workbook(io.BytesIO(content)).worksheets[0]
        return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.fixture
async def place(database: Database, settings: Any) -> Place:
    import_reactions()
    made = await found(database, database.clock.now())
    await drain(database)
    async with database.transaction(made.actor()) as tx:
        await analyse.digest(tx, now=database.clock.now())
    return Place(database, made, settings)


async def test_three_people_get_three_reports_and_nobody_opens_anothers(
    place: Place, app: Litestar
) -> None:
    """A-ANA-7: an admin's subscription; a suspended recipient gets none; links are personal."""
    people = ("asha", "mona", "rina", "sam", "ned")
    wanted = await place.add("asha", place.draft(*people))
    await _suspend(place, "sam")
    place.clock.at += timedelta(days=1)
    await place.run()
    got = {one.recipient_id: one for one in await place.history("asha", wanted)}
    ids = {who: place.company.people[who].id for who in people}
    assert {who: got[ids[who]].state for who in people} == {
        "asha": "sent", "mona": "sent", "rina": "sent", "sam": "gone", "ned": "not_allowed",
    }  # fmt: skip
    assert got[ids["mona"]].export_id is None, "the owner is not told which file is another's"
    files, links = {}, {}
    for who in ("asha", "mona", "rina"):
        (own,) = [one for one in await place.history(who, wanted) if one.recipient_id == ids[who]]
        assert own.export_id is not None and own.sha256
        links[who] = own.export_id
        files[who] = await place.file(who, own.export_id)
    assert [files[who][-1] for who in files] == [["All", 6], ["All", 4], ["All", 1]]
    with pytest.raises(NotFound):
        await place.file("asha", links["rina"])
    letters = {row["recipient"]: row["html"] for row in await place.letters()}
    assert set(letters) == {place.company.people[who].email for who in files}
    rina = letters[place.company.people["rina"].email]
    assert f"/exports/{links['rina']}" in rina and "Kestrel of Rina" in rina
    assert "Kestrel of Raj" not in rina and str(links["asha"]) not in rina
    async with browsing(app, place.database, place.company, "raj") as raj:
        assert (await raj.get(f"/v1/exports/{links['rina']}/file")).status_code == 404
    place.clock.at += timedelta(days=31)
    with pytest.raises(ExportGone):
        await place.file("rina", links["rina"])


async def _suspend(place: Place, who: str) -> None:
    async with place.work.transaction() as tx:
        change = MemberChange(is_active=False)
        await identity.change_member(tx, place.company.people[who].id, change, now=place.clock.at)


async def test_each_slot_is_run_once_by_two_workers_and_after_a_kill(place: Place) -> None:
    """A-ANA-8: two instances, a worker that dies over a report, six missed slots, a set clock."""
    wanted = await place.add("asha", place.draft("asha", "mona", schedule=Schedule(at="08:00")))
    start = place.clock.at
    place.clock.at = start + timedelta(days=1)
    await asyncio.gather(*(run_subscriptions(place.work) for _ in range(3)))
    async with place.work.transaction() as tx:
        due = await subscriptions.due_deliveries(tx, now=place.clock.at)
    assert len(due) == 2
    async with place.work.transaction() as tx:
        assert await subscriptions.claim_delivery(tx, due[0], now=place.clock.at) == 1
    await asyncio.gather(*(deliver(place.work, one) for one in (*due, *due)))
    assert len(await place.letters()) == 1, "the other try is a dead worker's"
    place.clock.at += timedelta(minutes=3)
    await asyncio.gather(deliver_reports(place.work), deliver_reports(place.work))
    assert len(await place.letters()) == 2
    place.clock.at -= timedelta(hours=2)
    await place.run()
    place.clock.at += timedelta(hours=2)
    await place.run()
    assert len(await place.letters()) == 2, "a clock set back repeats nothing"
    place.clock.at = start + timedelta(days=7)
    await place.run()
    await place.run()
    rows = await place.history("asha", wanted)
    assert [one.missed for one in rows] == [5, 5, 0, 0]
    assert len({one.slot for one in rows}) == 2
    assert len(await place.letters()) == 4


WAITING = """
    select count(*) from pg_locks
     where relation = $1::regclass and not granted
       and database = (select oid from pg_database where datname = current_database())
"""


@asynccontextmanager
async def _workers(
    settings: Settings, company: Company, count: int
) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    given = (msgspec.json.encode(settings).decode(), str(company.org_id))
    begun = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.analytics.working", *given,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        for _ in range(count)
    ]  # fmt: skip
    try:
        yield begun
    finally:
        for one in begun:
            if one.returncode is None:
                one.kill()
            await one.wait()


async def _killed_over(
    table: str, workers: list[asyncio.subprocess.Process], moment: datetime, owner_dsn: str
) -> list[asyncio.subprocess.Process]:
    """All take their turn at once; the one that is about to write to the table dies over it, and
    the others, who find nothing left to do, are handed back."""
    gate, look = [await asyncpg.connect(owner_dsn) for _ in range(2)]
    begun = gate.transaction()
    await begun.start()
    await gate.execute(f"lock table {table} in share mode")
    async with asyncio.timeout(90):
        for one in workers:
            assert one.stdin is not None
            one.stdin.write(f"{moment.isoformat()}\n".encode())
        turns = {asyncio.create_task(one.stdout.readline()): one for one in workers if one.stdout}
        for _ in workers[1:]:
            await asyncio.wait(turns, return_when=asyncio.FIRST_COMPLETED)
        stuck = [one for turn, one in turns.items() if not turn.done()]
        assert len(stuck) == 1, "one holds the slot, the others found it taken"
        while not await look.fetchval(WAITING, table):  # noqa: ASYNC110  a lock tells nobody
            await asyncio.sleep(0.02)
        stuck[0].kill()
        assert await stuck[0].wait() == -signal.SIGKILL
        await asyncio.gather(*turns)
    await begun.rollback()
    await gate.close()
    await look.close()
    return [one for one in workers if one is not stuck[0]]


async def test_a_worker_killed_at_its_slot_leaves_one_run_and_one_letter_each(
    place: Place, settings: Settings, owner_dsn: str
) -> None:
    """A-ANA-8: two processes and real kills, over the run and over a letter."""
    draft = place.draft("asha", "mona", schedule=Schedule(at="08:00"))
    async with _workers(settings, place.company, 2) as both:
        wanted = await place.add("asha", draft)
        place.clock.at += timedelta(days=1)
        alive = await _killed_over("analytics.report_run", both, place.clock.at, owner_dsn)
        assert await place.letters() == []
        async with asyncio.timeout(30):
            # The dead one's locks are there until its server process notices.
            while len(await place.letters()) < 2:
                await place.run()
        place.clock.at += timedelta(days=1)
        assert await _killed_over("notifications.message", alive, place.clock.at, owner_dsn) == []
    assert len(await place.letters()) == 2
    place.clock.at += timedelta(minutes=3)
    async with asyncio.timeout(30):
        while len(await place.letters()) < 4:
            await place.run()
    await place.run()
    rows = await place.history("asha", wanted)
    assert [(one.state, one.missed) for one in rows] == [("sent", 0)] * 4
    assert len({(one.slot, one.recipient_id) for one in rows}) == 4
    assert len({one.slot for one in rows}) == 2
    assert len(await place.letters()) == 4


async def test_what_is_empty_is_skipped_and_what_is_gone_stops(place: Place) -> None:
    nothing = Ask(measures=["orders_placed"], from_on=date(2001, 1, 1), to_on=date(2001, 1, 2))
    empty = await place.add("asha", place.draft("asha", query=nothing))
    full = await place.add("asha", place.draft("asha", query=nothing, skip_empty=False))
    narrowed = await place.add(
        "asha",
        place.draft("asha", query=None, dashboard="sales", looking=Looking(only="web")),
    )
    place.clock.at += timedelta(days=1)
    await place.run()
    states = [(await place.history("asha", one))[0].state for one in (empty, full, narrowed)]
    assert states == ["empty", "sent", "sent"]
    async with place.database.transaction(await place.actor("asha")) as tx:
        await subscriptions.remove_subscription(tx, full, now=place.clock.at)
    place.clock.at += timedelta(days=1)
    await place.run()
    assert len(await place.letters()) == 3


async def test_who_may_not_send_to_others_sends_to_themselves(place: Place) -> None:
    """Refusals change nothing; a recipient leaves; a stranger sees no subscription."""
    own = await place.add("rina", place.draft("rina"))
    for draft, refusal in (
        (place.draft("rina", "raj"), Forbidden),
        (place.draft("rina", query=None), Invalid),
        (place.draft("rina", query=None, dashboard="nowhere"), NotFound),
        (place.draft("rina", query=Ask(measures=["nothing"])), Invalid),
    ):
        with pytest.raises(refusal):
            await place.add("rina", draft)
    shared = await place.add("mona", place.draft("mona", "rina"))
    async with place.database.transaction(await place.actor("rina")) as tx:
        assert {one.id for one in await subscriptions.list_subscriptions(tx)} == {own, shared}
        await subscriptions.leave_subscription(tx, shared, now=place.clock.at)
        assert {one.id for one in await subscriptions.list_subscriptions(tx)} == {own}
        with pytest.raises(Forbidden):
            await subscriptions.list_subscriptions(tx, everybodys=True)
    async with place.database.transaction(await place.actor("asha")) as tx:
        assert len(await subscriptions.list_subscriptions(tx, everybodys=True)) == 2
        assert (await subscriptions.get_subscription(tx, shared)).recipients == [
            place.company.people["mona"].id
        ]
    async with place.database.transaction(await place.actor("raj")) as tx:
        with pytest.raises(NotFound):
            await subscriptions.get_subscription(tx, own)


async def test_a_report_is_set_up_sent_and_removed_on_its_pages(
    place: Place, app: Litestar
) -> None:
    async with browsing(app, place.database, place.company, "mona") as mona:
        ask = '{"measures":["orders_placed"],"dimensions":["channel"]}'
        form = (
            await mona.get("/subscriptions/new", params={"ask": ask, "title": "By channel"})
        ).text
        assert "Orders placed by channel" in form and 'value="By channel"' in form
        people = [str(place.company.people[who].id) for who in ("mona", "rina")]
        sent = {"name": "By channel", "ask": ask, "every": "month", "day": "31", "at": "07:30"}
        refused = await mona.post("/subscriptions", data={**sent, "recipient": []})
        assert (refused.status_code, "Choose who gets it." in refused.text) == (422, True)
        made = await mona.post("/subscriptions", data={**sent, "recipient": people})
        assert made.status_code == 303, made.text[:2000]
        here = made.headers["location"]
        shown = (await mona.get(here)).text
        assert "every month, day 31 at 07:30" in shown
        assert (await mona.post(f"{here}/runs")).status_code == 303
        place.clock.at = place.now()
        await deliver_reports(place.work)
        assert "Your file" in (await mona.get(here)).text
        assert "By channel" in (await mona.get("/subscriptions")).text
        here_too = await _send_a_funnel(place, mona, people[:1])
        kept = {**sent, "recipient": people, "is_active": "false"}
        assert (await mona.post(here, data=kept)).status_code == 303
        assert "Paused" in (await mona.get("/subscriptions")).text
    (own,) = await place.history("mona", UUID(here_too.removeprefix("/subscriptions/")))
    assert own.state == "sent" and own.export_id is not None
    rows = await place.file("mona", own.export_id)
    assert [row[0] for row in rows] == ["Step", "1. Order placed", "2. Order confirmed"]
    assert rows[1][1] == 4 and rows[1][3] == 1
    async with browsing(app, place.database, place.company, "rina") as rina:
        shown = (await rina.get(here)).text
        links = re.findall(r'href="(/exports/[0-9a-f-]+)"', shown)
        assert len(links) == 1 and "/removal" not in shown
        assert "Download By channel" in (await rina.get(links[0])).text
        assert (await rina.post(f"{here}/leaving")).status_code == 303
        assert (await rina.get(here)).status_code == 404
        assert (await rina.post(f"{here}/removal")).status_code == 404
    async with browsing(app, place.database, place.company, "mona") as mona:
        assert (await mona.post(f"{here}/removal")).status_code == 303
        assert (await mona.get(here)).status_code == 404


async def _send_a_funnel(place: Place, mona: httpx.AsyncClient, people: list[str]) -> str:
    """From the funnels' page to her own mail; the form carries it, and comes back with it."""
    steps = {"s1": "order_placed", "s2": "order_confirmed", "within": "P30D"}
    page = (await mona.get("/funnels", params=steps)).text
    (way,) = re.findall(r'href="(/subscriptions/new[^"]+)"', page)
    form = (await mona.get(unescape(way))).text
    assert "Funnel: Order placed, Order confirmed" in form
    (carried,) = re.findall(r'name="people" value="([^"]+)"', form)
    assert "as_of" not in carried or "null" in carried
    sent = {"name": "Funnel", "people": unescape(carried), "at": "07:30", "recipient": people}
    wrong = await mona.post("/subscriptions", data={**sent, "people": "{}"})
    assert wrong.status_code == 422, wrong.text[:500]
    made = await mona.post("/subscriptions", data=sent)
    assert made.status_code == 303, made.text[:2000]
    here: str = made.headers["location"]
    assert (await mona.post(here, data=sent)).status_code == 303
    assert (await mona.post(f"{here}/runs")).status_code == 303
    place.clock.at = place.now()
    await deliver_reports(place.work)
    assert "Your file" in (await mona.get(here)).text
    return here
