"""The worker process: relays events, runs jobs and rhythms, survives the loss of anything."""

import asyncio
import contextlib
import os
import signal
from datetime import timedelta
from functools import partial

import asyncpg
import msgspec
import structlog

from tandem.app.loading import keep_what_is_loaded
from tandem.app.logs import configure_logs
from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions, resources_of
from tandem.kernel import jobs, outbox
from tandem.kernel.db import Database
from tandem.kernel.resources import Resources

log = structlog.get_logger()
RELAYS = 2
HEARTBEAT = timedelta(seconds=30)
RHYTHMS_AT_ONCE = 8
"""Each holds a connection for its lock and works on others: were all of them to begin at once, they
would hold every connection of the pool and wait for one more."""


async def work(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; everything claimed and unfinished is free again at once."""
    configure_logs(settings.log_level, "worker")
    import_reactions()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for received in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(received, stop.set)
    database = await Database.connect(settings.app_dsn, size_min=2, size_max=24)
    resources = resources_of(settings)
    keep_what_is_loaded()
    turns = asyncio.Semaphore(RHYTHMS_AT_ONCE)
    try:
        tasks = [
            *(outbox.relay(database, stop) for _ in range(RELAYS)),
            _run_jobs(settings, database, resources, stop),
            *(
                _keep_rhythm(database, resources, rhythm, stop, turns)
                for rhythm in jobs.RHYTHMS.values()
            ),
        ]
        await asyncio.gather(*tasks)
    finally:
        await database.close()


LET_THE_NEXT_WAIT = """
    update jobs.pgqueuer set dedupe_key = null where id = $1 and dedupe_key is not null
"""


async def _run_jobs(
    settings: Settings, database: Database, resources: Resources, stop: asyncio.Event
) -> None:
    """pgqueuer on a connection of its own, made anew whenever it is lost."""
    while not stop.is_set():
        try:
            await _run_jobs_once(settings, database, resources, stop)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
            log.warning("jobs_without_database", error=repr(reason))
            await _pause(stop, 1.0)


async def _run_jobs_once(
    settings: Settings, database: Database, resources: Resources, stop: asyncio.Event
) -> None:
    from pgqueuer import PgQueuer
    from pgqueuer.executors import DatabaseRetryEntrypointExecutor

    connection = await asyncpg.connect(settings.app_dsn)
    queuer = PgQueuer.from_asyncpg_connection(connection)
    make = partial(DatabaseRetryEntrypointExecutor, max_attempts=jobs.ATTEMPTS_MAX)
    for name, run in jobs.JOBS.items():
        queuer.entrypoint(name, executor_factory=make)(_entrypoint(run, database, resources))
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    running = asyncio.create_task(
        queuer.run(dequeue_timeout=timedelta(seconds=2), heartbeat_timeout=HEARTBEAT)
    )
    ended = [asyncio.create_task(stop.wait()), asyncio.create_task(lost.wait())]
    await asyncio.wait([running, *ended], return_when=asyncio.FIRST_COMPLETED)
    queuer.shutdown.set()
    with contextlib.suppress(Exception):  # pgqueuer's own words about a connection that is gone
        await asyncio.wait_for(running, 3)
    for task in ended:
        task.cancel()
    with contextlib.suppress(Exception):
        await connection.close(timeout=1)


def _entrypoint(run: jobs.JobFunction, database: Database, resources: Resources):  # type: ignore[no-untyped-def]
    async def entry(job: object) -> None:
        # What has begun has looked already: the next one of its kind must wait for a turn of its
        # own, or what changed in between would be seen by nobody.
        await database.pool.execute(LET_THE_NEXT_WAIT, job.id)  # type: ignore[attr-defined]
        envelope = msgspec.json.decode(job.payload, type=jobs.Envelope)  # type: ignore[attr-defined]
        await run(jobs.Work(database, resources, envelope.org_id), **envelope.payload)

    return entry


async def _keep_rhythm(
    database: Database,
    resources: Resources,
    rhythm: jobs.Rhythm,
    stop: asyncio.Event,
    turns: asyncio.Semaphore,
) -> None:
    """Each organisation's turn, one worker at a time (advisory lock), whatever fails is logged."""
    while not stop.is_set():
        try:
            for org_id in await jobs.organisations(database):
                async with turns, database.pool.acquire() as connection:
                    key = f"{rhythm.name}:{org_id}"
                    if await connection.fetchval(
                        "select pg_try_advisory_lock(hashtextextended($1, 0))", key
                    ):
                        try:
                            await rhythm.run(jobs.Work(database, resources, org_id))
                        finally:
                            await connection.execute(
                                "select pg_advisory_unlock(hashtextextended($1, 0))", key
                            )
        except Exception as reason:  # the worker's edge: a sweep that fails runs again next time
            log.warning("rhythm_failed", rhythm=rhythm.name, error=repr(reason), exc_info=reason)
        await _pause(stop, rhythm.seconds)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def main(settings: Settings) -> int:
    import uvloop

    uvloop.run(work(settings))
    return os.EX_OK
