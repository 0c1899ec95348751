"""A file gone through chunk by chunk, each with its progress in one transaction.

A worker that dies leaves whole chunks; the next try goes on behind them.
"""

from datetime import datetime
from itertools import islice
from uuid import UUID

from tandem.kernel import blobs, sheets
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.imports import store
from tandem.kernel.imports.kinds import Kind
from tandem.kernel.imports.shapes import Chunk, ImportJob
from tandem.kernel.imports.verbs import get_import
from tandem.kernel.jobs import Work

SAID_MAX = 500
GOING = ("checking", "running", "reverting")


async def run(work: Work, kind: Kind, job_id: UUID) -> None:
    """Look through the rows, take them in, or take them back, as the job's state says."""
    async with work.transaction() as tx:
        found = await get_import(tx, kind, job_id)
        if found.state not in GOING:
            return
    if found.state == "reverting":
        while await _revert(work, kind, found.id):
            continue
        return
    async with work.transaction() as tx:
        _, content = await work.get(Blobs).get(tx, found.blob_id)
    try:
        await _go_through(work, kind, found, sheets.decode(content))
    except sheets.SheetWrong as reason:
        async with work.transaction() as tx:
            await _fail(tx, kind, found, reason.detail[:SAID_MAX], work.now())
        return
    async with work.transaction() as tx:
        after = "checked" if found.state == "checking" else "done"
        await store.settle(tx, found.id, after, work.now())
        if after == "done":  # its rows are taken in: nobody needs the file itself any more
            await blobs.discard(tx, [found.blob_id], cause_id=found.id, now=work.now())


async def _go_through(work: Work, kind: Kind, job: ImportJob, text: str) -> None:
    rows = islice(sheets.rows_of(text), job.done_rows + 1, None)
    start = job.done_rows
    while some := list(islice(rows, kind.chunk)):
        async with work.transaction() as tx:
            await _advance(tx, kind, job, Chunk(start=start, rows=some), work.now())
        start += len(some)


async def _advance(tx: Tx, kind: Kind, job: ImportJob, chunk: Chunk, now: datetime) -> None:
    fresh = await store.lock(tx, kind.name, job.id)
    if fresh is None or fresh.state != job.state or fresh.done_rows > chunk.start:
        return
    done = await kind.take(tx, job, chunk, now=now)
    await store.add_rows(tx, job.id, done.rows)
    await store.advance(
        tx,
        job.id,
        chunk.start + len(chunk.rows),
        now,
        created=done.created,
        updated=done.updated,
        failed=done.failed,
        alike=done.alike,
    )


async def _revert(work: Work, kind: Kind, job_id: UUID) -> bool:
    """Some of the rows; True while there are more."""
    async with work.transaction() as tx:
        job = await store.lock(tx, kind.name, job_id)
        assert job, "imports are never deleted"
        rows = await store.last_written(tx, job_id, limit=kind.chunk)
        if not rows:
            await store.settle(tx, job_id, "reverted", work.now())
            return False
        back = await kind.give_back(tx, rows, now=work.now())
        await store.mark_rows(tx, job_id, "reverted", sorted(back))
        kept = [row.row_no for row in rows if row.row_no not in back]
        await store.mark_rows(tx, job_id, "kept", kept)
        await store.advance(tx, job_id, job.done_rows, work.now(), reverted=len(back))
        return True


async def _fail(tx: Tx, kind: Kind, job: ImportJob, said: str, now: datetime) -> None:
    await store.settle(tx, job.id, "failed", now, said)
    await tx.publish(kind.failed(job, said))
