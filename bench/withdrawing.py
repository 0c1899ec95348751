"""People who say no while a campaign goes out to them: how long afterwards a letter was still
handed over (A-CUS-14; docs/guides/sending-rules.md promises half a minute).

`python -m bench withdrawing`; TANDEM_BENCH_PEOPLE (5,000). The mail server counts (bench.sink).
"""

import asyncio
import os
import random
import time
from collections.abc import Mapping
from uuid import UUID

import asyncpg
import msgspec

from bench.campaign import SENDERS, at_work, begin, start_sender, states_of
from bench.sending import PLACE
from bench.sink import Sink
from bench.table import Row, at_most
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.marketing.domain.campaigns import Campaign
from tandem.flows.campaign_sending import step
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tests.notifications import sender

PEOPLE = int(os.environ.get("TANDEM_BENCH_PEOPLE", "5000"))
SECONDS_MAX = 30.0
AT_ONCE, PAUSE_SECONDS = 25, 0.1
CONNECTIONS, BATCH = 4, 100
ENDED = ("sent", "unknown", "failed", "skipped")
NO = NewConsent(purpose="marketing", channel="email", is_granted=False, source="phone")
LETTERS = """
select id, customer_id, state, reason from notifications.message where org_id = $1 and feed = $2
"""


class Letter(msgspec.Struct, frozen=True):
    """`late` is how many seconds after its recipient said no it arrived: below zero, before."""

    customer_id: UUID
    state: str
    reason: str
    late: float | None


def measure(people: int = PEOPLE) -> list[Row]:
    with at_work() as (owner_dsn, sink):
        letters, said = asyncio.run(_run(owner_dsn, sink, people))
    return _rows(letters, said, people)


async def _run(
    owner_dsn: str, sink: Sink, people: int
) -> tuple[list[Letter], Mapping[UUID, float]]:
    database, dsn, campaign, work = await begin(owner_dsn, people)
    org_id = work.org_id
    while sum((await states_of(database, org_id, campaign)).values()) < people:
        await step(work, str(campaign.id))
    order = sender.Order(dsn, org_id, sink.port, PLACE, CONNECTIONS, BATCH)
    owner = await asyncpg.connect(owner_dsn)
    rows = await owner.fetch(LETTERS, org_id, campaign.feed)
    asked = [row["customer_id"] for row in rows]
    said = await _withdraw(database, org_id, campaign, order, asked)
    came = {name.strip("<").partition("@")[0]: at for name, at in sink.times.items()}
    rows = await owner.fetch(LETTERS, org_id, campaign.feed)
    letters = [_letter(row, came, said) for row in rows]
    await owner.close()
    await database.close()
    return letters, said


async def _withdraw(
    database: Database, org_id: UUID, campaign: Campaign, order: sender.Order, asked: list[UUID]
) -> dict[UUID, float]:
    """Half of them say no, some at a time, until every letter has its end; when each did."""
    random.Random(7).shuffle(asked)
    leaving, said = asked[: len(asked) // 2], dict[UUID, float]()
    running = [start_sender(order) for _ in range(SENDERS)]
    try:
        while True:
            some, leaving = leaving[:AT_ONCE], leaving[AT_ONCE:]
            async with database.transaction(Actor.system(org_id)) as tx:
                for customer_id in some:
                    await customers.record_consent(tx, customer_id, NO, now=clock.now())
            said |= dict.fromkeys(some, time.monotonic())
            states = await states_of(database, org_id, campaign)
            if sum(states.get(one, 0) for one in ENDED) >= len(asked):
                return said
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        for process in running:
            sender.kill(process)


def _letter(row: asyncpg.Record, came: Mapping[str, float], said: Mapping[UUID, float]) -> Letter:
    arrived = came.get(str(row["id"]))
    no = said.get(row["customer_id"])
    late = arrived - no if arrived is not None and no is not None else None
    return Letter(row["customer_id"], row["state"], row["reason"] or "", late)


def _rows(letters: list[Letter], said: Mapping[UUID, float], people: int) -> list[Row]:
    spared = [one for one in letters if one.state == "skipped" and one.reason == "no_consent"]
    left = [one for one in letters if one.customer_id in said]
    after = [one.late for one in left if one.late is not None and one.late > 0]
    others = [one for one in letters if one.customer_id not in said and one.state != "sent"]
    worst = max(after, default=0.0)
    return [
        Row(f"said no while {people:,} were written to", f"{len(said):,}"),
        Row("  spared: their row says no_consent", f"{len(spared):,}"),
        Row("  had their letter before they said no", f"{len(left) - len(spared) - len(after):,}"),
        Row("  had it after that, already in a sender's hand", f"{len(after):,}"),
        at_most("  the longest after, seconds", worst, SECONDS_MAX, unit=" s", budget="< 30 s"),
        at_most("others who got nothing", len(others), 0, unit="", budget="none"),
    ]
