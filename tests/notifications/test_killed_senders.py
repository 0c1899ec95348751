"""A-MKT-1: real senders, killed at random. Nothing is lost, nothing comes twice."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest

from tandem.crm.notifications import service
from tandem.kernel.jobs import Work
from tests.databases import as_app
from tests.notifications import sender
from tests.notifications.givens import SITE, Post, header
from tests.notifications.test_lanes import outgoing, plan
from tests.sandbox.serving import Sandbox

MESSAGES, KILLS, SENDERS = 200, 5, 2
PATIENCE_SECONDS = 40.0


@pytest.fixture
def order(post: Post, owner_dsn: str) -> sender.Order:
    return sender.Order(
        dsn=as_app(owner_dsn),
        org_id=post.work.org_id,
        smtp_port=post.sandbox.settings.smtp_port,
        base_url=SITE,
        connections=1,
        batch=20,
    )


@pytest.fixture
def running() -> Iterator[list[ForkServerProcess]]:
    """Senders of this test; none outlives it."""
    started: list[ForkServerProcess] = []
    yield started
    for process in started:
        if process.is_alive():
            sender.kill(process)


async def test_a_killed_sender_neither_loses_nor_doubles(
    post: Post, order: sender.Order, running: list[ForkServerProcess]
) -> None:
    await plan(post, *(outgoing(number) for number in range(MESSAGES)))
    running += [sender.start(order) for _ in range(SENDERS)]
    chance = random.Random(20261122)
    async for settled in progress(post.work):
        killed = len(running) - SENDERS
        if killed < KILLS and settled >= (killed + 1) * MESSAGES // (KILLS + 2):
            await asyncio.sleep(chance.uniform(0, 0.05))
            alive = [process for process in running if process.is_alive()]
            sender.kill(chance.choice(alive))
            running.append(sender.start(order))
    states = await tally(post.work)
    arrived = Counter(header(mail, "Message-ID") for mail in everything(post.sandbox))

    assert sum(states.values()) == MESSAGES
    assert set(states) <= {"sent", "unknown"}, states
    assert len(running) == SENDERS + KILLS, "every kill took place while there was work"
    assert max(arrived.values()) == 1, "nothing came twice"
    unknown = states.get("unknown", 0)
    assert unknown <= KILLS, "with one connection at most one message is in doubt for each kill"
    assert MESSAGES - unknown <= len(arrived) <= MESSAGES, "what was sent arrived"


async def progress(work: Work) -> AsyncIterator[int]:
    """How many have been settled so far, until all are."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        states = await tally(work)
        settled = states.get("sent", 0) + states.get("unknown", 0)
        yield settled
        if settled == MESSAGES:
            return
        assert time.monotonic() < deadline, states
        await asyncio.sleep(0.05)


async def tally(work: Work) -> dict[str, int]:
    async with work.transaction() as tx:
        return {one.state: one.count for one in await service.count_of_feed(tx, "stream:summer")}


def everything(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The whole mailbox, in pages by the last digit of the address."""
    return [
        mail
        for digit in range(10)
        for mail in sandbox.http.get(f"/api/messages?kind=email&to={digit}@example.test").json()
    ]
