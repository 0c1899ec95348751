"""Import jobs and what became of their rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.sheets import ImportJob
from tandem.kernel.db import Query, Tx

_JOB: LiteralString = """
    select id, blob_id, filename, columns, mapping, key, state, row_count, done_rows, created,
           updated, failed, reverted, error, added_label, added_by, created_at, updated_at
      from customers.import_job
"""
GET = Query(_JOB + "where org_id = :org_id and id = :id")
LOCK = Query(_JOB + "where org_id = :org_id and id = :id for update")
LIST = Query(_JOB + "where org_id = :org_id order by id desc limit 50")

INSERT = Query(
    """
    insert into customers.import_job
           (org_id, id, blob_id, filename, columns, mapping, row_count, added_label, added_by,
            created_at, updated_at)
    values (:org_id, :id, :blob_id, :filename, :columns::text[], :mapping::jsonb, :row_count,
            :added_label, :added_by, :created_at, :updated_at)
    """
)

START = Query(
    """
    update customers.import_job
       set state = :state, mapping = :mapping::jsonb, key = :key, done_rows = 0, created = 0,
           updated = 0, failed = 0, error = '', updated_at = :now
     where org_id = :org_id and id = :id
    """
)

FORGET_ROWS = Query("delete from customers.import_row where org_id = :org_id and job_id = :id")

ADVANCE = Query(
    """
    update customers.import_job
       set done_rows = :done_rows, created = created + :created, updated = updated + :updated,
           failed = failed + :failed, reverted = reverted + :reverted, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

SETTLE = Query(
    """
    update customers.import_job
       set state = :state, error = :error, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

ADD_ROWS = Query(
    """
    insert into customers.import_row
           (org_id, job_id, row_no, status, cells, errors, customer_id, version, before)
    select :org_id, :job_id, row_no, status, coalesce(cells, '[]'), coalesce(errors, '[]'),
           customer_id, version, before
      from jsonb_to_recordset(:rows::jsonb)
           as given (row_no int, status text, cells jsonb, errors jsonb, customer_id uuid,
                     version int, before jsonb)
        on conflict (org_id, job_id, row_no) do nothing
    """
)

ROWS = Query(
    """
    select row_no, status, cells, errors, customer_id, version, before
      from customers.import_row
     where org_id = :org_id and job_id = :id and status = any(:statuses::text[])
       and row_no > :after
     order by row_no
     limit :limit
    """
)

MARK_ROWS = Query(
    """
    update customers.import_row
       set status = :status
     where org_id = :org_id and job_id = :id and row_no = any(:rows::int[])
    """
)

BY_NUMBER = Query(
    """
    select number, id from customers.customer
     where org_id = :org_id and number = any(:numbers::text[]) and merged_into_id is null
     order by number
    """
)

BY_CONTACT = Query(
    """
    select k.value, k.customer_id
      from customers.contact_key k
     where k.org_id = :org_id and k.kind = :kind and k.value = any(:values::text[])
     order by k.value
    """
)

UNTOUCHED = Query(
    """
    select c.id
      from unnest(:ids::uuid[], :versions::int[]) as made (id, version)
      join customers.customer c
        on c.org_id = :org_id and c.id = made.id and c.version = made.version
     where not exists (select from customers.purchase p
                        where p.org_id = :org_id and p.customer_id = c.id)
       and not exists (select from customers.note n
                        where n.org_id = :org_id and n.subject_id = c.id)
       and not exists (select from customers.consent s
                        where s.org_id = :org_id and s.customer_id = c.id)
     order by c.id for update of c
    """
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    row_no: int
    status: str
    cells: list[str]
    errors: list[dict[str, str]]
    customer_id: UUID | None
    version: int | None
    before: dict[str, Any] | None


async def get(tx: Tx, job_id: UUID) -> ImportJob | None:
    return await tx.one_or_none(GET, ImportJob, id=job_id)


async def lock(tx: Tx, job_id: UUID) -> ImportJob | None:
    return await tx.one_or_none(LOCK, ImportJob, id=job_id)


async def list_jobs(tx: Tx) -> list[ImportJob]:
    return await tx.many(LIST, ImportJob)


async def insert(tx: Tx, job: ImportJob) -> None:
    row = msgspec.structs.asdict(job)
    kept = (
        "id",
        "blob_id",
        "filename",
        "columns",
        "mapping",
        "row_count",
        "added_label",
        "added_by",
    )
    times = {"created_at": job.created_at, "updated_at": job.updated_at}
    await tx.run(INSERT, **{name: row[name] for name in kept}, **times)


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
) -> None:
    counts = {"created": created, "updated": updated, "failed": failed, "reverted": reverted}
    await tx.run(ADVANCE, id=job_id, done_rows=done_rows, now=now, **counts)


async def settle(tx: Tx, job_id: UUID, state: str, now: datetime, error: str = "") -> None:
    await tx.run(SETTLE, id=job_id, state=state, error=error, now=now)


async def add_rows(tx: Tx, job_id: UUID, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await tx.run(ADD_ROWS, job_id=job_id, rows=list(rows))


async def rows(
    tx: Tx, job_id: UUID, statuses: Sequence[str], *, after: int = 0, limit: int
) -> list[Row]:
    return await tx.many(ROWS, Row, id=job_id, statuses=list(statuses), after=after, limit=limit)


async def mark_rows(tx: Tx, job_id: UUID, status: str, row_nos: Sequence[int]) -> None:
    await tx.run(MARK_ROWS, id=job_id, status=status, rows=list(row_nos))


async def holders(tx: Tx, key: str, values: Sequence[str]) -> dict[str, UUID]:
    """Which customer each value of the key belongs to."""
    if key == "number":
        found = await tx.records(BY_NUMBER, numbers=list(values))
    else:
        found = await tx.records(BY_CONTACT, kind=key, values=list(values))
    return {row[0]: row[1] for row in found}


async def untouched(tx: Tx, ids: Sequence[UUID], versions: Sequence[int]) -> set[UUID]:
    """Of customers an import wrote, those nobody did anything with since; locked."""
    found = await tx.records(UNTOUCHED, ids=list(ids), versions=list(versions))
    return {row["id"] for row in found}
