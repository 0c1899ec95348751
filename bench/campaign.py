"""A whole campaign: people with consent, their rows, the policy, links, and senders being killed.

`python -m bench campaign`; TANDEM_BENCH_PEOPLE (100,000), TANDEM_BENCH_KILLS (10) and
TANDEM_BENCH_SENDERS (2). Letters go to a mail server that counts (bench.sink).
"""

import asyncio
import multiprocessing as mp
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from bench.sending import PASSWORD, PLACE, ROLE
from bench.sink import Sink
from bench.table import Row
from tandem.app.embedded import EmbeddedPostgres
from tandem.app.migrate import migrate
from tandem.app.settings import app_dsn_of
from tandem.app.wiring import import_reactions
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.segments import NewSegment
from tandem.crm.identity import service as identity
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import Campaign, NewVariant, Plan, Schedule
from tandem.crm.notifications import service as notifications
from tandem.flows import campaigns
from tandem.flows.campaign_sending import step
from tandem.kernel import outbox, secrets
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.notifications import sender

PEOPLE = int(os.environ.get("TANDEM_BENCH_PEOPLE", "100000"))
KILLS = int(os.environ.get("TANDEM_BENCH_KILLS", "10"))
SENDERS = int(os.environ.get("TANDEM_BENCH_SENDERS", "2"))
CONNECTIONS, BATCH = 8, 100
LOOKED_AT_A_SECOND = 40_000
"""Messages: counting them all more often would be most of the work."""
WORDS = (
    '<html><body><p>Hello {{ name }}, <a href="https://shop.example.test/spring">look</a> and '
    '<a href="https://shop.example.test/tea">taste</a>.</p>' + "<p>Words of some length.</p>" * 20
) + "</body></html>"

FILL = """
with made as (
    insert into customers.customer (org_id, id, name, created_at, updated_at)
    select $1, gen_random_uuid(), 'Person ' || n, now(), now() from generate_series(1, $2) n
    returning id, name
),
points as (
    insert into customers.contact_point (org_id, customer_id, kind, value, position)
    select $1, id, 'email', replace(lower(name), ' ', '') || '@example.test', 0 from made
),
agreed as (
    insert into customers.consent (org_id, customer_id, purpose, channel, state, since)
    select $1, id, 'marketing', 'email', 'granted', now() from made
)
insert into customers.segment_member (org_id, segment_id, customer_id, entered_at)
select $1, $3, id, now() from made
"""

# Here, so that it is loaded once: senders are forked from whoever has loaded this.
import_reactions()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of planning, sending and telling; CPU seconds and the largest memory, in MB, of the
    senders alone, and the memory of who plans and tells."""

    states: dict[str, int]
    rows: dict[str, int]
    planning: float
    sending: float
    telling: float
    cpu: float
    sender_mb: float
    own_mb: float


class Spent(msgspec.Struct):
    """What senders used, those that were killed too."""

    cpu: float = 0.0
    mb: float = 0.0

    def add(self, process: ForkServerProcess) -> None:
        self.cpu += _cpu(process)
        self.mb = max(self.mb, _peak_mb(process.pid))


def measure(people: int = PEOPLE, kills: int = KILLS) -> list[Row]:
    with at_work() as (owner_dsn, sink):
        found = asyncio.run(_run(owner_dsn, sink, people, kills))
    return _rows(found, sink, people, kills)


@contextmanager
def at_work() -> Iterator[tuple[str, Sink]]:
    """A database of its own and a mail server that counts."""
    sink = Sink()
    sink.start()
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        Path(folder).chmod(0o755)
        database = EmbeddedPostgres(Path(folder) / "cluster")
        try:
            yield database.start(), sink
        finally:
            database.stop()
    sink.stop()


async def begin(owner_dsn: str, people: int) -> tuple[Database, str, Campaign, Work]:
    """A company with so many people who agreed, and its campaign to all of them, due now."""
    await migrate(owner_dsn, app_role=ROLE, app_password=PASSWORD)
    _hold_keys()
    dsn = app_dsn_of(owner_dsn, ROLE, PASSWORD)
    database = await Database.connect(dsn, size_min=1, size_max=4)
    org_id = await identity.found_organisation(
        database, name="Bench", slug="bench", now=clock.now()
    )
    campaign = await _scheduled(database, owner_dsn, org_id, people)
    return database, dsn, campaign, Work(database, Resources(), org_id)


async def _run(owner_dsn: str, sink: Sink, people: int, kills: int) -> Found:
    database, dsn, campaign, work = await begin(owner_dsn, people)
    org_id = work.org_id
    began = time.monotonic()
    while await _planned(database, org_id, campaign) < people:
        await step(work, str(campaign.id))
    planning = time.monotonic() - began
    order = sender.Order(dsn, org_id, sink.port, PLACE, CONNECTIONS, BATCH)
    states, spent, sending = await _sent(database, org_id, campaign, order, people, kills)
    began = time.monotonic()
    while await outbox.relay_once(database):
        pass
    telling = time.monotonic() - began
    async with database.transaction(Actor.system(org_id)) as tx:
        rows = {str(one.state): one.count for one in await marketing.counts(tx, campaign.id)}
    await database.close()
    return Found(
        states=states,
        rows=rows,
        planning=planning,
        sending=sending,
        telling=telling,
        cpu=spent.cpu,
        sender_mb=spent.mb,
        own_mb=_peak_mb(os.getpid()),
    )


async def _scheduled(database: Database, owner_dsn: str, org_id: UUID, people: int) -> Campaign:
    now = clock.now()
    async with database.transaction(Actor.system(org_id)) as tx:
        segment = await customers.add_segment(tx, NewSegment(name="Everybody"), now=now)
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute(FILL, org_id, people, segment.id)
    await owner.execute("analyze")
    await owner.close()
    plan = Plan(
        name="Spring",
        include_ids=[segment.id],
        variants=[NewVariant(subject="For {{ customer.first_name }}", html=WORDS)],
    )
    async with database.transaction(Actor.system(org_id)) as tx:
        made = await campaigns.add_campaign(tx, plan, now=now)
        locked = await marketing.lock_campaign(tx, made.id)
        return await campaigns.schedule(tx, locked, Schedule(), now=now)


async def _sent(
    database: Database,
    org_id: UUID,
    campaign: Campaign,
    order: sender.Order,
    people: int,
    kills: int,
) -> tuple[dict[str, int], Spent, float]:
    """Kill and start anew at even distances, until every message has come to its end."""
    chance, began, killed, spent = random.Random(7), time.monotonic(), 0, Spent()
    look_every = max(0.2, people / LOOKED_AT_A_SECOND)
    running = [start_sender(order) for _ in range(SENDERS)]
    try:
        while True:
            states = await states_of(database, org_id, campaign)
            settled = sum(states.get(one, 0) for one in ("sent", "unknown", "failed", "skipped"))
            if settled >= people:
                for process in running:
                    spent.add(process)
                return states, spent, time.monotonic() - began
            if killed < kills and settled >= (killed + 1) * people // (kills + 2):
                dying = chance.choice(running)
                running.remove(dying)
                spent.add(dying)
                sender.kill(dying)
                running.append(start_sender(order))
                killed += 1
            await asyncio.sleep(look_every)
    finally:
        for process in running:
            sender.kill(process)


def start_sender(order: sender.Order) -> ForkServerProcess:
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["bench.campaign"])
    process = context.Process(target=_send, args=(order,), daemon=True)
    process.start()
    return process


def _send(order: sender.Order) -> None:
    _hold_keys()
    sender.run(order)


def _hold_keys() -> None:
    """Those that links are signed with."""
    secrets.hold(secrets.Keyring.read("", fallback="a key for the benchmark alone"))


def _cpu(process: ForkServerProcess) -> float:
    """Seconds of CPU so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int | None) -> float:
    """The most memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(found) / 1024


async def states_of(database: Database, org_id: UUID, campaign: Campaign) -> dict[str, int]:
    found: dict[str, int] = {}
    async with database.transaction(Actor.system(org_id)) as tx:
        for one in await notifications.count_of_feed(tx, campaign.feed):
            found[one.state] = found.get(one.state, 0) + one.count
    return found


async def _planned(database: Database, org_id: UUID, campaign: Campaign) -> int:
    return sum((await states_of(database, org_id, campaign)).values())


def _arriving(sink: Sink) -> float:
    """Seconds: a sender that starts is not yet sending."""
    return max(0.001, max(sink.times.values()) - min(sink.times.values()))


def _rows(found: Found, sink: Sink, people: int, kills: int) -> list[Row]:
    twice = sum(1 for count in sink.arrived.values() if count > 1)
    arrived, unknown = len(sink.arrived), found.states.get("unknown", 0)
    lost = max(0, people - unknown - arrived)
    told: dict[str, Any] = dict(sorted(found.rows.items()))
    return [
        Row("arrived", f"{arrived:,} of {people:,}"),
        Row("arrived twice", f"{twice}", "0", "ok" if twice == 0 else "MISSED"),
        Row("lost (neither arrived nor in doubt)", f"{lost}", "0", "ok" if not lost else "MISSED"),
        Row("in doubt (unknown)", f"{unknown}", f"at most {kills * CONNECTIONS}"),
        Row("planned, policy asked, a second", f"{people / found.planning:,.0f}"),
        Row("messages a second, first to last arrival", f"{arrived / _arriving(sink):,.0f}"),
        Row("CPU of the senders, ms a message", f"{found.cpu * 1000 / max(1, arrived):.1f}"),
        Row("memory of a sender at most, MB", f"{found.sender_mb:,.0f}"),
        Row("memory of who plans, takes and tells, MB", f"{found.own_mb:,.0f}"),
        Row("rows of the campaign afterwards", ", ".join(f"{k} {n:,}" for k, n in told.items())),
        Row("told of them, seconds", f"{found.telling:,.0f}"),
    ]
