"""Tasks beside any record. Whether the record is the actor's business the calling flow knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.records import KEPT_MAX
from tandem.crm.customers.domain.tasks import (
    Task,
    TaskChange,
    TaskDraft,
    TaskFilters,
    check_due,
    remind_at,
)
from tandem.crm.customers.store import tasks as store
from tandem.crm.customers.store.tasks import Named
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Reach

__all__ = [
    "Named",
    "add",
    "change",
    "count",
    "find",
    "forget",
    "list_tasks",
    "lock",
    "move",
    "names",
    "remove",
    "settle",
    "take_reminders",
]

find = store.find
move = store.move
forget = store.forget
take_reminders = store.take_reminders
names = store.names
count = store.count


async def lock(tx: Tx, task_id: UUID) -> Task:
    found = await store.lock(tx, task_id)
    if found is None:
        raise NotFound("There is no such task.")
    return found


async def list_tasks(
    tx: Tx, filters: TaskFilters, reach: Reach, *, zone: str, limit: int
) -> list[Task]:
    """Open ones first, the next due at the top; then done ones, the newest first."""
    return await store.list_tasks(tx, filters, reach, zone=zone, limit=limit)


async def add(tx: Tx, draft: TaskDraft, *, zone: str, now: datetime) -> Task:
    """Without an assignee it is the actor's own. What is done already is written down as done."""
    check_due(draft.due_on, draft.due_at)
    if await store.count(tx, draft.subject_kind, draft.subject_id) >= KEPT_MAX:
        raise Invalid(f"One record keeps {KEPT_MAX} tasks at most.")
    task = Task(
        id=new_id(),
        subject_kind=draft.subject_kind,
        subject_id=draft.subject_id,
        kind=draft.kind,
        title=draft.title.strip(),
        due_on=draft.due_on,
        due_at=draft.due_at,
        remind_at=remind_at(draft.due_on, draft.due_at, draft.remind_minutes, zone),
        reminded_at=None,
        assignee_id=draft.assignee_id or tx.actor.person,
        outcome=draft.outcome,
        done_at=now if draft.is_done else None,
        done_label=tx.actor.label if draft.is_done else "",
        created_label=tx.actor.label,
        created_at=now,
        version=1,
    )
    await store.insert(tx, task)
    await _note(tx, "task_added", task, now, after=msgspec.to_builtins(draft))
    return task


async def change(tx: Tx, task: Task, to: TaskChange, *, zone: str, now: datetime) -> Task:
    """Apply what is given to a locked task. Another time forgets that it was reminded of."""
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(to).items()
        if value is not msgspec.UNSET
    }
    minutes = given.pop("remind_minutes", None)
    if given.get("due_at") is not None:
        given.setdefault("due_on", None)
    elif given.get("due_on") is not None:
        given.setdefault("due_at", None)
    after = msgspec.structs.replace(task, **given)
    check_due(after.due_on, after.due_at)
    is_moved = {"due_on", "due_at"} & given.keys() or to.remind_minutes is not msgspec.UNSET
    if is_moved:
        again = remind_at(after.due_on, after.due_at, minutes, zone)
        after = msgspec.structs.replace(after, remind_at=again, reminded_at=None)
    await store.save(tx, after)
    before = {name: msgspec.to_builtins(getattr(task, name)) for name in given}
    await _note(tx, "task_changed", task, now, before=before, after=msgspec.to_builtins(given))
    return msgspec.structs.replace(after, version=task.version + 1)


async def settle(tx: Tx, task: Task, *, is_done: bool, outcome: str | None, now: datetime) -> Task:
    """Tick a locked task off, or open it again. Who ticked it off first stays its name."""
    if is_done == (task.done_at is not None) and outcome is None:
        return task
    after = msgspec.structs.replace(
        task,
        done_at=(task.done_at or now) if is_done else None,
        done_label=(task.done_label or tx.actor.label) if is_done else "",
        outcome=task.outcome if outcome is None else outcome,
    )
    await store.save(tx, after)
    await _note(tx, "task_done" if is_done else "task_reopened", task, now)
    return msgspec.structs.replace(after, version=task.version + 1)


async def remove(tx: Tx, task: Task, *, now: datetime) -> None:
    await store.delete(tx, task.id)
    await _note(tx, "task_removed", task, now, before=msgspec.to_builtins(task))


async def _note(tx: Tx, what: str, task: Task, now: datetime, **facts: Any) -> None:
    await audit.write(
        tx,
        action=f"customers.{what}",
        subject_kind="task",
        subject_id=task.id,
        now=now,
        **facts,
    )


def ids_of(tasks: Sequence[Task], kind: str) -> list[UUID]:
    """The records of one kind that these tasks stand beside, each once."""
    return list(dict.fromkeys(task.subject_id for task in tasks if task.subject_kind == kind))
