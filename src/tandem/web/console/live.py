"""What happened, told to open consoles: one event stream per browser, fed from the event log.

Each web process looks at the log of every organisation that somebody watches, twice a second, and
not at all when nobody does. Only topics and keys are told; pages ask again for what they may see.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, get
from litestar.response import Stream

from tandem.kernel import history
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, Refusal
from tandem.kernel.http import Acting, Store
from tandem.kernel.ids import parse_id
from tandem.kernel.ownership import sees_order

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15
SESSION_LOOK_SECONDS = 1.0
WAITING_MAX = 200
INBOX = "notifications.inbox"
"""Nobody hears when somebody else is told something."""
BEHIND_MAX = 400
"""Sequence numbers may commit out of order; this far back is looked at again."""


class Told(msgspec.Struct, frozen=True):
    """`key` is the order's id for everything of an order's life."""

    topic: str
    key: str


class Watch:
    """One organisation's log, read while somebody watches it."""

    def __init__(self, database: Database, org_id: UUID) -> None:
        self._database = database
        self._actor = Actor.system(org_id, "Console")
        self._task: asyncio.Task[None] | None = None
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._high = -1
        self.watchers: set[asyncio.Queue[Told]] = set()

    def join(self) -> asyncio.Queue[Told]:
        queue: asyncio.Queue[Told] = asyncio.Queue(WAITING_MAX)
        self.watchers.add(queue)
        if self._task is None or self._task.done():
            self._high = -1
            self._task = asyncio.create_task(self._look())
        return queue

    def leave(self, queue: asyncio.Queue[Told]) -> None:
        self.watchers.discard(queue)

    async def _look(self) -> None:
        while self.watchers:
            for told in await self._fresh():
                for queue in self.watchers:
                    if not queue.full():
                        queue.put_nowait(told)
            await asyncio.sleep(LOOK_SECONDS)

    async def _fresh(self) -> list[Told]:
        async with self._database.transaction(self._actor) as tx:
            is_first = self._high < 0
            if is_first:
                self._high = await history.last_seq(tx)
            marks = await history.marks_after(tx, self._high - BEHIND_MAX, limit=BEHIND_MAX * 3)
        fresh = [mark for mark in marks if mark.seq not in self._seen]
        for mark in fresh:
            self._seen[mark.seq] = None
            self._high = max(self._high, mark.seq)
        while len(self._seen) > BEHIND_MAX * 3:
            self._seen.popitem(last=False)
        if is_first:
            return []
        return list(dict.fromkeys(Told(mark.topic, mark.key) for mark in fresh))


_watches: dict[tuple[int, UUID], Watch] = {}


def watch_of(database: Database, org_id: UUID) -> Watch:
    return _watches.setdefault((id(database), org_id), Watch(database, org_id))


class LiveController(Controller):
    include_in_schema = False

    @get("/console/stream")
    async def stream(
        self, request: Request[Any, Any, Any], actor: Acting, database: Store
    ) -> Stream:
        """Topics and keys as they happen. Opens no transaction, so the stream flows at once.

        It ends with the session that opened it, within a second or two.
        """
        if actor.kind is not Kind.STAFF:
            raise Forbidden("The console is for staff.", permission="console")
        return Stream(
            _tell(
                watch_of(database, actor.org_id),
                partial(_is_still_here, request, actor),
                partial(is_theirs, database, actor),
            ),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )


async def _is_still_here(request: Request[Any, Any, Any], actor: Actor) -> bool:
    """The authenticator remembers for a second, so this costs one look-up a second at most."""
    try:
        found: Actor | None = await request.app.state.authenticator.actor_of(request.scope)
    except Refusal:
        return False
    return found is not None and found.org_id == actor.org_id


async def is_theirs(database: Database, actor: Actor, told: Told) -> bool:
    """Whoever does not reach everything hears of their own orders' lives alone.

    What they reached when the stream began counts: a page asks again for what it shows anyway.
    """
    if told.topic.startswith(INBOX):
        return told.key == str(actor.user_id)
    if actor.reach("orders.read").is_all or actor.standing is None:
        return True
    key = parse_id(told.key)
    if key is None:
        return False
    async with database.transaction(actor) as tx:
        return await sees_order(tx, "orders.read", key)


async def _tell(
    watch: Watch,
    is_still_here: Callable[[], Awaitable[bool]],
    is_told: Callable[[Told], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    queue = watch.join()
    quiet_seconds = 0.0
    try:
        yield b"retry: 2000\n: here\n\n"
        while await is_still_here():
            try:
                told = await asyncio.wait_for(queue.get(), SESSION_LOOK_SECONDS)
            except TimeoutError:
                quiet_seconds += SESSION_LOOK_SECONDS
                if quiet_seconds >= HEARTBEAT_SECONDS:
                    quiet_seconds = 0.0
                    yield b": still here\n\n"
                continue
            if not await is_told(told):
                continue
            yield b"data: " + msgspec.json.encode(told) + b"\n\n"
    finally:
        watch.leave(queue)
