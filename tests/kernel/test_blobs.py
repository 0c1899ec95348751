"""Bytes of discarded files go, whoever is killed meanwhile; bytes that somebody keeps stay."""

from datetime import datetime
from pathlib import Path

import pytest

from tandem.app import housekeeping
from tandem.app.settings import Settings
from tandem.kernel import blobs
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blob, Blobs
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources


class Shelf:
    """Where files are kept, and what lies there."""

    def __init__(self, database: Database, actor: Actor, settings: Settings, now: datetime) -> None:
        self.database, self.actor, self.now = database, Actor.system(actor.org_id), now
        self.blobs = Blobs(settings.blobs_url)
        self.folder = Path(settings.blobs_url.removeprefix("file://"))
        held = Resources()
        held.add(Blobs, self.blobs)
        self.work = Work(database, held, actor.org_id)
        self.cause = new_id()

    async def keep(self, content: bytes) -> Blob:
        async with self.database.transaction(self.actor) as tx:
            return await self.blobs.put(
                tx, content, media_type="text/plain", filename="a.txt", now=self.now
            )

    async def discard(self, *kept: Blob) -> None:
        async with self.database.transaction(self.actor) as tx:
            await blobs.discard(tx, [one.id for one in kept], cause_id=self.cause, now=self.now)

    async def waiting(self) -> int:
        async with self.database.transaction(self.actor) as tx:
            return await blobs.count_discarded(tx, self.cause)

    def lying(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))


@pytest.fixture
def shelf(database: Database, actor: Actor, settings: Settings, now: datetime) -> Shelf:
    return Shelf(database, actor, settings, now)


async def test_discarded_bytes_go_with_the_sweep_and_shared_ones_with_the_last_who_kept_them(
    shelf: Shelf,
) -> None:
    first, again, other = [await shelf.keep(text) for text in (b"same", b"same", b"other")]
    await shelf.discard(first, other)
    assert (shelf.lying(), await shelf.waiting()) == (2, 2)
    await housekeeping.delete_discarded_files(shelf.work)
    assert (shelf.lying(), await shelf.waiting()) == (1, 0)
    async with shelf.database.transaction(shelf.actor) as tx:
        assert (await shelf.blobs.get(tx, again.id))[1] == b"same"
    await shelf.discard(again)
    await housekeeping.delete_discarded_files(shelf.work)
    assert (shelf.lying(), await shelf.waiting()) == (0, 0)


async def test_a_worker_that_dies_between_the_bytes_and_its_commit_leaves_the_duty(
    shelf: Shelf,
) -> None:
    kept = await shelf.keep(b"of somebody")
    await shelf.discard(kept)
    with pytest.raises(RuntimeError, match="killed"):
        async with shelf.database.transaction(shelf.actor) as tx:
            assert await shelf.blobs.delete_discarded(tx, kept.sha256)
            raise RuntimeError("killed")
    assert (shelf.lying(), await shelf.waiting()) == (0, 1)
    await housekeeping.delete_discarded_files(shelf.work)
    assert (shelf.lying(), await shelf.waiting()) == (0, 0)


async def test_what_is_rolled_back_discards_nothing(shelf: Shelf) -> None:
    kept = await shelf.keep(b"of somebody")
    with pytest.raises(RuntimeError, match="refused"):
        async with shelf.database.transaction(shelf.actor) as tx:
            await blobs.discard(tx, [kept.id], cause_id=shelf.cause, now=shelf.now)
            raise RuntimeError("refused")
    await housekeeping.delete_discarded_files(shelf.work)
    assert (shelf.lying(), await shelf.waiting()) == (1, 0)


async def test_bytes_that_somebody_is_keeping_anew_are_left_to_them(shelf: Shelf) -> None:
    """The row of the newcomer commits only after the sweep has looked."""
    kept = await shelf.keep(b"twice")
    await shelf.discard(kept)
    async with shelf.database.transaction(shelf.actor) as tx:
        again = await shelf.blobs.put(
            tx, b"twice", media_type="text/plain", filename="b.txt", now=shelf.now
        )
        await housekeeping.delete_discarded_files(shelf.work)
        assert (shelf.lying(), await shelf.waiting()) == (1, 1)
    await housekeeping.delete_discarded_files(shelf.work)
    async with shelf.database.transaction(shelf.actor) as tx:
        assert (await shelf.blobs.get(tx, again.id))[1] == b"twice"
    assert await shelf.waiting() == 0
