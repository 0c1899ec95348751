"""The counter where orders queue: concurrent requests of one process share a transaction.

A writer takes whatever waits, up to a batch, and commits it as a whole; when nothing waits, a
batch is one order and nobody has waited for anybody. A batch that fails rolls back, and each of its
orders is then tried alone, so a bad order hurts only itself. Nobody is answered before the commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tandem.contracts.orders import OrderSnapshot
from tandem.flows.place_order.basket import NewOrder
from tandem.flows.place_order.placing import BATCH_MAX, place_last
from tandem.kernel import audit, idempotency
from tandem.kernel.actor import Actor, Origin
from tandem.kernel.db import LOST, Database, Tx
from tandem.kernel.errors import Refusal, Unavailable
from tandem.kernel.idempotency import Answer, check_same_request

WRITERS_MAX = 2
JOIN_FROM = 32
"""A second writer helps from this many waiting orders on; fewer are cheaper in one batch."""
STAY_FROM = 8
"""It goes home when fewer than this are left: two half batches take longer than a whole one."""
TOLD_AT_ONCE = 4
"""Writing an answer out takes a quarter of a millisecond of the loop that everybody shares."""
WAITING_MAX = 5_000
JSON = "application/json"


class Placed(msgspec.Struct, frozen=True):
    """The answer's bytes: the order as it was placed, the same ones whenever the key returns."""

    body: bytes
    is_replay: bool = False


class Ask(msgspec.Struct, eq=False):
    order: NewOrder
    origin: Origin
    key: str | None
    fingerprint: bytes
    answer: asyncio.Future[Placed]
    outcome: Placed | Refusal | None = None
    """What was committed for it; the caller may be told in a later turn of the loop."""

    def tell(self) -> None:
        assert self.outcome is not None, "nobody is told before the commit"
        if isinstance(self.outcome, Refusal):
            self.answer.set_exception(self.outcome)
        else:
            self.answer.set_result(self.outcome)


class Lane:
    """What waits for one actor. Orders of different people never share an audit trail."""

    def __init__(self) -> None:
        self.waiting: deque[Ask] = deque()
        self.writers: set[asyncio.Task[None]] = set()


class Intake:
    """One for each process. `place` returns when the order is committed, or raises its refusal."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes: dict[Actor, Lane] = {}
        self._in_work: dict[tuple[object, str], Ask] = {}

    async def place(
        self, actor: Actor, order: NewOrder, *, key: str | None = None, fingerprint: bytes = b""
    ) -> Placed:
        """Place one order. With a key, asking again with the same request gets the same bytes.

        Refuses what placing refuses, a key that came with another request
        (`idempotency_key_reused`), and with Unavailable when too many are waiting.
        """
        actor.require("orders.write")
        # One lane for all requests of one person: which request it was makes no other actor.
        origin = actor.origin
        actor = msgspec.structs.replace(actor, origin=Origin())
        if key is None:
            return await self._queue(actor, order, origin, None, fingerprint)
        while (twin := self._in_work.get((actor.org_id, key))) is not None:
            check_same_request(twin.fingerprint, fingerprint)
            await asyncio.wait([twin.answer])
        return await self._queue(actor, order, origin, key, fingerprint)

    async def _queue(
        self, actor: Actor, order: NewOrder, origin: Origin, key: str | None, fingerprint: bytes
    ) -> Placed:
        lane = self._lanes.get(actor)
        if lane is None:
            lane = self._lanes[actor] = Lane()
        if len(lane.waiting) >= WAITING_MAX:
            raise Unavailable("Too many orders are waiting. Try again in a moment.")
        ask = Ask(order, origin, key, fingerprint, asyncio.get_running_loop().create_future())
        if key is not None:
            self._in_work[actor.org_id, key] = ask
        lane.waiting.append(ask)
        if not lane.writers or (len(lane.writers) < WRITERS_MAX and len(lane.waiting) >= JOIN_FROM):
            lane.writers.add(asyncio.create_task(self._write(actor, lane)))
        # The order is placed even if its caller hangs up: only then is a retry with the key safe.
        return await asyncio.shield(ask.answer)

    async def _write(self, actor: Actor, lane: Lane) -> None:
        try:
            # Requests that have arrived but were not looked at yet come along.
            await asyncio.sleep(0)
            while lane.waiting:
                batch = [lane.waiting.popleft() for _ in range(min(len(lane.waiting), BATCH_MAX))]
                try:
                    await self._serve(actor, batch)
                finally:
                    self._leave(actor, batch)
                if len(lane.writers) > 1 and len(lane.waiting) < STAY_FROM:
                    break
        finally:
            task = asyncio.current_task()
            assert task is not None, "a writer runs as a task"
            lane.writers.discard(task)
            if not lane.writers and not lane.waiting:
                self._lanes.pop(actor, None)

    def _leave(self, actor: Actor, batch: Sequence[Ask]) -> None:
        for ask in batch:
            if ask.key is not None:
                self._in_work.pop((actor.org_id, ask.key), None)
            if ask.outcome is None and not ask.answer.done():
                ask.answer.set_exception(Unavailable("The server is stopping. Try again."))
            ask.answer.add_done_callback(_is_seen)

    async def _serve(self, actor: Actor, batch: Sequence[Ask]) -> None:
        is_sent = False
        try:
            async with self._database.transaction(actor) as tx:
                outcomes = await _answer(tx, batch, now=self._database.clock.now())
                is_sent = True
        except idempotency.KeyTaken:
            # Another process answered under the key since we looked: look again, each by itself.
            for ask in batch:
                await self._serve(actor, [ask])
            return
        except Exception as reason:  # each waiting caller gets it, or is served alone
            if len(batch) == 1:
                batch[0].answer.set_exception(_told(reason, is_sent=is_sent))
            else:
                await self._serve_alone(actor, batch, reason, is_sent=is_sent)
            return
        for ask, outcome in zip(batch, outcomes, strict=True):
            ask.outcome = outcome
        _tell(batch)

    async def _serve_alone(
        self, actor: Actor, batch: Sequence[Ask], reason: Exception, *, is_sent: bool
    ) -> None:
        """After a rollback each order is tried by itself.

        When the connection was lost during the commit nobody knows whether it took place: with a
        key a second attempt finds out, without one it might place the order twice.
        """
        is_unknown = is_sent and isinstance(reason, LOST)
        for ask in batch:
            if is_unknown and ask.key is None:
                ask.answer.set_exception(_told(reason, is_sent=is_sent))
            else:
                await self._serve(actor, [ask])


def _tell(batch: Sequence[Ask]) -> None:
    """Answer a few callers in each turn of the loop: between them the next batch, which may hold
    the shelf by now, hears of its own statements."""
    for ask in batch[:TOLD_AT_ONCE]:
        ask.tell()
    if rest := batch[TOLD_AT_ONCE:]:
        asyncio.get_running_loop().call_soon(_tell, rest)


def _is_seen(answer: asyncio.Future[Placed]) -> None:
    """Whoever hung up never reads what was told, and that is no error."""
    if not answer.cancelled():
        answer.exception()


def _told(reason: Exception, *, is_sent: bool) -> Exception:
    """What a caller is told of a failure that was not a refusal."""
    if isinstance(reason, Refusal) or not isinstance(reason, LOST):
        return reason
    if is_sent:
        return Unavailable(
            "The database was lost while committing. The order may be placed: repeat with the "
            "same Idempotency-Key, or look it up."
        )
    return Unavailable("The database is away. Nothing was placed; try again.")


async def _answer(tx: Tx, batch: Sequence[Ask], *, now: datetime) -> list[Placed | Refusal]:
    """Replay what was answered before, place the rest, and keep their answers."""
    keys = [ask.key for ask in batch if ask.key is not None]
    kept = await idempotency.find(tx, keys, now=now) if keys else {}
    fresh = [ask for ask in batch if ask.key is None or ask.key not in kept]
    placed = iter(await place_last(tx, [ask.order for ask in fresh], now=now) if fresh else [])
    outcomes: list[Placed | Refusal] = []
    answers: list[idempotency.Kept] = []
    noted: list[audit.Noted] = []
    for ask in batch:
        if ask.key is not None and ask.key in kept:
            outcomes.append(_replay(kept[ask.key], ask))
            continue
        outcome = next(placed)
        if isinstance(outcome, OrderSnapshot):
            body = msgspec.json.encode(outcome)
            outcomes.append(Placed(body))
            noted.append(audit.Noted(outcome.id, _facts(outcome), ask.origin))
            if ask.key is not None:
                answers.append(_kept(ask.key, ask.fingerprint, body))
        else:
            outcomes.append(outcome)
    if answers:
        await idempotency.keep(tx, answers, now=now)
    if noted:
        await audit.write_many(tx, noted, action="orders.place", subject_kind="order", now=now)
    return outcomes


def _facts(order: OrderSnapshot) -> dict[str, Any]:
    return {
        "number": order.number,
        "customer_id": order.customer_id,
        "total_minor": order.total_minor,
        "currency": order.currency,
    }


def _replay(answer: Answer, ask: Ask) -> Placed | Refusal:
    try:
        check_same_request(answer.fingerprint, ask.fingerprint)
    except Refusal as refusal:
        return refusal
    return Placed(answer.body, is_replay=True)


def _kept(key: str, fingerprint: bytes, body: bytes) -> idempotency.Kept:
    return idempotency.Kept(
        key=key, fingerprint=fingerprint, status=201, media_type=JSON, body=body
    )
