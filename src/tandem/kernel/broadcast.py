"""Telling every process of the installation at once, through PostgreSQL NOTIFY.

For what is only worth knowing now (a vehicle moved, a page may refresh): nothing is kept, and a
listener that was away asks the tables. Never called inside a business transaction: a commit that
notifies waits for every other one that does.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg
import structlog

from tandem.kernel.db import Database, Query, Tx

log = structlog.get_logger()

PAYLOAD_BYTES_MAX = 7900
"""PostgreSQL takes less than 8,000 bytes a notification."""
RECONNECT_SECONDS = 0.5

TELL = Query(
    "select pg_notify(:channel, payload) from unnest(:payloads::text[]) as given (payload)",
    beyond_org="a notification names its organisation itself",
)


async def tell(database: Database, channel: str, payloads: Sequence[str]) -> None:
    """Send payloads (`PAYLOAD_BYTES_MAX` each) in one small transaction of their own."""
    if not payloads:
        return
    assert all(len(payload.encode()) <= PAYLOAD_BYTES_MAX for payload in payloads), "split them"
    values = {"channel": channel, "payloads": list(payloads)}
    async with database.pool.acquire() as connection:
        await connection.execute(TELL.sql, *[values[name] for name in TELL.names])


async def tell_in(tx: Tx, channel: str, payloads: Sequence[str]) -> None:
    """The same within the worker's transaction, which serves subscribers and nobody's request."""
    if payloads:
        values = {"channel": channel, "payloads": list(payloads)}
        await tx.connection.execute(TELL.sql, *[values[name] for name in TELL.names])


async def listen(
    database: Database,
    hear: Mapping[str, Callable[[str], None]],
    stop: asyncio.Event,
    *,
    after_gap: Callable[[], None],
) -> None:
    """Hand each channel's payloads to its function until told to stop.

    Holds one connection of the pool. `after_gap` is called whenever listening begins (again): what
    was told before was not heard.
    """
    while not stop.is_set():
        try:
            await _listen_once(database, hear, stop, after_gap)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
            log.warning("listener_lost", error=repr(reason))
        if not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)


async def _listen_once(
    database: Database,
    hear: Mapping[str, Callable[[str], None]],
    stop: asyncio.Event,
    after_gap: Callable[[], None],
) -> None:
    lost = asyncio.Event()

    def on_lost(_: Any) -> None:
        lost.set()

    def on_told(_connection: Any, _pid: int, channel: str, payload: object) -> None:
        hear[channel](str(payload))

    async with database.pool.acquire() as connection:
        connection.add_termination_listener(on_lost)
        try:
            for channel in hear:
                await connection.add_listener(channel, on_told)
            after_gap()
            ended = [asyncio.ensure_future(event.wait()) for event in (stop, lost)]
            try:
                await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in ended:
                    task.cancel()
        finally:
            # A lost connection has left the pool by itself, and takes no more calls.
            if not lost.is_set():
                for channel in hear:
                    await connection.remove_listener(channel, on_told)
                connection.remove_termination_listener(on_lost)
