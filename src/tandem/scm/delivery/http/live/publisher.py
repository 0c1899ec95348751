"""Positions to all processes, the newest of each vehicle, a few times a second."""

import asyncio
from uuid import UUID

import structlog

from tandem.kernel import broadcast
from tandem.kernel.db import Database
from tandem.scm.delivery.domain.live import CHANNEL, Moved, encode_moves

log = structlog.get_logger()

TICK_SECONDS = 0.15


class Publisher:
    def __init__(self, *, tick_seconds: float = TICK_SECONDS) -> None:
        self._tick_seconds = tick_seconds
        self._waiting: dict[UUID, dict[UUID, Moved]] = {}
        self._working: asyncio.Task[None] | None = None

    def publish(self, database: Database, org_id: UUID, moved: list[Moved]) -> None:
        """Hand positions over; of several of one vehicle within a tick the newest is told."""
        held = self._waiting.setdefault(org_id, {})
        for one in moved:
            before = held.get(one.driver_id)
            if before is None or before.heard_ms <= one.heard_ms:
                held[one.driver_id] = one
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(database))

    async def finish(self) -> None:
        if self._working is not None:
            await self._working

    async def _work(self, database: Database) -> None:
        """At once when it was quiet, then at most once a tick."""
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            payloads = [
                payload
                for org_id, moved in waiting.items()
                for payload in encode_moves(org_id, list(moved.values()))
            ]
            task = asyncio.ensure_future(broadcast.tell(database, CHANNEL, payloads))
            await asyncio.wait({task})
            if (reason := task.exception()) is not None:
                # Positions are only worth knowing now; the next ones follow in a moment.
                log.warning("positions_not_told", error=repr(reason))
            await asyncio.sleep(self._tick_seconds)
