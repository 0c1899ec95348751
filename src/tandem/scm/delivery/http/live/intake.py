"""Pings from all connections of this process, stored together: many uploads, one commit.

An upload is answered when its transaction has committed, so a phone that was answered may forget
what it sent. Uploads gather for a tenth of a second, or until a thousand pings wait.
"""

import asyncio
from uuid import UUID

import msgspec
import structlog

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Unavailable
from tandem.scm.delivery.domain.live import Moved
from tandem.scm.delivery.http.live.publisher import Publisher
from tandem.scm.delivery.service import following, positions
from tandem.scm.delivery.service.positions import Movement, Reasons, Taken, Upload

log = structlog.get_logger()

GATHER_SECONDS = 0.1
ENOUGH = 1_000
PINGS_MAX = 10_000
"""In one transaction; the rest waits for the next."""
WAITING_MAX = 200_000
WORKERS = 2


class _Waiting(msgspec.Struct):
    org_id: UUID
    upload: Upload
    stored: asyncio.Future[Reasons]


class Intake:
    """A few workers, so that one prepares while another waits for the database. A device's uploads
    are never in two hands: they are stored in the order they came."""

    def __init__(self, publisher: Publisher, *, gather_seconds: float = GATHER_SECONDS) -> None:
        self._publisher = publisher
        self._gather_seconds = gather_seconds
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._busy: set[UUID] = set()
        self._enough = asyncio.Event()
        self._workers: set[asyncio.Task[None]] = set()

    async def submit(self, database: Database, org_id: UUID, upload: Upload) -> Reasons:
        """Store an upload durably; one reason per ping, None where it is believed. Refuses with
        Unavailable when more waits than can be stored in time."""
        if self._count + len(upload.pings) > WAITING_MAX:
            raise Unavailable("Too many positions wait to be stored. Send them again shortly.")
        stored: asyncio.Future[Reasons] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(org_id, upload, stored))
        self._count += len(upload.pings)
        if self._count >= ENOUGH:
            self._enough.set()
        if len(self._workers) < WORKERS:
            worker = asyncio.create_task(self._work(database))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await stored

    async def finish(self) -> None:
        """Wait until everything that was submitted is stored."""
        while self._workers:
            await asyncio.wait(self._workers)

    async def _work(self, database: Database) -> None:
        while self._waiting:
            await self._gather()
            batches = self._next_batches()
            devices = {one.upload.device_id for batch in batches.values() for one in batch}
            self._busy |= devices
            try:
                for org_id, batch in batches.items():
                    await self._store(database, org_id, batch)
            finally:
                self._busy -= devices

    async def _gather(self) -> None:
        try:
            async with asyncio.timeout(self._gather_seconds):
                await self._enough.wait()
        except TimeoutError:
            return
        self._enough.clear()

    def _next_batches(self) -> dict[UUID, list[_Waiting]]:
        """Up to `PINGS_MAX` pings of devices nobody works on, by organisation."""
        taken: dict[UUID, list[_Waiting]] = {}
        left: list[_Waiting] = []
        count = 0
        for one in self._waiting:
            has_room = not count or count + len(one.upload.pings) <= PINGS_MAX
            if one.upload.device_id in self._busy or not has_room:
                left.append(one)
                continue
            taken.setdefault(one.org_id, []).append(one)
            count += len(one.upload.pings)
        self._waiting = left
        self._count -= count
        return taken

    async def _store(self, database: Database, org_id: UUID, batch: list[_Waiting]) -> None:
        """All in one transaction; when that fails, each alone, so that none fails for another."""
        task = asyncio.ensure_future(_take(database, org_id, [one.upload for one in batch]))
        await asyncio.wait({task})
        reason = task.exception()
        if reason is None:
            taken = task.result()
            for one, reasons in zip(batch, taken.reasons, strict=True):
                if not one.stored.done():
                    one.stored.set_result(reasons)
            await self._tell(database, org_id, taken.movements)
        elif len(batch) > 1:
            for one in batch:
                await self._store(database, org_id, [one])
        else:
            log.warning("pings_not_stored", error=repr(reason))
            if not batch[0].stored.done():
                batch[0].stored.set_exception(reason)

    async def _tell(self, database: Database, org_id: UUID, movements: list[Movement]) -> None:
        """Watchers first, then what the movement means; a failure there costs no ping."""
        if not movements:
            return
        self._publisher.publish(database, org_id, [_moved(one) for one in movements])
        task = asyncio.ensure_future(_follow(database, org_id, movements))
        await asyncio.wait({task})
        if (reason := task.exception()) is not None:
            log.warning("movement_not_followed", error=repr(reason), exc_info=reason)


async def _take(database: Database, org_id: UUID, uploads: list[Upload]) -> Taken:
    async with database.transaction(Actor.system(org_id, "Vehicle")) as tx:
        return await positions.take_pings(tx, uploads, now=database.clock.now())


async def _follow(database: Database, org_id: UUID, movements: list[Movement]) -> None:
    async with database.transaction(Actor.system(org_id, "Geofence")) as tx:
        await following.follow(tx, movements, now=database.clock.now())


def _moved(movement: Movement) -> Moved:
    last = movement.fixes[-1]
    return Moved(
        movement.driver_id,
        round(last.lat, 6),
        round(last.lon, 6),
        None if last.heading is None else round(last.heading, 1),
        None if last.speed_mps is None else round(last.speed_mps, 1),
        last.at_ms,
        movement.battery,
    )
