"""Files people asked for."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.exports import Export, ExportDraft, Written
from tandem.kernel.db import Query, Tx

INSERT = Query(
    """
    insert into analytics.export
           (org_id, id, asker_id, title, draft, file, state, row_count, created_at, expires_at)
    values (:org_id, :id, :asker_id, :title, :draft::jsonb, :file, 'waiting', :row_count, :now,
            :expires_at)
    """
)
LIST = Query(
    """
    select id, asker_id, title, file, state, row_count, done_rows, size_bytes, suffix, sha256,
           as_of, policy_hash, error, created_at, done_at, expires_at
      from analytics.export
     where org_id = :org_id and asker_id = :asker_id
       and (:before_id::uuid is null or id < :before_id)
     order by id desc
     limit :count
    """
)
FIND = Query(
    """
    select id, asker_id, title, file, state, row_count, done_rows, size_bytes, suffix, sha256,
           as_of, policy_hash, error, created_at, done_at, expires_at
      from analytics.export
     where org_id = :org_id and id = :id
    """
)
COUNT_OPEN = Query(
    """
    select count(*) from analytics.export
     where org_id = :org_id and asker_id = :asker_id and state in ('waiting', 'running')
    """
)
PARTS = Query("select parts from analytics.export where org_id = :org_id and id = :id")
CLAIM = Query(
    """
    update analytics.export
       set state = 'running', attempts = attempts + 1, done_rows = 0, lease_until = :lease_until
     where org_id = :org_id and id = :id
       and (state = 'waiting' or state = 'running' and lease_until < :now)
    returning attempts, draft
    """
)
PROGRESS = Query(
    """
    update analytics.export
       set done_rows = :done_rows, lease_until = :lease_until
     where org_id = :org_id and id = :id and state = 'running' and attempts = :attempts
    """
)
FINISH = Query(
    """
    update analytics.export
       set state = 'done', row_count = :row_count, done_rows = :row_count, parts = :parts,
           size_bytes = :size_bytes, suffix = :suffix, sha256 = :sha256, as_of = :as_of,
           policy_hash = :policy_hash, done_at = :now, lease_until = null
     where org_id = :org_id and id = :id and state in ('waiting', 'running')
       and attempts = :attempts
    """
)
FAIL = Query(
    """
    update analytics.export
       set state = 'failed', error = :error, done_at = :now, lease_until = null
     where org_id = :org_id and id = :id and state in ('waiting', 'running')
    """
)
ABANDONED = Query(
    """
    select id, attempts from analytics.export
     where org_id = :org_id and state = 'running' and lease_until < :now
     order by id limit 50
    """
)
EXPIRED = Query(
    """
    select id, parts from analytics.export
     where org_id = :org_id and state <> 'expired' and expires_at <= :now
     order by expires_at limit 100
    """
)
EXPIRE = Query(
    """
    update analytics.export set state = 'expired', parts = 0, lease_until = null
     where org_id = :org_id and id = :id
    """
)


class Claimed(msgspec.Struct, frozen=True):
    attempts: int
    draft: ExportDraft


async def insert(
    tx: Tx,
    export_id: UUID,
    asker_id: UUID,
    draft: ExportDraft,
    *,
    row_count: int | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    await tx.run(
        INSERT,
        id=export_id,
        asker_id=asker_id,
        title=draft.title,
        draft=msgspec.json.encode(draft).decode(),
        file=draft.file,
        row_count=row_count,
        now=now,
        expires_at=expires_at,
    )


async def list_of(tx: Tx, asker_id: UUID, *, before_id: UUID | None, count: int) -> list[Export]:
    return await tx.many(LIST, Export, asker_id=asker_id, before_id=before_id, count=count)


async def find(tx: Tx, export_id: UUID) -> Export | None:
    return await tx.one_or_none(FIND, Export, id=export_id)


async def count_open(tx: Tx, asker_id: UUID) -> int:
    number: int = await tx.value(COUNT_OPEN, asker_id=asker_id)
    return number


async def parts(tx: Tx, export_id: UUID) -> int:
    number: int = await tx.value(PARTS, id=export_id)
    return number


async def claim(tx: Tx, export_id: UUID, *, now: datetime, lease_until: datetime) -> Claimed | None:
    return await tx.one_or_none(CLAIM, Claimed, id=export_id, now=now, lease_until=lease_until)


async def progress(
    tx: Tx, export_id: UUID, *, attempts: int, done_rows: int, lease_until: datetime
) -> bool:
    """False: somebody else has it in hand by now."""
    given = {"attempts": attempts, "done_rows": done_rows, "lease_until": lease_until}
    return bool(await tx.run(PROGRESS, id=export_id, **given))


async def finish(tx: Tx, export_id: UUID, made: Written, *, attempts: int, now: datetime) -> bool:
    facts = msgspec.structs.asdict(made)
    return bool(await tx.run(FINISH, id=export_id, attempts=attempts, now=now, **facts))


async def fail(tx: Tx, export_id: UUID, *, error: str, now: datetime) -> None:
    await tx.run(FAIL, id=export_id, error=error[:500], now=now)


async def abandoned(tx: Tx, now: datetime) -> list[Any]:
    return await tx.records(ABANDONED, now=now)


async def expired(tx: Tx, now: datetime) -> list[Any]:
    return await tx.records(EXPIRED, now=now)


async def expire(tx: Tx, export_id: UUID) -> None:
    await tx.run(EXPIRE, id=export_id)
