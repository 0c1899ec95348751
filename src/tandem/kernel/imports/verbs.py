"""An import's steps as somebody takes them; the rows themselves are the job's."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from tandem.kernel import audit, jobs, sheets
from tandem.kernel.actor import Actor
from tandem.kernel.actor import Kind as ActorKind
from tandem.kernel.blobs import Blobs
from tandem.kernel.cells import guarded
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.fields import check_columns
from tandem.kernel.ids import new_id
from tandem.kernel.imports import store
from tandem.kernel.imports.kinds import Kind
from tandem.kernel.imports.shapes import ImportBusy, ImportJob, ImportMapping, Told, WrongRow

PAGE = 500
NEEDS = {
    "check": ("checked", "failed", "uploaded"),
    "run": ("checked",),
    "revert": ("done",),
}
"""The states from which each verb is possible."""


async def upload(
    tx: Tx, kind: Kind, blobs: Blobs, *, content: bytes, filename: str, now: datetime
) -> ImportJob:
    """Keep the file, and guess what its columns mean. Raises SheetWrong, TooLarge."""
    tx.actor.require(kind.permission)
    text = sheets.decode(content)
    columns = sheets.heading_of(text)
    count = sum(1 for _ in islice(sheets.rows_of(text), sheets.ROWS_MAX + 2)) - 1
    if count > sheets.ROWS_MAX:
        raise sheets.SheetWrong(f"A file may have {sheets.ROWS_MAX:,} rows.")
    mapping = kind.guess(columns, await kind.own_fields(tx))
    rules = kind.rules_of(mapping)
    kept = tx.actor.hidden | tx.actor.read_only
    blob = await blobs.put(tx, content, media_type="text/csv", filename=filename, now=now)
    job = ImportJob(
        id=new_id(),
        blob_id=blob.id,
        filename=filename,
        columns=columns,
        mapping={name: field for name, field in mapping.items() if rules.get(name) not in kept},
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
        added_by=tx.actor.user_id if tx.actor.kind is ActorKind.STAFF else None,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, kind.name, job)
    return job


async def get_import(tx: Tx, kind: Kind, job_id: UUID) -> ImportJob:
    tx.actor.require(kind.permission)
    found = await store.get(tx, kind.name, job_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


async def list_imports(tx: Tx, kind: Kind) -> list[ImportJob]:
    """The newest 50."""
    tx.actor.require(kind.permission)
    return await store.list_jobs(tx, kind.name)


async def check_import(
    tx: Tx, kind: Kind, job_id: UUID, mapping: ImportMapping, *, now: datetime
) -> ImportJob:
    """Look through every row and write no record; the job tells when it is through. Raises
    FieldKept with every column that whoever asks may not write."""
    job = await _lock(tx, kind, job_id, "check")
    kind.check_mapping(mapping, job.columns, await kind.own_fields(tx))
    check_columns(tx.actor, kind.rules_of(mapping.columns))
    await store.start(tx, job_id, "checking", dict(mapping.columns), mapping.key, now)
    return await _enqueued(tx, kind, job_id)


async def run_import(tx: Tx, kind: Kind, job_id: UUID, *, now: datetime) -> ImportJob:
    """Take the good rows in, as they were checked, perhaps by somebody else."""
    job = await _lock(tx, kind, job_id, "run")
    check_columns(tx.actor, kind.rules_of(job.mapping))
    await store.start(tx, job_id, "running", job.mapping, job.key, now)
    await audit.write(
        tx,
        action=kind.permission,
        subject_kind="import",
        subject_id=job_id,
        now=now,
        after={"filename": job.filename, "rows": job.row_count},
    )
    return await _enqueued(tx, kind, job_id)


async def revert_import(tx: Tx, kind: Kind, job_id: UUID, *, now: datetime) -> ImportJob:
    """Take back what the import added and give back what it changed, where nobody touched it."""
    job = await _lock(tx, kind, job_id, "revert")
    check_columns(tx.actor, kind.rules_of(job.mapping))
    await store.settle(tx, job_id, "reverting", now)
    return await _enqueued(tx, kind, job_id)


async def bad_rows(
    database: Database, actor: Actor, kind: Kind, job_id: UUID, about: Told = "bad"
) -> AsyncIterator[bytes]:
    """The rows that were left out as they stood in the file, with what is wrong: mend and send
    again; or those who may be known, and as whom. Without what is hidden from whoever asks. In
    pages, so that memory stays flat."""
    async with database.transaction(actor) as tx:
        job = await get_import(tx, kind, job_id)
    rules = kind.rules_of(job.mapping)
    heading = [*job.columns, "row", "wrong column", "code", "what is wrong"]
    yield sheets.MARK + sheets.line(heading)
    after = 0
    while True:
        async with database.transaction(actor) as tx:
            rows = await store.told_rows(tx, job_id, about, after=after, limit=PAGE)
        for row in rows:
            cells = _open_to(actor, job.columns, row.cells, rules)
            shown = [one for one in row.errors if rules.get(one["column"]) not in actor.hidden]
            yield sheets.line([*cells, str(row.row_no), *_told(shown)])
        if len(rows) < PAGE:
            return
        after = rows[-1].row_no


async def first_told(
    tx: Tx, kind: Kind, job: ImportJob, about: Told, *, limit: int
) -> list[WrongRow]:
    """The first rows that were left out, or may be known, for a page. Without what is hidden from
    whoever asks."""
    rules = kind.rules_of(job.mapping)
    found = []
    for row in await store.told_rows(tx, job.id, about, after=0, limit=limit):
        cells = _open_to(tx.actor, job.columns, row.cells, rules)
        errors = [one for one in row.errors if rules.get(one["column"]) not in tx.actor.hidden]
        found.append(
            WrongRow(
                row_no=row.row_no,
                begins=", ".join([cell for cell in cells if cell][:2]),
                column=", ".join(dict.fromkeys(one["column"] for one in errors)),
                message=" ".join(dict.fromkeys(one["message"] for one in errors)),
            )
        )
    return found


async def _lock(tx: Tx, kind: Kind, job_id: UUID, verb: str) -> ImportJob:
    tx.actor.require(kind.permission)
    job = await store.lock(tx, kind.name, job_id)
    if job is None:
        raise NotFound("There is no such import.")
    if job.state not in NEEDS[verb]:
        wanted = " or ".join(NEEDS[verb])
        raise ImportBusy(f"The import is {job.state}; this needs it to be {wanted}.")
    return job


async def _enqueued(tx: Tx, kind: Kind, job_id: UUID) -> ImportJob:
    await jobs.enqueue(tx, kind.job, job_id=str(job_id))
    return await get_import(tx, kind, job_id)


def _open_to(
    actor: Actor, columns: Sequence[str], cells: Sequence[str], rules: Mapping[str, str]
) -> list[str]:
    """A row's cells, empty in hidden columns; what stands behind the last heading has none."""
    kept = {place for place, name in enumerate(columns) if rules.get(name) in actor.hidden}
    return ["" if place in kept else cell for place, cell in enumerate(cells)]


def _told(errors: Sequence[dict[str, str]]) -> list[str]:
    return [
        guarded("; ".join(error[name] for error in errors))
        for name in ("column", "code", "message")
    ]
