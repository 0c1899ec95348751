"""Import jobs and what became of their rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.imports.shapes import ImportJob, Row, Told

_JOB: LiteralString = """
    select id, blob_id, filename, columns, mapping, key, state, row_count, done_rows, created,
           updated, failed, reverted, alike, error, added_label, added_by, created_at, updated_at
      from kernel.import_job
"""
GET = Query(_JOB + "where org_id = :org_id and kind = :kind and id = :id")
LOCK = Query(_JOB + "where org_id = :org_id and kind = :kind and id = :id for update")
LIST = Query(_JOB + "where org_id = :org_id and kind = :kind order by id desc limit 50")

INSERT = Query(
    """
    insert into kernel.import_job
           (org_id, id, kind, blob_id, filename, columns, mapping, row_count, added_label,
            added_by, created_at, updated_at)
    values (:org_id, :id, :kind, :blob_id, :filename, :columns::text[], :mapping::jsonb,
            :row_count, :added_label, :added_by, :created_at, :updated_at)
    """
)

START = Query(
    """
    update kernel.import_job
       set state = :state, mapping = :mapping::jsonb, key = :key, done_rows = 0, created = 0,
           updated = 0, failed = 0, alike = 0, error = '', updated_at = :now
     where org_id = :org_id and id = :id
    """
)

FORGET_ROWS = Query("delete from kernel.import_row where org_id = :org_id and job_id = :id")

ADVANCE = Query(
    """
    update kernel.import_job
       set done_rows = :done_rows, created = created + :created, updated = updated + :updated,
           failed = failed + :failed, reverted = reverted + :reverted,
           alike = alike + :alike, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

SETTLE = Query(
    """
    update kernel.import_job
       set state = :state, error = :error, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

ADD_ROWS = Query(
    """
    insert into kernel.import_row
           (org_id, job_id, row_no, status, cells, errors, record_id, version, before)
    select :org_id, :job_id, row_no, status, coalesce(cells, '[]'), coalesce(errors, '[]'),
           record_id, version, before
      from jsonb_to_recordset(:rows::jsonb)
           as given (row_no int, status text, cells jsonb, errors jsonb, record_id uuid,
                     version int, before jsonb)
        on conflict (org_id, job_id, row_no) do nothing
    """
)

_ROW: LiteralString = """
    select row_no, status, cells, errors, record_id, version, before
      from kernel.import_row
"""
TOLD_ROWS = Query(
    _ROW
    + """
     where org_id = :org_id and job_id = :id and status = :status and row_no > :after
     order by row_no
     limit :limit
    """
)
LAST_WRITTEN = Query(
    _ROW
    + """
     where org_id = :org_id and job_id = :id and status in ('created', 'updated')
     order by row_no desc
     limit :limit
    """
)

MARK_ROWS = Query(
    """
    update kernel.import_row
       set status = :status
     where org_id = :org_id and job_id = :id and row_no = any(:rows::int[])
    """
)
KEPT = ("id", "blob_id", "filename", "columns", "mapping", "row_count", "added_label", "added_by",
        "created_at", "updated_at")  # fmt: skip


async def get(tx: Tx, kind: str, job_id: UUID) -> ImportJob | None:
    return await tx.one_or_none(GET, ImportJob, kind=kind, id=job_id)


async def lock(tx: Tx, kind: str, job_id: UUID) -> ImportJob | None:
    return await tx.one_or_none(LOCK, ImportJob, kind=kind, id=job_id)


async def list_jobs(tx: Tx, kind: str) -> list[ImportJob]:
    return await tx.many(LIST, ImportJob, kind=kind)


async def insert(tx: Tx, kind: str, job: ImportJob) -> None:
    row = msgspec.structs.asdict(job)
    await tx.run(INSERT, kind=kind, **{name: row[name] for name in KEPT})


async def start(
    tx: Tx, job_id: UUID, state: str, mapping: dict[str, str], key: str, now: datetime
) -> None:
    """From the first row, with what an earlier run wrote about its rows forgotten."""
    await tx.run(FORGET_ROWS, id=job_id)
    await tx.run(START, id=job_id, state=state, mapping=mapping, key=key, now=now)


async def advance(
    tx: Tx,
    job_id: UUID,
    done_rows: int,
    now: datetime,
    *,
    created: int = 0,
    updated: int = 0,
    failed: int = 0,
    reverted: int = 0,
    alike: int = 0,
) -> None:
    counts = {"created": created, "updated": updated, "failed": failed, "reverted": reverted}
    counts["alike"] = alike
    await tx.run(ADVANCE, id=job_id, done_rows=done_rows, now=now, **counts)


async def settle(tx: Tx, job_id: UUID, state: str, now: datetime, error: str = "") -> None:
    await tx.run(SETTLE, id=job_id, state=state, error=error, now=now)


async def add_rows(tx: Tx, job_id: UUID, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await tx.run(ADD_ROWS, job_id=job_id, rows=list(rows))


async def told_rows(tx: Tx, job_id: UUID, status: Told, *, after: int, limit: int) -> list[Row]:
    return await tx.many(TOLD_ROWS, Row, id=job_id, status=status, after=after, limit=limit)


async def last_written(tx: Tx, job_id: UUID, *, limit: int) -> list[Row]:
    """What is still there of the import, the last row first."""
    return await tx.many(LAST_WRITTEN, Row, id=job_id, limit=limit)


async def mark_rows(tx: Tx, job_id: UUID, status: str, row_nos: Sequence[int]) -> None:
    await tx.run(MARK_ROWS, id=job_id, status=status, rows=list(row_nos))
