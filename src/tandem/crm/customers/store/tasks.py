"""Tasks, calls and meetings, beside whatever record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.tasks import Task, TaskFilters
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach

TASK: LiteralString = """
    select t.id, t.subject_kind, t.subject_id, t.kind, t.title, t.due_on, t.due_at, t.remind_at,
           t.reminded_at, t.assignee_id, t.outcome, t.done_at, t.done_label, t.created_label,
           t.created_at, t.version
      from customers.task t
"""

GET = Query(TASK + "where t.org_id = :org_id and t.id = :id")
LOCK = Query(TASK + "where t.org_id = :org_id and t.id = :id for update of t")

# Open ones by when they are due, done ones by when they were done.
LIST = Query(
    TASK
    + """
     where t.org_id = :org_id
       and (:subject_kind::text is null or t.subject_kind = :subject_kind)
       and (:subject_id::uuid is null or t.subject_id = :subject_id)
       and (:assignee_id::uuid is null or t.assignee_id = :assignee_id)
       and (:state::text is null or (t.done_at is not null) = (:state = 'done'))
       and (:anybody::boolean or t.assignee_id = any(:people::uuid[]))
     order by t.done_at desc nulls first,
              coalesce(t.due_at, t.due_on::timestamp at time zone :zone) nulls last, t.id
     limit :limit
    """
)

INSERT = Query(
    """
    insert into customers.task
           (org_id, id, subject_kind, subject_id, kind, title, due_on, due_at, remind_at,
            assignee_id, outcome, done_at, done_label, created_label, created_at)
    values (:org_id, :id, :subject_kind, :subject_id, :kind, :title, :due_on, :due_at,
            :remind_at, :assignee_id, :outcome, :done_at, :done_label, :created_label,
            :created_at)
    """
)

SAVE = Query(
    """
    update customers.task
       set kind = :kind, title = :title, due_on = :due_on, due_at = :due_at,
           remind_at = :remind_at, reminded_at = :reminded_at, assignee_id = :assignee_id,
           outcome = :outcome, done_at = :done_at, done_label = :done_label,
           version = version + 1
     where org_id = :org_id and id = :id
    """
)
SAVED = tuple(name for name in SAVE.names if name != "org_id")

DELETE = Query("delete from customers.task where org_id = :org_id and id = :id")

COUNT = Query(
    """
    select count(*) from customers.task
     where org_id = :org_id and subject_kind = :kind and subject_id = :subject_id
    """
)

REMINDERS = Query(
    TASK
    + """
     where t.org_id = :org_id and t.remind_at <= :now and t.reminded_at is null
       and t.done_at is null
     order by t.remind_at, t.id
     limit 200
       for update of t skip locked
    """
)

MARK_REMINDED = Query(
    """
    update customers.task set reminded_at = :now
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)

MOVE_OPEN = Query(
    """
    update customers.task
       set subject_kind = :to_kind, subject_id = :to_id
     where org_id = :org_id and subject_kind = :from_kind and subject_id = :from_id
       and (:ids::uuid[] is null or id = any(:ids))
       and (done_at is null or :ids::uuid[] is not null)
    returning id
    """
)

FORGET = Query(
    """
    delete from customers.task
     where org_id = :org_id and subject_kind = :kind and subject_id = any(:ids::uuid[])
    """
)

NAMES_OF_CUSTOMERS = Query(
    """
    select id, name, owner_id, team_id, territory_id from customers.customer
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)

NAMES_OF_ACCOUNTS = Query(
    """
    select id, name, owner_id, team_id, territory_id from customers.account
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A record's name, and whose it is."""

    id: UUID
    name: str
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None


async def find(tx: Tx, task_id: UUID) -> Task | None:
    return await tx.one_or_none(GET, Task, id=task_id)


async def lock(tx: Tx, task_id: UUID) -> Task | None:
    return await tx.one_or_none(LOCK, Task, id=task_id)


async def list_tasks(
    tx: Tx, filters: TaskFilters, reach: Reach, *, zone: str, limit: int
) -> list[Task]:
    """Of people within the reach: a task is as far away as whose it is."""
    return await tx.many(
        LIST,
        Task,
        **msgspec.structs.asdict(filters),
        anybody=reach.is_all,
        people=list(reach.owners),
        zone=zone,
        limit=limit,
    )


async def insert(tx: Tx, task: Task) -> None:
    row: dict[str, Any] = msgspec.structs.asdict(task)
    for name in ("reminded_at", "version"):
        del row[name]
    await tx.run(INSERT, **row)


async def save(tx: Tx, task: Task) -> None:
    await tx.run(SAVE, **{name: getattr(task, name) for name in SAVED})


async def delete(tx: Tx, task_id: UUID) -> None:
    await tx.run(DELETE, id=task_id)


async def count(tx: Tx, kind: str, subject_id: UUID) -> int:
    found: int = await tx.value(COUNT, kind=kind, subject_id=subject_id)
    return found


async def take_reminders(tx: Tx, now: datetime) -> list[Task]:
    """Those that are due, marked as told; held by nobody else."""
    found = await tx.many(REMINDERS, Task, now=now)
    if found:
        await tx.run(MARK_REMINDED, ids=[task.id for task in found], now=now)
    return found


async def move(
    tx: Tx,
    source: tuple[str, UUID],
    into: tuple[str, UUID],
    ids: Sequence[UUID] | None = None,
) -> list[UUID]:
    """The open ones of a record, or exactly these, beside another; which moved."""
    rows = await tx.records(
        MOVE_OPEN,
        from_kind=source[0],
        from_id=source[1],
        to_kind=into[0],
        to_id=into[1],
        ids=None if ids is None else list(ids),
    )
    return [row["id"] for row in rows]


async def forget(tx: Tx, kind: str, ids: Sequence[UUID]) -> int:
    return await tx.run(FORGET, kind=kind, ids=list(ids))


async def names(tx: Tx, kind: str, ids: Sequence[UUID]) -> list[Named]:
    query = NAMES_OF_CUSTOMERS if kind == "customer" else NAMES_OF_ACCOUNTS
    return await tx.many(query, Named, ids=list(ids))
