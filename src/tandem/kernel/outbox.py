"""The relay: hands every event to each of its subscribers, in order per key, with one effect.

A delivery is claimed, handled and marked in one transaction. A worker that dies gives it back at
once; a handler that fails is tried again with growing gaps and parked after `ATTEMPTS_MAX`. A
parked delivery holds back later events of its key until somebody retries it (`tandem doctor`).

What is claimed has a key each, so its order among itself is free: who takes many is handed all of
one topic together.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx, begin, rollback
from tandem.kernel.events import Handler, Told, subscription, tap_of

log = structlog.get_logger()

ATTEMPTS_MAX = 12
GAP_FIRST = timedelta(milliseconds=200)
GAP_MAX = timedelta(minutes=10)
BATCH = 20
TOGETHER = 200
"""So many of one topic for whoever takes many, where a whole batch was waiting."""

CLAIM = Query(
    """
    select org_id, id, subscriber, attempts, event_id
      from kernel.claim_deliveries(:now, :count)
    """,
    beyond_org="the worker serves every organisation and enters one after claiming",
)

# By key, as the index has them: nothing is sorted, however much has gathered.
CLAIM_MORE = Query(
    """
    select d.org_id, d.id, d.subscriber, d.attempts, d.event_id
      from kernel.delivery d
     where d.org_id = :org_id and d.subscriber = :subscriber
       and d.parked_at is null and d.due_at <= :now
       and not exists (
           select 1 from kernel.delivery earlier
            where earlier.org_id = :org_id and earlier.subscriber = d.subscriber
              and earlier.key = d.key and earlier.id < d.id)
     order by d.key, d.id
     limit :count
       for update of d skip locked
    """
)

EVENTS = Query(
    """
    select id, topic, key, payload, occurred_at
      from kernel.event
     where org_id = :org_id and id = any(:event_ids::uuid[])
    """
)

DONE = Query("delete from kernel.delivery where org_id = :org_id and id = any(:ids::bigint[])")

POSTPONE = Query(
    """
    update kernel.delivery
       set attempts = attempts + 1, due_at = :due_at, parked_at = :parked_at, last_error = :error
     where org_id = :org_id and id = :id
    """
)

RETRY_PARKED = Query(
    """
    update kernel.delivery
       set attempts = 0, due_at = '-infinity', parked_at = null
     where org_id = :org_id and parked_at is not null
       and (:id::bigint is null or id = :id)
    """
)

LIST_PARKED = Query(
    """
    select d.id, d.subscriber, d.key, d.attempts, d.parked_at, d.last_error, e.topic
      from kernel.delivery d
      join kernel.event e on e.org_id = d.org_id and e.id = d.event_id
     where d.org_id = :org_id and d.parked_at is not null
     order by d.id
     limit 200
    """
)


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    subscriber: str
    topic: str
    key: str
    attempts: int
    parked_at: datetime
    last_error: str | None


class _Claim(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    id: int
    subscriber: str
    attempts: int
    event_id: UUID


async def list_parked(tx: Tx) -> list[Parked]:
    return await tx.many(LIST_PARKED, Parked)


async def retry_parked(tx: Tx, delivery_id: int | None = None) -> int:
    """Give parked deliveries (one, or all of the organisation) a fresh set of attempts."""
    return await tx.run(RETRY_PARKED, id=delivery_id)


async def relay_once(database: Database) -> int:
    """Claim due deliveries and handle each in a savepoint. Returns how many.

    One transaction carries several deliveries, because the commit is the dear part; a failing
    handler loses only its own savepoint.
    """
    now = database.clock.now()
    async with database.pool.acquire() as connection:
        await begin(connection, UUID(int=0))
        try:
            count = await _relay(connection, now)
        except BaseException:
            await rollback(connection)
            raise
        await connection.execute("commit")
    return count


async def _relay(connection: Any, now: datetime) -> int:
    claims = await _claim(connection, now)
    told: dict[UUID, Told] = {}
    await _read(connection, claims, told, now)
    alone, groups = _grouped(claims, told)
    for claim in alone:
        await _handle(connection, claim, told.get(claim.event_id), now)
    count = len(alone)
    for taken, group in groups.items():
        if len(claims) == BATCH:
            group += await _more(connection, taken, claims, group[0].subscriber, told, now)
        await _handle_many(connection, group, told, now)
        count += len(group)
    return count


async def _more(
    connection: Any,
    taken: "Group",
    claims: Sequence[_Claim],
    subscriber: str,
    told: dict[UUID, Told],
    now: datetime,
) -> list[_Claim]:
    """What else waits for the same taker."""
    held = {(claim.org_id, claim.id) for claim in claims}
    tx = await _enter(connection, taken[0], now)
    found = await tx.many(CLAIM_MORE, _Claim, subscriber=subscriber, now=now, count=TOGETHER)
    new = [claim for claim in found if (claim.org_id, claim.id) not in held]
    await _read(connection, new, told, now)
    return _grouped(new, told)[1].get(taken, [])


async def _claim(connection: Any, now: datetime) -> list[_Claim]:
    values = {"now": now, "count": BATCH}
    rows = await connection.fetch(CLAIM.sql, *[values[name] for name in CLAIM.names])
    return msgspec.convert([dict(row) for row in rows], list[_Claim])


async def _enter(connection: Any, org_id: UUID, now: datetime, savepoint: str = "") -> Tx:
    """From here on only what is this company's is seen."""
    begins = f"; savepoint {savepoint}" if savepoint else ""
    await connection.execute(f"set local app.org_id = '{org_id}'{begins}")
    return Tx(connection, Actor.system(org_id), now)


async def _read(
    connection: Any, claims: Sequence[_Claim], told: dict[UUID, Told], now: datetime
) -> None:
    """Bring the events that are not among `told` yet."""
    missing: dict[UUID, list[UUID]] = {}
    for claim in claims:
        if claim.event_id not in told:
            missing.setdefault(claim.org_id, []).append(claim.event_id)
    for org_id, ids in missing.items():
        tx = await _enter(connection, org_id, now)
        for row in await tx.records(EVENTS, event_ids=ids):
            told[row["id"]] = Told(**dict(row))


Group = tuple[UUID, Handler, str]
"""A company, who takes its events together, and their topic; of any where they come as told."""


def _grouped(
    claims: Sequence[_Claim], told: Mapping[UUID, Told]
) -> tuple[list[_Claim], dict[Group, list[_Claim]]]:
    """Those to be handled alone, and those that somebody takes together."""
    alone: list[_Claim] = []
    groups: dict[Group, list[_Claim]] = {}
    for claim in claims:
        event = told.get(claim.event_id)
        taker = subscription(event.topic, claim.subscriber) if event else None
        if taker is None or not taker.takes_many:
            alone.append(claim)
        else:
            topic = "" if taker.takes_told else taker.event.topic
            groups.setdefault((claim.org_id, taker.handle, topic), []).append(claim)
    return alone, groups


async def _handle_many(
    connection: Any, claims: Sequence[_Claim], told: Mapping[UUID, Told], now: datetime
) -> None:
    """All at once, and each alone where that fails: one at fault never holds up the others."""
    if len(claims) > 1:
        tx = await _enter(connection, claims[0].org_id, now, "many")
        try:
            given = [told[claim.event_id] for claim in claims]
            await _give(tx, claims[0].subscriber, given, now)
            await tx.later(DONE, ids=[claim.id for claim in claims])
            await tx.end()
            await connection.execute("release savepoint many")
        except Exception as reason:  # which one it was is found out below
            if connection.is_closed():
                raise
            log.info(
                "deliveries_failed_together", subscriber=claims[0].subscriber, error=repr(reason)
            )
            await connection.execute("rollback to savepoint many")
        else:
            return
    for claim in claims:
        await _handle(connection, claim, told[claim.event_id], now)


async def _handle(connection: Any, claim: _Claim, told: Told | None, now: datetime) -> None:
    tx = await _enter(connection, claim.org_id, now, "one")
    try:
        assert told, "what is to be told of is in the log"
        await _hand_over(tx, claim.subscriber, told, now)
        await tx.later(DONE, ids=[claim.id])
        await tx.end()
        await connection.execute("release savepoint one")
    except Exception as reason:  # the worker's edge: whatever a handler raises is kept and retried
        if connection.is_closed():
            raise
        await connection.execute("rollback to savepoint one")
        await _postpone(tx, claim, reason, now)


async def _hand_over(tx: Tx, subscriber: str, told: Told, now: datetime) -> None:
    if forward := tap_of(subscriber):
        return await forward(tx, told, now)
    return await _give(tx, subscriber, [told], now)


async def _give(tx: Tx, subscriber: str, told: Sequence[Told], now: datetime) -> None:
    found = subscription(told[0].topic, subscriber)
    assert found, f"nobody here answers to {subscriber} for {told[0].topic}"
    events = (
        told if found.takes_told else [msgspec.convert(one.payload, found.event) for one in told]
    )
    await found.take(tx, events, now)


async def _postpone(tx: Tx, claim: _Claim, reason: Exception, now: datetime) -> None:
    attempts = claim.attempts + 1
    parked = attempts >= ATTEMPTS_MAX
    log.warning(
        "delivery_failed",
        subscriber=claim.subscriber,
        attempts=attempts,
        parked=parked,
        error=type(reason).__name__,
        exc_info=reason,
    )
    await tx.run(
        POSTPONE,
        id=claim.id,
        due_at=now + min(GAP_FIRST * 2**attempts, GAP_MAX),
        parked_at=now if parked else None,
        error=f"{type(reason).__name__}: {reason}"[:2000],
    )


async def relay(database: Database, stop: asyncio.Event, *, idle_seconds: float = 0.1) -> None:
    """Relay until told to stop; sleeps only when nothing is due or the database is away."""
    while not stop.is_set():
        try:
            handled = await relay_once(database)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
            log.warning("relay_without_database", error=repr(reason))
            handled = 0
        if not handled:
            try:
                await asyncio.wait_for(stop.wait(), idle_seconds)
            except TimeoutError:
                continue


async def drain(database: Database, *, rounds: int = 200) -> int:
    """Relay until nothing is due; for tests and one-shot commands."""
    total = 0
    for _ in range(rounds):
        handled = await relay_once(database)
        if not handled:
            return total
        total += handled
    raise AssertionError(f"still busy after {rounds} rounds: does an event publish itself?")
