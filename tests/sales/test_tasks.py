"""Tasks beside leads, deals and customers: whose they are, when they are due, reminders."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.crm.customers.domain.tasks import Task, TaskDraft, TaskFilters, remind_at
from tandem.crm.sales.domain.leads import LeadDraft
from tandem.crm.sales.service import leads
from tandem.flows import tasks
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.jobs import Work
from tandem.kernel.reach import Standing
from tandem.kernel.resources import Resources
from tests.clocks import Stopped
from tests.identity.company import hire

TOLD = Query(
    """
    select kind, title, body, link, user_id from notifications.inbox_item
     where org_id = :org_id order by id
    """
)
NOON = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)  # In Kolkata.


def a_task(**given: Any) -> Task:
    plain: dict[str, Any] = dict.fromkeys(
        ("due_on", "due_at", "remind_at", "reminded_at", "assignee_id", "done_at")
    )
    return Task(
        id=UUID(int=1), subject_kind="lead", subject_id=UUID(int=2), kind="task", title="Call",
        outcome="", done_label="", created_label="Asha", created_at=NOON, version=1,
        **(plain | given),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "when"),
    [
        ({}, "someday"),
        ({"due_on": NOON.date()}, "today"),
        ({"due_on": NOON.date() - timedelta(days=1)}, "overdue"),
        ({"due_at": NOON - timedelta(minutes=1)}, "overdue"),
        ({"due_at": NOON + timedelta(minutes=1)}, "today"),
        # 20:00 UTC is half past one the next morning there.
        ({"due_at": NOON.replace(hour=20)}, "later"),
    ],
)
def test_a_day_is_over_at_midnight_and_an_instant_at_once(given: dict[str, Any], when: str) -> None:
    assert a_task(**given).when(NOON, "Asia/Kolkata") == when


@given(st.integers(0, 43_200))
def test_a_reminder_comes_so_many_minutes_before(minutes: int) -> None:
    before = timedelta(minutes=minutes)
    assert remind_at(None, NOON, minutes, "Asia/Kolkata") == NOON - before
    # A day without a time is reminded of at nine there, half past three in London's winter.
    at_nine = NOON.replace(hour=3, minute=30)
    assert remind_at(NOON.date(), None, minutes, "Asia/Kolkata") == at_nine - before


class Desk:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, how: str, path: str, /, **body: Any) -> Any:
        answer = await self.client.request(how, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def titles(self, query: str) -> list[tuple[str, str]]:
        lines = (await self.client.get(f"/v1/tasks?{query}")).json()
        return [(line["task"]["title"], line["when"]) for line in lines]


@pytest.fixture
async def lead_id(database: Database, actor: Actor, now: datetime) -> UUID:
    async with database.transaction(actor) as tx:
        draft = LeadDraft(name="Ravi Kumar", email="ravi@tasks.test", owner_id=actor.user_id)
        return (await leads.add_lead(tx, draft, now=now)).lead.id


async def test_a_task_is_due_done_opened_again_and_taken_away(
    client: httpx.AsyncClient, lead_id: UUID
) -> None:
    desk = Desk(client)
    beside = {"subject_kind": "lead", "subject_id": str(lead_id)}
    query = f"subject_kind=lead&subject_id={lead_id}"
    late = await desk.call("POST", "/v1/tasks", title="Quote", due_on="2020-01-01", **beside)
    await desk.call("POST", "/v1/tasks", title="Some day", **beside)
    made = {"title": "Called", "kind": "call", "outcome": "Wants two", "is_done": True}
    call = await desk.call("POST", "/v1/tasks", **made, **beside)
    assert await desk.titles(query) == [
        ("Quote", "overdue"), ("Some day", "someday"), ("Called", "someday"),
    ]  # fmt: skip
    assert (call["kind"], call["outcome"], call["done_at"] is not None) == (
        "call",
        "Wants two",
        True,
    )
    path = f"/v1/tasks/{late['id']}"
    done = await desk.call("POST", f"{path}/completion", outcome="Sent")
    assert (done["outcome"], done["done_at"] is not None) == ("Sent", True)
    assert await desk.titles(f"{query}&status=open") == [("Some day", "someday")]
    assert (await desk.call("DELETE", f"{path}/completion"))["done_at"] is None
    stale = await client.patch(path, json={"title": "x"}, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    both = {"due_on": "2026-01-01", "due_at": "2026-01-01T10:00:00Z"}
    wrong = await client.patch(path, json=both)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "due_on")
    never = await client.patch(path, json={"due_on": None, "remind_minutes": 5})
    assert (never.status_code, never.json()["field"]) == (422, "remind_minutes")
    nobody = await client.patch(path, json={"assignee_id": str(UUID(int=5))})
    assert (nobody.status_code, nobody.json()["field"]) == (422, "assignee_id")
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    elsewhere = {"title": "x", "subject_kind": "opportunity", "subject_id": str(lead_id)}
    gone = await client.post("/v1/tasks", json=elsewhere)
    assert gone.status_code == 404


async def test_somebody_is_told_of_what_is_theirs_and_reminded_once(
    database: Database, actor: Actor, lead_id: UUID, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        bela = (await hire(tx, "bela", "sales", now)).id
        draft = TaskDraft(
            subject_kind="lead",
            subject_id=lead_id,
            title="Call back",
            kind="call",
            due_at=now + timedelta(hours=2),
            remind_minutes=30,
            assignee_id=bela,
        )
        await tasks.add_task(tx, draft, now=now)

    async def told() -> list[tuple[str, str, str, str]]:
        async with database.transaction(actor) as tx:
            rows = await tx.records(TOLD)
        assert {row["user_id"] for row in rows} == {bela}
        return [tuple(row[name] for name in ("kind", "title", "body", "link")) for row in rows]

    async def sweep(at: datetime) -> None:
        held = Database(database.pool, Stopped(at))
        await tasks.remind(Work(held, Resources(), actor.org_id))

    assigned = (
        "task_assigned", "Call back", "Asha gave you this, beside Ravi Kumar.",
        f"/leads/{lead_id}",
    )  # fmt: skip
    due = ("task_due", "Call back", "Call beside Ravi Kumar", f"/leads/{lead_id}")
    await sweep(now + timedelta(minutes=89))
    assert await told() == [assigned]
    for _ in range(2):
        await sweep(now + timedelta(minutes=90))
    assert await told() == [assigned, due]


async def test_tasks_are_as_far_away_as_whose_they_are(
    database: Database, actor: Actor, lead_id: UUID, now: datetime
) -> None:
    """One sees one's own and the team's, and what stands beside a record one sees."""
    mine = frozenset({"sales.read", "sales.write"})

    def rep(user_id: UUID, *peers: UUID) -> Actor:
        scope = "team" if peers else "own"
        standing = Standing(
            user_id=user_id,
            narrow=frozenset((one, scope) for one in mine),
            peers=frozenset(peers),
        )
        return Actor(org_id=actor.org_id, user_id=user_id, grants=mine, standing=standing)

    async with database.transaction(actor) as tx:
        asha, bela = [(await hire(tx, name, "sales", now)).id for name in ("asha", "bela")]
        for whom in (asha, bela):
            draft = TaskDraft(
                subject_kind="lead", subject_id=lead_id, title=f"For {whom}", assignee_id=whom
            )
            await tasks.add_task(tx, draft, now=now)
    everything = TaskFilters()

    async def seen(who: Actor, scope: Any) -> list[tuple[UUID | None, str]]:
        async with database.transaction(who) as tx:
            lines = await tasks.list_tasks(tx, everything, scope=scope, now=now)
        return [(line.task.assignee_id, line.subject_name) for line in lines]

    # The lead belongs to somebody else: its name stays out of sight.
    assert await seen(rep(asha), "mine") == [(asha, "")]
    assert await seen(rep(asha), "team") == [(asha, "")]
    assert len(await seen(rep(asha, asha, bela), "team")) == 2
    async with database.transaction(actor) as tx:
        (theirs,) = [
            line.task
            for line in await tasks.list_tasks(tx, everything, scope="team", now=now)
            if line.task.assignee_id == bela
        ]
    async with database.transaction(rep(asha)) as tx:
        with pytest.raises(NotFound):
            await tasks.settle_task(tx, theirs.id, is_done=True, now=now)
    async with database.transaction(rep(asha, asha, bela)) as tx:
        with pytest.raises((Forbidden, NotFound)):
            await tasks.settle_task(tx, theirs.id, is_done=True, now=now)
    async with database.transaction(rep(bela)) as tx:
        done = await tasks.settle_task(tx, theirs.id, is_done=True, now=now)
    assert done.done_at == now
