"""Tasks, calls and meetings over HTTP, beside whatever record."""

from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.customers.domain import CustomerMerged
from tandem.crm.customers.domain.tasks import (
    Beside,
    Outcome,
    Scope,
    State,
    Task,
    TaskChange,
    TaskDraft,
    TaskFilters,
)
from tandem.crm.sales.domain.leads import LeadMerged
from tandem.flows import tasks
from tandem.flows.tasks import Line
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)


class Completion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of it, if there is something to say."""

    outcome: Outcome | None = None


class TasksController(Controller):
    path = "/v1/tasks"
    tags = ("sales",)

    @get(responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, CustomerMerged))
    async def list_tasks(
        self,
        tx: Transaction,
        now: Now,
        whose: FromQuery[Scope] = "mine",
        status: FromQuery[State | None] = None,
        subject_kind: FromQuery[Beside | None] = None,
        subject_id: FromQuery[UUID | None] = None,
        assignee_id: FromQuery[UUID | None] = None,
        limit: LimitParameter = 50,
    ) -> list[Line]:
        """One's own, or with `whose=team` those of everybody within one's reach. Open ones by when
        they are due, then what was done last."""
        tx.actor.require("sales.read")
        filters = TaskFilters(
            subject_kind=subject_kind, subject_id=subject_id, assignee_id=assignee_id, state=status
        )
        return await tasks.list_tasks(tx, filters, scope=whose, limit=limit, now=now)

    @post(responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, CustomerMerged))
    async def add_task(
        self, data: JSONBody[TaskDraft], tx: Transaction, now: Now
    ) -> Response[Task]:
        """Without `assignee_id` it is the caller's own; with `is_done` it is a record of a call or
        a meeting."""
        tx.actor.require("sales.write")
        return _answer(await tasks.add_task(tx, data, now=now), status=201)

    @get("/{task_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_task(self, task_id: FromPath[UUID], tx: Transaction, now: Now) -> Response[Line]:
        tx.actor.require("sales.read")
        found = await tasks.get_task(tx, task_id, now=now)
        return Response(found, headers=etag(found.task.version))

    @patch("/{task_id:uuid}", responses=refusals(Forbidden, NotFound, Invalid, StaleVersion))
    async def change_task(
        self,
        task_id: FromPath[UUID],
        data: JSONBody[TaskChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Task]:
        tx.actor.require("sales.write")
        seen = await tasks.get_task(tx, task_id, now=now)
        check_if_match(if_match, seen.task.version)
        return _answer(await tasks.change_task(tx, task_id, data, now=now))

    @delete("/{task_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def remove_task(self, task_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        tx.actor.require("sales.write")
        await tasks.remove_task(tx, task_id, now=now)

    @post("/{task_id:uuid}/completion", responses=refusals(Forbidden, NotFound))
    async def finish_task(
        self, task_id: FromPath[UUID], data: JSONBody[Completion], tx: Transaction, now: Now
    ) -> Response[Task]:
        tx.actor.require("sales.write")
        done = await tasks.settle_task(tx, task_id, is_done=True, outcome=data.outcome, now=now)
        return _answer(done, status=201)

    @delete("/{task_id:uuid}/completion", status_code=200, responses=refusals(Forbidden, NotFound))
    async def reopen_task(
        self, task_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Task]:
        tx.actor.require("sales.write")
        return _answer(await tasks.settle_task(tx, task_id, is_done=False, now=now))


def _answer(task: Task, *, status: int = 200) -> Response[Task]:
    return Response(task, status_code=status, headers=etag(task.version))
