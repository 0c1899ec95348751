"""The relay: hands every event to each of its subscribers, in order per key, with one effect.

A delivery is claimed, handled and marked in one transaction. A worker that dies gives it back at
once; a handler that fails is tried again with growing gaps and parked after `ATTEMPTS_MAX`. A
parked delivery holds back later events of its key until somebody retries it (`tandem doctor`).
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx, begin, rollback
from tandem.kernel.events import Told, subscription, tap_of

log = structlog.get_logger()

ATTEMPTS_MAX = 12
GAP_FIRST = timedelta(milliseconds=200)
GAP_MAX = timedelta(minutes=10)
BATCH = 20

CLAIM = Query(
    """
    select org_id, id, subscriber, attempts, event_id
      from kernel.claim_deliveries(:now, :count)
    """,
    beyond_org="the worker serves every organisation and enters one after claiming",
)

EVENT = Query(
    """
    select id, topic, key, payload, occurred_at
      from kernel.event
     where org_id = :org_id and id = :event_id
    """
)

DONE = Query("delete from kernel.delivery where org_id = :org_id and id = :id")

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
    """Claim up to `BATCH` due deliveries and handle each in its own savepoint. Returns how many.

    One transaction carries several deliveries, because the commit is the dear part; a failing
    handler loses only its own savepoint.
    """
    now = database.clock.now()
    async with database.pool.acquire() as connection:
        await begin(connection, UUID(int=0))
        try:
            claims = await _claim(connection, now)
            for claim in claims:
                await _handle(connection, claim, now)
        except BaseException:
            await rollback(connection)
            raise
        await connection.execute("commit")
    return len(claims)


async def _claim(connection: Any, now: datetime) -> list[_Claim]:
    values = {"now": now, "count": BATCH}
    rows = await connection.fetch(CLAIM.sql, *[values[name] for name in CLAIM.names])
    return msgspec.convert([dict(row) for row in rows], list[_Claim])


async def _handle(connection: Any, claim: _Claim, now: datetime) -> None:
    await connection.execute(f"set local app.org_id = '{claim.org_id}'; savepoint one")
    tx = Tx(connection, Actor.system(claim.org_id), now)
    try:
        event = (await tx.records(EVENT, event_id=claim.event_id))[0]
        await _hand_over(tx, claim.subscriber, event, now)
        await tx.later(DONE, id=claim.id)
        await tx.end()
        await connection.execute("release savepoint one")
    except Exception as reason:  # the worker's edge: whatever a handler raises is kept and retried
        if connection.is_closed():
            raise
        await connection.execute("rollback to savepoint one")
        await _postpone(tx, claim, reason, now)


async def _hand_over(tx: Tx, subscriber: str, event: Any, now: datetime) -> None:
    if forward := tap_of(subscriber):
        return await forward(tx, Told(**dict(event)), now)
    found = subscription(event["topic"], subscriber)
    assert found, f"nobody here answers to {subscriber} for {event['topic']}"
    if found.takes_told:
        return await found.handle(tx, Told(**dict(event)), now)
    return await found.handle(tx, msgspec.convert(event["payload"], found.event), now)


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
