"""A desk whose Jira is the stand-in, over real HTTP both ways, and whose worker runs when told."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import msgspec

from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions, resources_of
from tandem.kernel import jobs, outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import Complaint, Message
from tandem.scm.support.domain.files import File
from tandem.scm.support.domain.jira_connection import (
    Connection,
    FieldRule,
    Kind,
    Mapping,
    NewConnection,
    Policy,
    Source,
    State,
)
from tandem.scm.support.domain.jira_link import Link
from tandem.scm.support.domain.statuses import Origin, Severity, Status, Visibility
from tandem.scm.support.gateways.jira import JiraClients, JiraDoor
from tandem.scm.support.jobs import jira as jira_jobs
from tandem.scm.support.service import jira
from tests.clocks import MovedClock
from tests.sandbox.serving import Sandbox
from tests.support.givens import draft

import_reactions()

BESIDE = "/jira/ex/jira/5f0c2f2e-0000-4000-8000-00000000ca5e"
"""The agent comes in by another door, so that faults meant for us do not hit them."""

TAKE_JOBS = """
delete from jobs.pgqueuer
 where id in (select id from jobs.pgqueuer
               where status = 'queued' and execute_after <= now()
               order by id limit 50 for update skip locked)
returning entrypoint, payload
"""

PRIORITIES = {
    Severity.CRITICAL: "1",
    Severity.HIGH: "2",
    Severity.NORMAL: "3",
    Severity.LOW: "4",
}
CARE = Mapping(project_key="CARE", issue_type_id="10001", priorities=PRIORITIES)
DESK = Mapping(project_key="DESK", issue_type_id="10011", service_desk_id="1", request_type_id="1")
REGION = FieldRule(field_id="customfield_10050", source=Source.OPTION, value="10101")
CAUSE = FieldRule(field_id="customfield_10060", source=Source.TEXT, value="See complaint")
OPS = Mapping(project_key="OPS", issue_type_id="10021", fields=[REGION], transition_fields=[CAUSE])

CLOUD = NewConnection(
    name="Site",
    kind=Kind.CLOUD_TOKEN,
    site_url="https://stand-in.test",
    email="tandem@sandbox.test",
    token="sandbox_jira_token",
)


class JiraDesk:
    def __init__(
        self, settings: Settings, database: Database, actor: Actor, sandbox: Sandbox, web: str
    ) -> None:
        self.database = database
        self.actor = actor
        self.sandbox = sandbox
        self.resources = resources_of(msgspec.structs.replace(settings, base_url=web))
        self.clock = MovedClock()
        database.clock = self.clock
        self.connection: Connection | None = None
        self.agent = httpx2.Client(
            base_url=f"{sandbox.settings.base_url}{BESIDE}/rest/api/3",
            auth=("meera@sandbox.test", "sandbox_jira_token"),
            trust_env=False,
            timeout=20,
        )

    @property
    def job(self) -> Work:
        return Work(self.database, self.resources, self.actor.org_id)

    def now(self) -> datetime:
        return self.clock.now()

    async def close(self) -> None:
        self.agent.close()
        clients = self.resources.get(JiraDoor)
        assert isinstance(clients, JiraClients)
        await clients.close()

    # Connecting

    async def connect(
        self,
        *mappings: Mapping,
        policy: Policy | None = None,
        given: NewConnection = CLOUD,
    ) -> Connection:
        """Made, tested, mapped, told where its webhooks go, active."""
        base = f"{self.sandbox.settings.base_url}/jira"
        given = msgspec.structs.replace(given, site_url=base)
        async with self.database.transaction(self.actor) as tx:
            made = await jira.add_connection(tx, given, now=self.now())
        await jira.test_connection(self.job, made.id)
        await jira.register_webhook(self.job, made.id)
        async with self.database.transaction(self.actor) as tx:
            await jira.save_mappings(
                tx, made.id, mappings or [CARE], policy=policy or Policy(), now=self.now()
            )
            self.connection = await jira.set_state(tx, made.id, State.ACTIVE, now=self.now())
        return self.connection

    # The desk

    async def complain(self, *, body: str = "", **facts: Any) -> Complaint:
        async with self.database.transaction(self.actor) as tx:
            return await service.open_complaint(
                tx, draft(body=body, **facts), origin=Origin.STAFF, now=self.now()
            )

    async def say(
        self,
        complaint: Complaint,
        body: str,
        *,
        visibility: Visibility = Visibility.INTERNAL,
        origin: Origin = Origin.STAFF,
    ) -> Message:
        async with self.database.transaction(self.actor) as tx:
            return await service.add_message(
                tx,
                complaint_id=complaint.id,
                body=body,
                visibility=visibility,
                origin=origin,
                now=self.now(),
            )

    async def move(self, complaint: Complaint, to: Status) -> None:
        async with self.database.transaction(self.actor) as tx:
            await service.move(
                tx, complaint_id=complaint.id, to=to, origin=Origin.STAFF, now=self.now()
            )

    async def get(self, complaint: Complaint) -> Complaint:
        async with self.database.transaction(self.actor) as tx:
            return await service.get_complaint(tx, complaint.id)

    async def messages(self, complaint: Complaint) -> list[Message]:
        async with self.database.transaction(self.actor) as tx:
            return await service.list_messages(tx, complaint.id)

    async def files(self, complaint: Complaint) -> list[File]:
        async with self.database.transaction(self.actor) as tx:
            return await service.list_files(tx, complaint.id)

    async def link(self, complaint: Complaint) -> Link:
        async with self.database.transaction(self.actor) as tx:
            found = await jira.find_link(tx, complaint.id)
        assert found is not None, "it is linked by now"
        return found

    async def log(self, complaint: Complaint) -> jira.SyncLog:
        async with self.database.transaction(self.actor) as tx:
            found = await jira.read_log(tx, complaint.id)
        assert found is not None, "it is linked by now"
        return found

    async def linked(self, **facts: Any) -> tuple[Complaint, str]:
        """A complaint and the key of its issue, with nothing left to do."""
        complaint = await self.complain(**facts)
        await self.settle()
        return complaint, (await self.link(complaint)).issue_key

    # Jira, as its agent

    def issue(self, key: str) -> dict[str, Any]:
        answer = self.agent.get(f"/issue/{key}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def status(self, key: str) -> str:
        return str(self.issue(key)["fields"]["status"]["name"])

    def comments(self, key: str) -> list[dict[str, Any]]:
        """Texts, as version 2 shows them."""
        path = f"{self.sandbox.settings.base_url}{BESIDE}/rest/api/2/issue/{key}/comment"
        found: list[dict[str, Any]] = self.agent.get(path).json()["comments"]
        return found

    def bodies(self, key: str) -> list[str]:
        return [comment["body"] for comment in self.comments(key)]

    def comment(self, key: str, text: str, *, is_internal: bool = False) -> str:
        body = {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
        }
        given: dict[str, Any] = {"body": body}
        if is_internal:
            given["properties"] = [{"key": "sd.public.comment", "value": {"internal": True}}]
        answer = self.agent.post(f"/issue/{key}/comment", json=given)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def transition(self, key: str, transition_id: str, **fields: str) -> None:
        given = {"transition": {"id": transition_id}, "fields": fields}
        answer = self.agent.post(f"/issue/{key}/transitions", json=given)
        assert answer.status_code == 204, answer.text

    def issues(self, complaint: Complaint) -> list[str]:
        """Keys of all issues that are about this complaint: other companies share the site."""
        given = {
            "jql": f'summary ~ "[{complaint.number}]" order by created asc',
            "fields": ["description"],
        }
        found = self.agent.post("/search/jql", json=given).json()["issues"]
        return [one["key"] for one in found if str(complaint.id) in str(one)]

    def calls(self, method: str = "", ending: str = "") -> list[dict[str, Any]]:
        """What the stand-in's handlers answered, but for the agent's own reading."""
        found: Sequence[dict[str, Any]] = self.sandbox.http.get("/sandbox/jira/calls").json()
        return [
            one
            for one in found
            if one["method"].startswith(method) and one["path"].endswith(ending)
        ]

    # The worker

    async def work(self) -> None:
        """Relay events and run what is due until nothing is."""
        for _ in range(200):
            relayed = await outbox.drain(self.database)
            await jira_jobs.sweep(self.job)
            if not await self._run_jobs() and not relayed:
                return
        raise AssertionError("still busy: does a job enqueue itself?")

    async def relay_and_lose(self) -> None:
        """Events are handled, and then the queue's rows are gone with whoever had them."""
        await outbox.drain(self.database)
        async with self.database.pool.acquire() as connection:
            await connection.fetch(TAKE_JOBS)

    async def settle(self) -> None:
        """Until both sides have told each other everything."""
        for _ in range(50):
            await self.work()
            if not await self._notices_arrive():
                return
        raise AssertionError("the two sides never stop talking")

    async def advance(self, by: timedelta) -> None:
        """Both clocks."""
        self.clock.moved += by
        offset = {"offset_seconds": int(self.clock.moved.total_seconds())}
        self.sandbox.http.post("/sandbox/clock", json=offset)

    async def _notices_arrive(self) -> bool:
        """Wait for the stand-in's queue; True when something was delivered meanwhile."""
        deadline = time.monotonic() + 20
        before = await self._arrivals()
        while self._queued():
            assert time.monotonic() < deadline, "the stand-in's webhooks do not leave"
            await asyncio.sleep(0.01)
        return await self._arrivals() > before or await self._is_due()

    def _queued(self) -> bool:
        found = self.sandbox.http.get("/sandbox/webhooks", params={"provider": "jira"}).json()
        mine = str(self.connection.id) if self.connection else "-"
        return any(one["state"] == "queued" and mine in one["url"] for one in found["deliveries"])

    async def _arrivals(self) -> int:
        async with self.database.pool.acquire() as connection:
            await connection.execute(f"set app.org_id = '{self.actor.org_id}'")
            count: int = await connection.fetchval(
                "select count(*) from support.jira_inbox where org_id = $1", self.actor.org_id
            )
            await connection.execute("reset app.org_id")
        return count

    async def _is_due(self) -> bool:
        async with self.database.transaction(self.actor) as tx:
            return bool(await jira.list_due(tx, now=self.now()))

    async def _run_jobs(self) -> int:
        async with self.database.pool.acquire() as connection:
            taken = await connection.fetch(TAKE_JOBS)
        for row in taken:
            envelope = msgspec.json.decode(row["payload"], type=jobs.Envelope)
            if envelope.org_id != self.actor.org_id:
                continue
            work = Work(self.database, self.resources, envelope.org_id)
            await jobs.JOBS[row["entrypoint"]](work, **envelope.payload)
        return len(taken)


@asynccontextmanager
async def desk_at(
    settings: Settings, database: Database, actor: Actor, sandbox: Sandbox, web: str
) -> AsyncIterator[JiraDesk]:
    desk = JiraDesk(settings, database, actor, sandbox, web)
    sandbox.http.delete("/sandbox/jira/calls")
    try:
        yield desk
    finally:
        sandbox.http.delete("/sandbox/faults")
        sandbox.http.delete("/sandbox/jira/webhooks")
        sandbox.http.post("/sandbox/clock", json={"offset_seconds": 0})
        sandbox.http.patch("/sandbox/jira/site", json={})
        await desk.close()


def letter_ids(letters: Sequence[jira.DeadLetter]) -> list[UUID]:
    return [one.id for one in letters]
