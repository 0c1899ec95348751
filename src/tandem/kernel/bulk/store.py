"""Acts on many records, and a row for each record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.bulk.shapes import BulkRow, HeldJob, HeldRow
from tandem.kernel.db import Query, Tx

_JOB: LiteralString = """
    select id, kind, act, args, said, state, is_undoable, total, changed, same, refused, undone,
           kept, asker, asked_by, created_at, updated_at
      from kernel.bulk_job
"""
GET = Query(_JOB + "where org_id = :org_id and id = :id")
LOCK = Query(_JOB + "where org_id = :org_id and id = :id for update")
LIST = Query(
    _JOB
    + """
     where org_id = :org_id and asked_by is not distinct from :asked_by::uuid
       and (:before_id::uuid is null or id < :before_id)
     order by id desc
     limit :limit
    """
)

INSERT = Query(
    """
    insert into kernel.bulk_job
           (org_id, id, kind, act, args, said, state, is_undoable, total, asker, asked_by,
            created_at, updated_at)
    values (:org_id, :id, :kind, :act, :args::jsonb, :said, :state, :is_undoable, :total,
            :asker::jsonb, :asked_by, :created_at, :updated_at)
    """
)

ADD_ROWS = Query(
    """
    insert into kernel.bulk_row (org_id, job_id, record_id)
    select :org_id, :job_id, record_id
      from unnest(:ids::uuid[]) as chosen (record_id)
     order by record_id
    """
)

_ROW: LiteralString = """
    select record_id, status, label, code, said, before, after
      from kernel.bulk_row
"""
NEXT = Query(
    _ROW
    + """
     where org_id = :org_id and job_id = :job_id and status = :status
     order by record_id
     limit :limit
    """
)
LIST_ROWS = Query(
    """
    select record_id, status, label, code, said
      from kernel.bulk_row
     where org_id = :org_id and job_id = :job_id and status = any(:statuses::text[])
       and record_id > :after
     order by record_id
     limit :limit
    """
)

SETTLE_ROWS = Query(
    """
    update kernel.bulk_row r
       set status = given.status, label = given.label, code = given.code, said = given.said,
           before = coalesce(given.before, r.before), after = coalesce(given.after, r.after)
      from jsonb_to_recordset(:rows::jsonb)
           as given (record_id uuid, status text, label text, code text, said text, before jsonb,
                     after jsonb)
     where r.org_id = :org_id and r.job_id = :job_id and r.record_id = given.record_id
    """
)

REFUSE_REST = Query(
    """
    update kernel.bulk_row
       set status = :status, code = :code, said = :said
     where org_id = :org_id and job_id = :job_id and status = :waiting
    """
)

ADVANCE = Query(
    """
    update kernel.bulk_job
       set changed = changed + :changed, same = same + :same, refused = refused + :refused,
           undone = undone + :undone, kept = kept + :kept, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

SETTLE = Query(
    """
    update kernel.bulk_job
       set state = :state, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

FORGET = Query(
    """
    delete from kernel.bulk_job
     where org_id = :org_id and id in (
           select id from kernel.bulk_job
            where org_id = :org_id and created_at < :before
            order by created_at
            limit :limit)
    """
)
# By their jobs, of which there are few: records have no index of their own here.
FORGET_RECORDS = Query(
    """
    delete from kernel.bulk_row r
     using kernel.bulk_job j
     where j.org_id = :org_id and r.org_id = :org_id and r.job_id = j.id
       and r.record_id = any(:ids::uuid[])
    """
)
COUNTED = ("changed", "same", "refused", "undone", "kept")


async def get(tx: Tx, job_id: UUID) -> HeldJob | None:
    return await tx.one_or_none(GET, HeldJob, id=job_id)


async def lock(tx: Tx, job_id: UUID) -> HeldJob | None:
    return await tx.one_or_none(LOCK, HeldJob, id=job_id)


async def list_of(
    tx: Tx, asked_by: UUID | None, *, before_id: UUID | None, limit: int
) -> list[HeldJob]:
    return await tx.many(LIST, HeldJob, asked_by=asked_by, before_id=before_id, limit=limit)


async def insert(tx: Tx, job: HeldJob, ids: Sequence[UUID]) -> None:
    row = msgspec.structs.asdict(job)
    for name in COUNTED:
        del row[name]
    await tx.run(INSERT, **row | {"asker": msgspec.to_builtins(job.asker)})
    await tx.run(ADD_ROWS, job_id=job.id, ids=list(ids))


async def next_rows(tx: Tx, job_id: UUID, status: str, *, limit: int) -> list[HeldRow]:
    return await tx.many(NEXT, HeldRow, job_id=job_id, status=status, limit=limit)


async def list_rows(
    tx: Tx, job_id: UUID, statuses: Sequence[str], *, after: UUID, limit: int
) -> list[BulkRow]:
    return await tx.many(
        LIST_ROWS, BulkRow, job_id=job_id, statuses=list(statuses), after=after, limit=limit
    )


async def settle_rows(tx: Tx, job_id: UUID, rows: Sequence[dict[str, Any]]) -> None:
    await tx.run(SETTLE_ROWS, job_id=job_id, rows=list(rows))


async def refuse_rest(
    tx: Tx, job_id: UUID, *, waiting: str, status: str, code: str, said: str
) -> int:
    """All that the job has not come to, with one reason."""
    return await tx.run(
        REFUSE_REST, job_id=job_id, waiting=waiting, status=status, code=code, said=said
    )


async def advance(tx: Tx, job_id: UUID, counts: dict[str, int], now: datetime) -> None:
    await tx.run(ADVANCE, id=job_id, now=now, **{name: counts.get(name, 0) for name in COUNTED})


async def settle(tx: Tx, job_id: UUID, state: str, now: datetime) -> None:
    await tx.run(SETTLE, id=job_id, state=state, now=now)


async def forget_records(tx: Tx, ids: Sequence[UUID]) -> int:
    """What many were done to says nothing of these any more, and gives nothing back to them."""
    return await tx.run(FORGET_RECORDS, ids=list(ids))


async def forget(tx: Tx, *, before: datetime, limit: int) -> int:
    """The oldest jobs that were asked for before, and their rows."""
    return await tx.run(FORGET, before=before, limit=limit)
