"""Files: bytes in a folder or in S3 (obstore), their facts in PostgreSQL, addressed by content.

The bytes are written before the row, so a row always has its file. What is discarded loses its row
at once and its bytes after the commit (`delete_discarded`), unless another row has the same bytes.
"""

import asyncio
import contextlib
import functools
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.errors import NotFound, TooLarge
from tandem.kernel.ids import new_id

SIZE_MAX = 20 * 1024 * 1024


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    sha256: str
    size_bytes: int
    media_type: str
    filename: str


INSERT = Query(
    """
    insert into kernel.blob (org_id, id, sha256, size_bytes, media_type, filename, created_at)
    values (:org_id, :id, :sha256, :size_bytes, :media_type, :filename, :created_at)
    """
)

GET = Query(
    """
    select id, sha256, size_bytes, media_type, filename
      from kernel.blob
     where org_id = :org_id and id = :id
    """
)

# Whoever keeps a content shares its lock, whoever deletes it holds it alone: bytes never go while
# a transaction that has found them there is still to commit its row.
SHARE = Query(
    "select pg_advisory_xact_lock_shared(hashtextextended(:org_id::uuid::text || :sha256, 0))"
)
HOLD = Query(
    "select pg_try_advisory_xact_lock(hashtextextended(:org_id::uuid::text || :sha256, 0))"
)

DISCARD = Query(
    """
    with gone as (
        delete from kernel.blob where org_id = :org_id and id = any(:ids::uuid[]) returning sha256
    )
    insert into kernel.discarded_file (org_id, sha256, cause_id, since)
    select distinct :org_id::uuid, sha256, :cause_id::uuid, :now::timestamptz from gone
        on conflict do nothing
    """
)

WAITING = Query(
    """
    select distinct sha256 from kernel.discarded_file
     where org_id = :org_id
     order by sha256
     limit :limit
    """
)

COUNT_WAITING = Query(
    """
    select count(*) from kernel.discarded_file where org_id = :org_id and cause_id = :cause_id
    """
)

IS_KEPT = Query(
    "select exists (select from kernel.blob where org_id = :org_id and sha256 = :sha256)"
)

SETTLE = Query("delete from kernel.discarded_file where org_id = :org_id and sha256 = :sha256")

SWEPT = 500
"""Files deleted in one round; the rest come in the next."""


async def discard(tx: Tx, ids: Sequence[UUID], *, cause_id: UUID, now: datetime) -> None:
    """Forget files: nobody finds them any more, and their bytes go soon after the commit."""
    await tx.run(DISCARD, ids=list(ids), cause_id=cause_id, now=now)


async def list_discarded(tx: Tx) -> list[str]:
    return [row["sha256"] for row in await tx.records(WAITING, limit=SWEPT)]


async def count_discarded(tx: Tx, cause_id: UUID) -> int:
    """How many contents discarded for one cause are still to be deleted."""
    found: int = await tx.value(COUNT_WAITING, cause_id=cause_id)
    return found


class Blobs:
    """`file:///folder` or `s3://bucket/prefix` (credentials from the usual AWS variables)."""

    def __init__(self, url: str) -> None:
        self._url = url

    @functools.cached_property
    def _library(self) -> Any:
        """Loaded at first use: it is the largest of all, and a short command needs none of it."""
        import obstore

        return obstore

    @functools.cached_property
    def _store(self) -> Any:
        """Opened at first use, so that describing the suite touches no folder and no network."""
        from obstore.store import LocalStore, S3Store

        if self._url.startswith("s3://"):
            return S3Store.from_url(self._url)
        return LocalStore(prefix=self._url.removeprefix("file://"), mkdir=True)

    async def put(
        self, tx: Tx, content: bytes, *, media_type: str, filename: str, now: datetime
    ) -> Blob:
        """Keep bytes (20 MiB at most) and their row. The same bytes share one file."""
        if len(content) > SIZE_MAX:
            raise TooLarge(f"A file may have {SIZE_MAX // 1024 // 1024} MiB at most.")
        blob = Blob(
            id=new_id(),
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            media_type=media_type,
            filename=filename,
        )
        await tx.value(SHARE, sha256=blob.sha256)
        await self._library.put_async(self._store, _path(tx.actor.org_id, blob.sha256), content)
        await tx.run(INSERT, **msgspec.structs.asdict(blob), created_at=now)
        return blob

    async def get(self, tx: Tx, blob_id: UUID) -> tuple[Blob, bytes]:
        blob = await tx.one_or_none(GET, Blob, id=blob_id)
        if blob is None:
            raise NotFound("There is no such file.")
        found = await self._library.get_async(self._store, _path(tx.actor.org_id, blob.sha256))
        return blob, bytes(await found.bytes_async())

    async def put_passing(self, tx: Tx, name: str, content: bytes) -> None:
        """Keep bytes for a while under a name of their own, which nothing else shares: so that
        they can go again. Their owner keeps the row; it is written after this, as with `put`."""
        if len(content) > SIZE_MAX:
            raise TooLarge(f"A file may have {SIZE_MAX // 1024 // 1024} MiB at most.")
        await self._library.put_async(self._store, _passing(tx.actor.org_id, name), content)

    async def get_passing(self, tx: Tx, name: str) -> bytes:
        found = await self._library.get_async(self._store, _passing(tx.actor.org_id, name))
        return bytes(await found.bytes_async())

    async def drop_passing(self, tx: Tx, names: Sequence[str]) -> None:
        """What is gone already stays gone."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                await self._library.delete_async(self._store, _passing(tx.actor.org_id, name))

    async def put_beside(self, name: str, content: bytes) -> None:
        """Keep bytes under a name that no row knows: what must outlive a restored database."""
        await self._library.put_async(self._store, name, content)

    async def list_beside(self, prefix: str) -> list[bytes]:
        """All that `put_beside` kept under this prefix, in the order of names."""
        # In a thread: what lists without one may be at work still when a short process ends, and
        # takes it down.
        found = await asyncio.to_thread(
            lambda: self._library.list(self._store, prefix=prefix).collect()
        )
        names = sorted(one["path"] for one in found)
        kept = [await self._library.get_async(self._store, name) for name in names]
        return [bytes(await one.bytes_async()) for one in kept]

    async def delete_discarded(self, tx: Tx, sha256: str) -> bool:
        """Delete a discarded content unless another row has it; False while somebody is keeping
        it anew. Deleting what is gone already is as good: a killed process's work is done again.
        """
        if not await tx.value(HOLD, sha256=sha256):
            return False
        if not await tx.value(IS_KEPT, sha256=sha256):
            with contextlib.suppress(FileNotFoundError):
                await self._library.delete_async(self._store, _path(tx.actor.org_id, sha256))
        await tx.run(SETTLE, sha256=sha256)
        return True


def _path(org_id: UUID, sha256: str) -> str:
    return f"{org_id}/{sha256[:2]}/{sha256}"


def _passing(org_id: UUID, name: str) -> str:
    return f"{org_id}/passing/{name}"
