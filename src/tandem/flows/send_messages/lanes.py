"""The lanes: how many connections each has, and the job that empties one."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.service import pacing, planning
from tandem.flows.send_messages.claiming import Ready, take_in_hand, take_one
from tandem.flows.send_messages.sending import Sending
from tandem.kernel.jobs import Work, job

RUN_SECONDS = 1.5
"""A job's turn, so that a worker that stops is soon done with it; another job goes on."""


SHORTEST_WAIT = timedelta(milliseconds=500)


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """`connections` at once in a worker, and how many messages are taken in hand at a time."""

    connections: int
    batch: int


BUDGETS: Mapping[Lane, Budget] = {
    Lane.OTP: Budget(connections=8, batch=16),
    Lane.TRANSACTIONAL: Budget(connections=8, batch=32),
    Lane.BULK: Budget(connections=8, batch=100),
}

_connections: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Lane, asyncio.Semaphore]] = (
    WeakKeyDictionary()
)
"""Of this process: several companies' jobs share them."""


@job(planning.SEND_LANE)
async def send_lane(work: Work, lane: str) -> None:
    """Send what is due, for a while; what is left, or throttled, is another job's."""
    is_more = await run_lane(work, Lane(lane), seconds=RUN_SECONDS)
    now = work.now()
    async with work.transaction() as tx:
        if is_more:
            await planning.wake(tx, Lane(lane))
        elif at := await pacing.next_turn(tx, Lane(lane), now=now):
            delay = max(at - now, SHORTEST_WAIT)
            await planning.wake(tx, Lane(lane), delay=delay, is_sweep=True)


async def run_lane(work: Work, lane: Lane, *, seconds: float, budget: Budget | None = None) -> bool:
    """True when the time was up first. What was begun is finished. With a `budget` of its own it
    shares no connections with anybody.

    The next messages are taken in hand while the last ones still travel: whoever is slow to take
    one keeps nobody else waiting.
    """
    until = time.monotonic() + seconds
    allowed = budget or BUDGETS[lane]
    connections = asyncio.Semaphore(budget.connections) if budget else _connections_of(lane)
    sending = Sending(work, connections)
    try:
        return await _empty(work, lane, allowed, sending, until)
    except asyncio.CancelledError:
        sending.abandon()
        raise
    finally:
        await sending.finish()


async def _empty(work: Work, lane: Lane, allowed: Budget, sending: Sending, until: float) -> bool:
    while not sending.has_failed:
        was_idle = sending.is_idle
        ready = await take_in_hand(work, lane, count=allowed.batch)
        if ready is None and was_idle:
            return False
        if ready:
            sending.begin(ready)
        # What is short was all there is, or a single one that finds out whether a channel can be
        # reached again: what comes of it is waited for. Then there may be room where none was.
        is_short = len(ready or ()) < allowed.batch // 2
        await sending.until_left(0 if is_short else allowed.batch // 2)
        if time.monotonic() >= until:
            return True
    return False


async def deliver(work: Work, message_id: str) -> None:
    """One message at once, out of turn."""
    await send_all(work, await take_one(work, UUID(message_id)), asyncio.Semaphore(1))


async def send_all(work: Work, ready: Sequence[Ready], connections: asyncio.Semaphore) -> None:
    sending = Sending(work, connections)
    sending.begin(ready)
    try:
        await sending.finish()
    except asyncio.CancelledError:
        sending.abandon()
        raise


def _connections_of(lane: Lane) -> asyncio.Semaphore:
    held = _connections.setdefault(asyncio.get_running_loop(), {})
    if lane not in held:
        held[lane] = asyncio.Semaphore(BUDGETS[lane].connections)
    return held[lane]
