"""A file of customers: uploaded, checked, taken in by a job chunk by chunk, taken back."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.customers import ImportFailed
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.sheets import (
    ROWS_MAX,
    ImportBusy,
    ImportJob,
    ImportMapping,
    SheetWrong,
    check_mapping,
    decode,
    guess_mapping,
    heading_of,
    rows_of,
)
from tandem.crm.customers.service.import_rows import Chunk, take_chunk
from tandem.crm.customers.store import custom_fields, people
from tandem.crm.customers.store import imports as store
from tandem.kernel import audit, jobs
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.blobs import Blobs
from tandem.kernel.cells import guarded
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

RUN = "customers.run_import"
CHUNK = 500
NEEDS = {
    "check": ("checked", "failed", "uploaded"),
    "run": ("checked",),
    "revert": ("done",),
}
"""The states from which each verb is possible."""


async def upload(
    tx: Tx, blobs: Blobs, *, content: bytes, filename: str, now: datetime
) -> ImportJob:
    """Keep the file, and guess what its columns mean. Raises SheetWrong, TooLarge."""
    tx.actor.require("customers.import")
    text = decode(content)
    columns = heading_of(text)
    count = sum(1 for _ in islice(rows_of(text), ROWS_MAX + 2)) - 1
    if count > ROWS_MAX:
        raise SheetWrong(f"A file may have {ROWS_MAX:,} rows.")
    blob = await blobs.put(tx, content, media_type="text/csv", filename=filename, now=now)
    own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
    job = ImportJob(
        id=new_id(),
        blob_id=blob.id,
        filename=filename,
        columns=columns,
        mapping=guess_mapping(columns, own),
        key="",
        state="uploaded",
        row_count=count,
        done_rows=0,
        created=0,
        updated=0,
        failed=0,
        reverted=0,
        error="",
        added_label=tx.actor.label,
        added_by=tx.actor.user_id if tx.actor.kind is Kind.STAFF else None,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, job)
    return job


async def get_import(tx: Tx, job_id: UUID) -> ImportJob:
    tx.actor.require("customers.import")
    found = await store.get(tx, job_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


async def list_imports(tx: Tx) -> list[ImportJob]:
    tx.actor.require("customers.import")
    return await store.list_jobs(tx)


async def check_import(tx: Tx, job_id: UUID, mapping: ImportMapping, *, now: datetime) -> ImportJob:
    """Look through every row and write no customer; the job tells when it is through."""
    job = await _lock(tx, job_id, "check")
    own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
    check_mapping(mapping, job.columns, own)
    await store.start(tx, job_id, "checking", dict(mapping.columns), mapping.key, now)
    await jobs.enqueue(tx, RUN, job_id=str(job_id))
    return await get_import(tx, job_id)


async def run_import(tx: Tx, job_id: UUID, *, now: datetime) -> ImportJob:
    """Take the good rows in, as they were checked."""
    job = await _lock(tx, job_id, "run")
    await store.start(tx, job_id, "running", job.mapping, job.key, now)
    await audit.write(
        tx,
        action="customers.import",
        subject_kind="import",
        subject_id=job_id,
        now=now,
        after={"filename": job.filename, "rows": job.row_count},
    )
    await jobs.enqueue(tx, RUN, job_id=str(job_id))
    return await get_import(tx, job_id)


async def revert_import(tx: Tx, job_id: UUID, *, now: datetime) -> ImportJob:
    """Take back whom the import added and give back what it changed, where nobody touched it."""
    await _lock(tx, job_id, "revert")
    await store.settle(tx, job_id, "reverting", now)
    await jobs.enqueue(tx, RUN, job_id=str(job_id))
    return await get_import(tx, job_id)


async def _lock(tx: Tx, job_id: UUID, verb: str) -> ImportJob:
    tx.actor.require("customers.import")
    job = await store.lock(tx, job_id)
    if job is None:
        raise NotFound("There is no such import.")
    if job.state not in NEEDS[verb]:
        wanted = " or ".join(NEEDS[verb])
        raise ImportBusy(f"The import is {job.state}; this needs it to be {wanted}.")
    return job


async def advance(tx: Tx, job: ImportJob, chunk: Chunk, *, now: datetime) -> None:
    """One chunk of rows, in a transaction of its own with the progress it makes."""
    fresh = await store.lock(tx, job.id)
    if fresh is None or fresh.state != job.state or fresh.done_rows > chunk.start:
        return
    own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
    done = await take_chunk(tx, job, chunk, own, now=now)
    await store.add_rows(tx, job.id, done.rows)
    await store.advance(
        tx,
        job.id,
        chunk.start + len(chunk.rows),
        now,
        created=done.created,
        updated=done.updated,
        failed=done.failed,
    )


async def revert_chunk(tx: Tx, job_id: UUID, *, now: datetime) -> bool:
    """Some of the rows; True while there are more."""
    rows = await store.rows(tx, job_id, ["created", "updated"], limit=CHUNK)
    if not rows:
        await store.settle(tx, job_id, "reverted", now)
        return False
    ids = [row.customer_id for row in rows if row.customer_id]
    untouched = await store.untouched(
        tx, ids, [row.version or 0 for row in rows if row.customer_id]
    )
    made = [row.customer_id for row in rows if row.status == "created"]
    await people.delete(tx, [one for one in made if one in untouched and one])
    for row in rows:
        if row.status == "updated" and row.customer_id in untouched and row.before:
            before = msgspec.convert(row.before, Customer)
            await people.update(tx, before, now)
    back = [row.row_no for row in rows if row.customer_id in untouched]
    await store.mark_rows(tx, job_id, "reverted", back)
    await store.mark_rows(tx, job_id, "kept", [r.row_no for r in rows if r.row_no not in back])
    await store.advance(
        tx, job_id, (await get_import(tx, job_id)).done_rows, now, reverted=len(back)
    )
    return True


async def finish(tx: Tx, job: ImportJob, *, now: datetime) -> None:
    await store.settle(tx, job.id, "checked" if job.state == "checking" else "done", now)


async def fail(tx: Tx, job: ImportJob, said: str, *, now: datetime) -> None:
    await store.settle(tx, job.id, "failed", now, said[:500])
    await tx.publish(
        ImportFailed(job_id=job.id, filename=job.filename, reason=said[:500], user_id=job.added_by)
    )


async def bad_rows(database: Database, actor: Actor, job_id: UUID) -> AsyncIterator[bytes]:
    """The rows that were left out as they stood in the file, with what is wrong: mend and send
    again. In pages, so that memory stays flat."""
    async with database.transaction(actor) as tx:
        job = await get_import(tx, job_id)
    yield b"\xef\xbb\xbf" + _line([*job.columns, "row", "wrong column", "code", "what is wrong"])
    after = 0
    while True:
        async with database.transaction(actor) as tx:
            rows = await store.rows(tx, job_id, ["bad"], after=after, limit=CHUNK)
        for row in rows:
            yield _line([*row.cells, str(row.row_no), *_told(row.errors)])
        if len(rows) < CHUNK:
            return
        after = rows[-1].row_no


def _told(errors: Sequence[dict[str, str]]) -> list[str]:
    return [
        guarded("; ".join(error[name] for error in errors))
        for name in ("column", "code", "message")
    ]


def _line(cells: Sequence[Any]) -> bytes:
    held = io.StringIO()
    csv.writer(held).writerow(cells)
    return held.getvalue().encode()
