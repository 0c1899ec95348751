"""Tasks and files of customers and accounts, and whose the records are."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.records import KEPT_MAX, KeptFile, Owning, Task
from tandem.kernel.db import Query, Tx

LIST_TASKS = Query(
    """
    select id, subject_kind, subject_id, title, due_on, assignee_id, done_at, created_label,
           created_at, kind, due_at, outcome
      from customers.task
     where org_id = :org_id and subject_kind = :kind and subject_id = :subject_id
     order by (done_at is not null), coalesce(due_at, due_on::timestamp at time zone 'UTC')
              nulls last, id
     limit :limit
    """
)


INSERT_TASK = Query(
    """
    insert into customers.task
           (org_id, id, subject_kind, subject_id, title, due_on, assignee_id, created_label,
            created_at)
    values (:org_id, :id, :subject_kind, :subject_id, :title, :due_on, :assignee_id,
            :created_label, :created_at)
    """
)

SETTLE_TASK = Query(
    """
    update customers.task
       set done_at = :done_at
     where org_id = :org_id and id = :id and subject_kind = :kind and subject_id = :subject_id
    """
)

LIST_FILES = Query(
    """
    select id, blob_id, filename, media_type, size_bytes, added_label, added_at
      from customers.file
     where org_id = :org_id and subject_kind = :kind and subject_id = :subject_id
     order by id desc
     limit :limit
    """
)

INSERT_FILE = Query(
    """
    insert into customers.file
           (org_id, id, subject_kind, subject_id, blob_id, filename, media_type, size_bytes,
            added_label, added_at)
    values (:org_id, :id, :kind, :subject_id, :blob_id, :filename, :media_type, :size_bytes,
            :added_label, :added_at)
    """
)

DELETE_FILE = Query(
    """
    delete from customers.file
     where org_id = :org_id and id = :id and subject_kind = :kind and subject_id = :subject_id
    returning blob_id
    """
)

OWN_CUSTOMER = Query(
    """
    update customers.customer
       set owner_id = :owner_id, team_id = :team_id, territory_id = :territory_id,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

OWN_ACCOUNT = Query(
    """
    update customers.account
       set owner_id = :owner_id, team_id = :team_id, territory_id = :territory_id,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)


async def tasks(tx: Tx, kind: str, subject_id: UUID) -> list[Task]:
    return await tx.many(LIST_TASKS, Task, kind=kind, subject_id=subject_id, limit=KEPT_MAX)


async def add_task(tx: Tx, task: Task) -> None:
    row: dict[str, Any] = msgspec.structs.asdict(task)
    for name in ("done_at", "kind", "due_at", "outcome"):
        del row[name]
    await tx.run(INSERT_TASK, **row)


async def settle_task(
    tx: Tx, kind: str, subject_id: UUID, task_id: UUID, done_at: datetime | None
) -> bool:
    return bool(
        await tx.run(SETTLE_TASK, kind=kind, subject_id=subject_id, id=task_id, done_at=done_at)
    )


async def files(tx: Tx, kind: str, subject_id: UUID) -> list[KeptFile]:
    return await tx.many(LIST_FILES, KeptFile, kind=kind, subject_id=subject_id, limit=KEPT_MAX)


async def add_file(tx: Tx, kind: str, subject_id: UUID, file: KeptFile) -> None:
    await tx.run(INSERT_FILE, kind=kind, subject_id=subject_id, **msgspec.structs.asdict(file))


async def remove_file(tx: Tx, kind: str, subject_id: UUID, file_id: UUID) -> UUID | None:
    """Its content's id; None where there is no such file."""
    found: UUID | None = await tx.value(DELETE_FILE, kind=kind, subject_id=subject_id, id=file_id)
    return found


async def own(tx: Tx, kind: str, subject_id: UUID, owning: Owning, now: datetime) -> None:
    query = OWN_CUSTOMER if kind == "customer" else OWN_ACCOUNT
    await tx.run(query, id=subject_id, **msgspec.structs.asdict(owning), now=now)
