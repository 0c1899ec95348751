"""Tasks beside customers, accounts, leads and deals: whose business they are, and reminders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.tasks import (
    Scope,
    Task,
    TaskChange,
    TaskDraft,
    TaskFilters,
    When,
)
from tandem.crm.customers.service import tasks
from tandem.crm.identity import service as identity
from tandem.crm.notifications.service.inbox import tell_staff
from tandem.crm.sales.service import subjects
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.jobs import Work, every
from tandem.kernel.reach import EVERYWHERE, Reach

LISTED_MAX = 500
OF_SALES = ("lead", "opportunity")
PAGES = {
    "customer": "/customers/{}",
    "account": "/accounts/{}",
    "lead": "/leads/{}",
    "opportunity": "/deals/{}",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A task as a list shows it. The subject's name and page stay empty where the reader may not
    see the record."""

    task: Task
    when: When
    subject_name: str = ""
    subject_page: str = ""


async def list_tasks(
    tx: Tx, filters: TaskFilters, *, scope: Scope = "mine", limit: int = LISTED_MAX, now: datetime
) -> list[Line]:
    """One's own, or those of everybody whose sales records one may see; beside a record that is
    named, all of its tasks. Open ones by when they are due, then what was done last."""
    zone = await _zone(tx)
    reach = await _reach(tx, filters, scope)
    found = await tasks.list_tasks(tx, filters, reach, zone=zone, limit=limit)
    return await _lines(tx, found, zone, now)


async def get_task(tx: Tx, task_id: UUID, *, now: datetime) -> Line:
    """Refuses with NotFound one that is neither the reader's own, nor within their reach, nor
    beside a record they see."""
    found = await tasks.find(tx, task_id)
    if found is None or not await _sees(tx, found):
        raise NotFound("There is no such task.")
    return (await _lines(tx, [found], await _zone(tx), now))[0]


async def add_task(tx: Tx, draft: TaskDraft, *, now: datetime) -> Task:
    """Refuses a record that is not there or not the actor's to write beside, and an assignee who
    is not here."""
    await _check_writes(tx, draft.subject_kind, draft.subject_id)
    await _check_assignee(tx, draft.assignee_id)
    task = await tasks.add(tx, draft, zone=await _zone(tx), now=now)
    await _tell_assignee(tx, task, None, now)
    return task


async def change_task(tx: Tx, task_id: UUID, to: TaskChange, *, now: datetime) -> Task:
    task = await _lock(tx, task_id)
    if to.assignee_id is not msgspec.UNSET:
        await _check_assignee(tx, to.assignee_id)
    changed = await tasks.change(tx, task, to, zone=await _zone(tx), now=now)
    await _tell_assignee(tx, changed, task.assignee_id, now)
    return changed


async def settle_task(
    tx: Tx, task_id: UUID, *, is_done: bool, outcome: str | None = None, now: datetime
) -> Task:
    """Whoever it is for may tick it off, and whoever may write beside its record."""
    return await tasks.settle(
        tx, await _lock(tx, task_id), is_done=is_done, outcome=outcome, now=now
    )


async def remove_task(tx: Tx, task_id: UUID, *, now: datetime) -> None:
    await tasks.remove(tx, await _lock(tx, task_id), now=now)


@every(30, "tasks.remind")
async def remind(work: Work) -> None:
    """Each reminder once: telling and the mark that it was told commit together."""
    now = work.now()
    async with work.transaction() as tx:
        due = await tasks.take_reminders(tx, now)
        zone = await _zone(tx) if due else ""
        for line in await _lines(tx, due, zone, now):
            task = line.task
            if task.assignee_id is None:
                continue
            await tell_staff(
                tx,
                [task.assignee_id],
                kind="task_due",
                title=task.title,
                body=f"{task.kind.capitalize()} beside {line.subject_name}",
                link=line.subject_page,
                dedupe=f"task_due:{task.id}:{task.remind_at:%Y%m%d%H%M%S}",
                now=now,
                zone=zone,
            )


async def _reach(tx: Tx, filters: TaskFilters, scope: Scope) -> Reach:
    if filters.subject_kind is not None and filters.subject_id is not None:
        await _check_seen(tx, filters.subject_kind, filters.subject_id)
        return EVERYWHERE
    if filters.subject_id is not None:
        raise Invalid("Say what kind of record it is.", field="subject_kind")
    if scope == "team":
        tx.actor.require("sales.read")
        return tx.actor.reach("sales.read")
    me = tx.actor.user_id
    return Reach(owners=frozenset({me} if me else ()))


async def _sees(tx: Tx, task: Task) -> bool:
    if _is_own(tx.actor, task):
        return True
    reach = tx.actor.reach("sales.read")
    if reach.is_all or task.assignee_id in reach.owners:
        return True
    try:
        await _check_seen(tx, task.subject_kind, task.subject_id)
    except NotFound:
        return False
    return True


def _is_own(actor: Actor, task: Task) -> bool:
    return actor.user_id is not None and task.assignee_id == actor.user_id


async def _lock(tx: Tx, task_id: UUID) -> Task:
    found = await tasks.find(tx, task_id)
    if found is None or not await _sees(tx, found):
        raise NotFound("There is no such task.")
    if not _is_own(tx.actor, found):
        await _check_writes(tx, found.subject_kind, found.subject_id)
    return await tasks.lock(tx, task_id)


async def _check_seen(tx: Tx, kind: str, subject_id: UUID) -> None:
    if kind in OF_SALES:
        await subjects.check_seen(tx, kind, subject_id)
    elif kind == "customer":
        await customers.get_customer(tx, subject_id)
    else:
        await customers.get_account(tx, subject_id)


async def _check_writes(tx: Tx, kind: str, subject_id: UUID) -> None:
    if kind in OF_SALES:
        await subjects.check_writes(tx, kind, subject_id)
    elif kind == "customer":
        await customers.lock_customer(tx, subject_id)
    else:
        await customers.lock_account(tx, subject_id)


async def _check_assignee(tx: Tx, assignee_id: UUID | None) -> None:
    if assignee_id is None or assignee_id == tx.actor.user_id:
        return
    await identity.check_staff(tx, assignee_id, field="assignee_id")


async def _tell_assignee(tx: Tx, task: Task, before: UUID | None, now: datetime) -> None:
    """Whoever gives themselves something to do knows it."""
    whom = task.assignee_id
    if whom is None or whom in (before, tx.actor.user_id) or task.done_at is not None:
        return
    trusted = tx.with_all_grants()
    line = (await _lines(trusted, [task], await _zone(tx), now))[0]
    await tell_staff(
        trusted,
        [whom],
        kind="task_assigned",
        title=task.title,
        body=f"{tx.actor.label} gave you this, beside {line.subject_name}.",
        link=line.subject_page,
        dedupe=f"task_assigned:{task.id}:{task.version}:{whom}",
        now=now,
    )


async def _lines(tx: Tx, found: Sequence[Task], zone: str, now: datetime) -> list[Line]:
    """With the names of the records, four small queries at most."""
    names: dict[UUID, str] = {}
    for kind in PAGES:
        ids = tasks.ids_of(found, kind)
        if not ids:
            continue
        if kind in OF_SALES:
            known = await subjects.named(tx, kind, ids) if tx.actor.may("sales.read") else []
            names |= {one.id: one.name for one in known}
        elif tx.actor.may("customers.read"):
            names |= {
                one.id: one.name
                for one in await tasks.names(tx, kind, ids)
                if tx.actor.sees("customers.read", one)
            }
    return [
        Line(
            task=task,
            when=task.when(now, zone),
            subject_name=names.get(task.subject_id, ""),
            subject_page=PAGES[task.subject_kind].format(task.subject_id)
            if task.subject_id in names
            else "",
        )
        for task in found
    ]


async def _zone(tx: Tx) -> str:
    return (await identity.get_organisation(tx.with_all_grants())).time_zone
