"""A campaign to a mail server that counts, with senders killed at random, and codes meanwhile.

`python -m bench.sending --messages 10000 --kills 30`: prints what arrived, how often, how fast.
"""

import argparse
import asyncio
import random
import tempfile
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from uuid import UUID

import msgspec

from bench.sink import Sink
from bench.table import Row, show
from tandem.app.embedded import EmbeddedPostgres
from tandem.app.migrate import migrate
from tandem.app.settings import app_dsn_of
from tandem.app.wiring import import_reactions
from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tests.notifications import sender

ROLE, PASSWORD = "tandem_bench", "bench"
FEED = "stream:bench"
AT_ONCE = 1_000
CODE_EVERY_SECONDS = 0.5
PLACE = "http://bench.test"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    messages: int
    kills: int
    senders: int
    connections: int
    per_minute: int | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    plan: Plan
    states: dict[str, int]
    elapsed: float
    codes: list[float]
    """Seconds from planning a code to its arrival."""
    busiest_minute: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.sending", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8, help="of each sender")
    parser.add_argument("--per-minute", type=int, default=None, help="throttle of the stream")
    options = parser.parse_args()
    plan = Plan(**vars(options))
    sink = Sink()
    sink.start()
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        Path(folder).chmod(0o755)
        database = EmbeddedPostgres(Path(folder) / "cluster")
        try:
            found = asyncio.run(_run(database.start(), sink, plan))
        finally:
            database.stop()
    sink.stop()
    show(f"A campaign of {plan.messages:,} with {plan.kills} kills", _rows(found, sink))
    return 0


async def _run(owner_dsn: str, sink: Sink, plan: Plan) -> Found:
    await migrate(owner_dsn, app_role=ROLE, app_password=PASSWORD)
    import_reactions()
    dsn = app_dsn_of(owner_dsn, ROLE, PASSWORD)
    database = await Database.connect(dsn, size_min=1, size_max=4)
    org_id = await identity.found_organisation(
        database, name="Bench", slug="bench", now=clock.now()
    )
    await _plan(database, org_id, plan)
    order = sender.Order(dsn, org_id, sink.port, PLACE, plan.connections, 100)
    running = [sender.start(order) for _ in range(plan.senders)]
    try:
        return await _watch(database, org_id, order, running, sink, plan)
    finally:
        for process in running:
            if process.is_alive():
                sender.kill(process)
        await database.close()


async def _plan(database: Database, org_id: UUID, plan: Plan) -> None:
    for first in range(0, plan.messages, AT_ONCE):
        async with database.transaction(Actor.system(org_id)) as tx:
            last = min(first + AT_ONCE, plan.messages)
            wanted = [_letter(number) for number in range(first, last)]
            await notifications.plan(tx, wanted, now=clock.now())
    if plan.per_minute:
        async with database.transaction(Actor.system(org_id)) as tx:
            await notifications.set_feed(
                tx, FEED, per_minute=plan.per_minute, is_paused=False, now=clock.now()
            )


def _letter(number: int, *, lane: Lane = Lane.BULK, feed: str | None = FEED) -> Outgoing:
    return Outgoing(
        dedupe=f"{lane}:{number}",
        channel=Channel.EMAIL,
        kind="campaign" if lane is Lane.BULK else "sign_in_code",
        purpose="service",
        customer_id=None,
        recipient=f"p{number}@example.test",
        lane=lane,
        feed=feed,
        sender_name="Bench",
        subject=f"Letter {number}",
        text="Words of some length.\n" * 20,
        html="<p>Words of some length.</p>" * 20,
    )


async def _watch(
    database: Database,
    org_id: UUID,
    order: sender.Order,
    running: list[ForkServerProcess],
    sink: Sink,
    plan: Plan,
) -> Found:
    """Kill and start anew at even distances; plan a code every half second, and time it."""
    chance = random.Random(7)
    began, next_code, killed = time.monotonic(), 0.0, 0
    codes: dict[str, float] = {}
    while True:
        states = await _states(database, org_id)
        settled = sum(count for state, count in states.items() if state in {"sent", "unknown"})
        if settled >= plan.messages:
            break
        if killed < plan.kills and settled >= (killed + 1) * plan.messages // (plan.kills + 2):
            sender.kill(chance.choice([one for one in running if one.is_alive()]))
            running.append(sender.start(order))
            killed += 1
        if time.monotonic() >= next_code:
            codes |= await _code(database, org_id, len(codes))
            next_code = time.monotonic() + CODE_EVERY_SECONDS
        await asyncio.sleep(0.05)
    elapsed = max(sink.times.values()) - began
    waits = [sink.times[one] - at for one, at in codes.items() if one in sink.times]
    return Found(
        plan=plan,
        states=states,
        elapsed=elapsed,
        codes=sorted(waits),
        busiest_minute=_busiest(sorted(sink.times.values())),
    )


async def _code(database: Database, org_id: UUID, number: int) -> dict[str, float]:
    """What the mail server will know it by, and when it was planned."""
    async with database.transaction(Actor.system(org_id)) as tx:
        wanted = _letter(number, lane=Lane.OTP, feed=None)
        (message_id,) = await notifications.plan(tx, [wanted], now=clock.now())
    return {f"<{message_id}@tandem.test>": time.monotonic()}


async def _states(database: Database, org_id: UUID) -> dict[str, int]:
    async with database.transaction(Actor.system(org_id)) as tx:
        counted = await notifications.count_of_feed(tx, FEED)
    return {one.state: one.count for one in counted}


def _busiest(times: list[float]) -> int:
    most, first = 0, 0
    for place, at in enumerate(times):
        while times[first] <= at - 60:
            first += 1
        most = max(most, place - first + 1)
    return most


def _rows(found: Found, sink: Sink) -> list[Row]:
    plan = found.plan
    twice = sum(1 for count in sink.arrived.values() if count > 1)
    arrived = len(sink.arrived) - len(found.codes)
    unknown = found.states.get("unknown", 0)
    at_most = plan.kills * plan.connections
    lost = plan.messages - unknown - arrived
    rows = [
        Row("arrived", f"{arrived:,} of {plan.messages:,}"),
        Row("arrived twice", f"{twice}", "0", "ok" if twice == 0 else "MISSED"),
        Row("lost (neither arrived nor in doubt)", f"{max(lost, 0)}", "0"),
        Row("in doubt (unknown)", f"{unknown}", f"at most {at_most}"),
        Row("by state", ", ".join(f"{name} {n:,}" for name, n in sorted(found.states.items()))),
        Row("messages a second", f"{arrived / found.elapsed:.0f}"),
        Row("busiest 60 seconds", f"{found.busiest_minute:,}", str(plan.per_minute or "")),
    ]
    if found.codes:
        middle, last = found.codes[len(found.codes) // 2], found.codes[-1]
        rows.append(
            Row(
                "a code meanwhile",
                f"p50 {middle:.2f} s, slowest {last:.2f} s of {len(found.codes)}",
            )
        )
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
