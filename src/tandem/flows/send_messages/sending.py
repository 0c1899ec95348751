"""Messages on their way: at most so many connections at once, and what they write gathered."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.service import leaving
from tandem.crm.notifications.service.handing import LeaseLost
from tandem.crm.notifications.service.leaving import Result
from tandem.crm.notifications.service.roads import Roads
from tandem.crm.notifications.service.taking import NotYet, take
from tandem.flows.send_messages.claiming import Ready
from tandem.flows.send_messages.writing import Together
from tandem.kernel.jobs import Work

Handed = tuple[Message, UUID | None]
"""A message, and the company's own provider that is to have it."""


class Sending:
    """One slow message keeps one connection, and none of the others waiting.

    All of them come to their end, also where one fails: what is under way is never cut off.
    """

    def __init__(self, work: Work, connections: asyncio.Semaphore) -> None:
        self._work = work
        self._connections = connections
        self._roads = Roads(work)
        self._handing: Together[Handed, Exception | None] = Together(self._hand_over)
        self._settling: Together[Result, None] = Together(self._settle)
        self._under_way: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._failures: list[BaseException] = []

    @property
    def is_idle(self) -> bool:
        return not self._under_way

    @property
    def has_failed(self) -> bool:
        return bool(self._failures)

    def begin(self, ready: Sequence[Ready]) -> None:
        for one in ready:
            task = asyncio.create_task(self._send(one))
            self._under_way.add(task)
            task.add_done_callback(self._note_end)

    async def until_left(self, count: int) -> None:
        """Wait until no more than so many are under way."""
        while len(self._under_way) > count:
            self._ended.clear()
            await self._ended.wait()

    async def finish(self) -> None:
        """Wait for all of them. Raises what the first failed with that did."""
        await self.until_left(0)
        if self._failures:
            raise self._failures[0]

    def abandon(self) -> None:
        """The process is going down: whatever is in the middle of something stays in doubt."""
        for task in self._under_way:
            task.cancel()

    async def _send(self, ready: Ready) -> None:
        async def say(provider_id: UUID | None) -> None:
            refusal = await self._handing.do((ready.message, provider_id))
            if refusal is not None:
                raise refusal

        # The place is given up only once the end is written: so whoever is killed leaves at most
        # as many in doubt as it has connections.
        async with self._connections:
            result = await take(
                self._work, ready.message, ready.content, hand_over=say, roads=self._roads
            )
            if result is not None:
                await self._settling.do(result)

    async def _hand_over(self, handed: Sequence[Handed]) -> list[Exception | None]:
        now = self._work.now()
        messages = [message for message, _ in handed]
        async with self._work.transaction() as tx:
            done = await leaving.hand_over_many(tx, messages, now=now)
            carried = [(one.id, by) for one, by in handed if by and one.id in done.ours]
            await leaving.note_carriers(tx, carried, now=now)
        return [
            None
            if message.id in done.ours
            else NotYet(done.wait[message.id])
            if message.id in done.wait
            else LeaseLost()
            for message in messages
        ]

    async def _settle(self, results: Sequence[Result]) -> list[None]:
        async with self._work.transaction() as tx:
            await leaving.record_results(tx, results, now=self._work.now())
        return [None] * len(results)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._ended.set()
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)
