"""The lanes: how many connections each has, and the job that empties one."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from tandem.crm.notifications.domain.messages import Lane, Message
from tandem.crm.notifications.service import leaving, planning
from tandem.crm.notifications.service.handing import LeaseLost
from tandem.crm.notifications.service.leaving import Result
from tandem.crm.notifications.service.roads import Roads
from tandem.crm.notifications.service.taking import NotYet, take
from tandem.flows.send_messages.claiming import Ready, take_in_hand, take_one
from tandem.flows.send_messages.writing import Together
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
        elif at := await leaving.next_turn(tx, Lane(lane), now=now):
            delay = max(at - now, SHORTEST_WAIT)
            await planning.wake(tx, Lane(lane), delay=delay, is_sweep=True)


async def run_lane(work: Work, lane: Lane, *, seconds: float, budget: Budget | None = None) -> bool:
    """True when the time was up first. A batch that was begun is finished. With a `budget` of its
    own it shares no connections with anybody."""
    until = time.monotonic() + seconds
    allowed = budget or BUDGETS[lane]
    connections = asyncio.Semaphore(budget.connections) if budget else _connections_of(lane)
    while True:
        ready = await take_in_hand(work, lane, count=allowed.batch)
        if ready is None:
            return False
        await send_all(work, ready, connections)
        if time.monotonic() >= until:
            return True


async def deliver(work: Work, message_id: str) -> None:
    """One message at once, out of turn."""
    ready = await take_one(work, UUID(message_id))
    await send_all(work, ready, asyncio.Semaphore(1))


async def send_all(work: Work, ready: Sequence[Ready], connections: asyncio.Semaphore) -> None:
    """All at once within the connections; settled as they come back, many in one transaction."""

    async def hand_over(
        handed: Sequence[tuple[Message, UUID | None]],
    ) -> list[Exception | None]:
        now = work.now()
        messages = [message for message, _ in handed]
        async with work.transaction() as tx:
            done = await leaving.hand_over_many(tx, messages, now=now)
            await leaving.note_carriers(
                tx, [(one.id, by) for one, by in handed if by and one.id in done.ours], now=now
            )
        return [
            None
            if message.id in done.ours
            else NotYet(done.wait[message.id])
            if message.id in done.wait
            else LeaseLost()
            for message in messages
        ]

    async def settle(results: Sequence[Result]) -> list[None]:
        async with work.transaction() as tx:
            await leaving.record_results(tx, results, now=work.now())
        return [None] * len(results)

    handing: Together[tuple[Message, UUID | None], Exception | None] = Together(hand_over)
    settling: Together[Result, None] = Together(settle)
    roads = Roads(work)

    async def one(ready: Ready) -> None:
        async def say(provider_id: UUID | None) -> None:
            refusal = await handing.do((ready.message, provider_id))
            if refusal is not None:
                raise refusal

        # The place is given up only once the end is written: so whoever is killed leaves at most
        # as many in doubt as it has connections.
        async with connections:
            result = await take(work, ready.message, ready.content, hand_over=say, roads=roads)
            if result is not None:
                await settling.do(result)

    # All of them come to their end, also where one fails: what is under way is never cut off.
    ends = await asyncio.gather(*(one(each) for each in ready), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


def _connections_of(lane: Lane) -> asyncio.Semaphore:
    held = _connections.setdefault(asyncio.get_running_loop(), {})
    if lane not in held:
        held[lane] = asyncio.Semaphore(BUDGETS[lane].connections)
    return held[lane]
