"""Jobs: work with a network call, a delay or a rhythm, run by `tandem worker` through pgqueuer.

`enqueue` writes in the caller's transaction, so a job exists exactly when its cause does. Jobs run
at least once: each claims its own row first (claim, call, record), so a repeat changes nothing.
"""

import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.resources import Resources

os.environ.setdefault("PGQUEUER_SCHEMA", "jobs")

T = TypeVar("T")
ATTEMPTS_MAX = 10


class Work:
    """What a job may use: transactions of its organisation, outside systems, the time."""

    def __init__(self, database: Database, resources: Resources, org_id: UUID) -> None:
        self.database = database
        self.org_id = org_id
        self._resources = resources

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self.database.transaction(Actor.system(self.org_id))

    def get(self, port: type[T]) -> T:
        return self._resources.get(port)

    def now(self) -> datetime:
        return self.database.clock.now()


class Envelope(msgspec.Struct, frozen=True):
    org_id: UUID
    payload: dict[str, Any]


JobFunction = Callable[..., Awaitable[None]]
JOBS: dict[str, JobFunction] = {}


class Rhythm(msgspec.Struct, frozen=True):
    name: str
    seconds: int
    run: JobFunction


RHYTHMS: dict[str, Rhythm] = {}


def job(name: str) -> Callable[[JobFunction], JobFunction]:
    """Register `async (work, **payload)` as `service.verb`; the name is stored, never changed."""

    def register(run: JobFunction) -> JobFunction:
        assert name not in JOBS, f"two jobs are called {name}"
        JOBS[name] = run
        return run

    return register


def every(seconds: int, name: str) -> Callable[[JobFunction], JobFunction]:
    """Register `async (work)` to run for each organisation about every `seconds`, in one worker.

    Sweeps compare rows with `work.now()`, so a moved clock moves them too. Bounded batches.
    """

    def register(run: JobFunction) -> JobFunction:
        assert name not in RHYTHMS, f"two rhythms are called {name}"
        RHYTHMS[name] = Rhythm(name, seconds, run)
        return run

    return register


async def enqueue(
    tx: Tx,
    name: str,
    *,
    delay: timedelta | None = None,
    dedupe: str | None = None,
    priority: int = 0,
    **payload: Any,
) -> None:
    """Queue a job beside the change that needs it. With `dedupe`, one waiting job is enough; of
    those that wait, the higher `priority` goes first."""
    from pgqueuer import Queries

    assert name in JOBS, f"no job is called {name}"
    body = msgspec.json.encode(Envelope(tx.actor.org_id, payload))
    await Queries.from_asyncpg_connection(tx.connection).enqueue(
        [name],
        [body],
        [priority],
        execute_after=[delay] if delay else None,
        dedupe_key=[f"{tx.actor.org_id}:{name}:{dedupe}" if dedupe else None],
        on_conflict="skip",
    )


LIST_ORGANISATIONS = Query(
    "select org_id from identity.organisation_ids()",
    beyond_org="a rhythm runs for every organisation in turn",
)


class _Org(msgspec.Struct):
    org_id: UUID


async def organisations(database: Database) -> list[UUID]:
    return [row.org_id for row in await database.look_up(LIST_ORGANISATIONS, _Org)]
