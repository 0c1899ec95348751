"""Connections to Jira over HTTP: credentials go in and never come out."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, NotFound, StaleVersion, Unavailable
from tandem.kernel.http import (
    Acting,
    Given,
    IfMatch,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.jobs import Work
from tandem.kernel.pages import Page
from tandem.kernel.resources import Resources
from tandem.scm.support.domain.jira_connection import (
    MAPPINGS_MAX,
    Connection,
    ConnectionWrong,
    Mapping,
    MappingWrong,
    NewConnection,
    Policy,
    State,
    TooManyConnections,
)
from tandem.scm.support.domain.jira_remote import Account, Project
from tandem.scm.support.service import jira
from tandem.scm.support.service.jira import Details


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both replace what is there."""

    mappings: Annotated[list[Mapping], msgspec.Meta(min_length=1, max_length=MAPPINGS_MAX)]
    policy: Policy = Policy()


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: Literal["active", "paused"]


class WebhookSetup(msgspec.Struct, kw_only=True):
    """What to enter in Jira: the address, and the secret that its notices are signed with."""

    url: str
    secret: str


class Registered(msgspec.Struct, kw_only=True):
    url: str


class JiraConnectionsController(Controller):
    path = "/v1/jira/connections"
    tags = ("support",)

    @get("/", responses=refusals(Forbidden))
    async def list_connections(self, tx: Transaction) -> Page[Connection]:
        return Page(items=await jira.list_connections(tx))

    @post("/", responses=refusals(Forbidden, ConnectionWrong, TooManyConnections))
    async def add(
        self, data: JSONBody[NewConnection], tx: Transaction, now: Now
    ) -> Response[Connection]:
        """A draft: test it, map it, then activate it."""
        made = await jira.add_connection(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{connection_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def read(self, connection_id: FromPath[UUID], tx: Transaction) -> Response[Connection]:
        found = await jira.get_connection(tx, connection_id)
        return Response(found, headers=etag(found.version))

    @put(
        "/{connection_id:uuid}/credentials",
        responses=refusals(Forbidden, NotFound, ConnectionWrong),
    )
    async def replace_credentials(
        self,
        connection_id: FromPath[UUID],
        data: JSONBody[NewConnection],
        tx: Transaction,
        now: Now,
    ) -> Connection:
        """Other credentials for the same site. Test the connection afterwards."""
        return await jira.replace_secrets(tx, connection_id, data, now=now)

    @post(
        "/{connection_id:uuid}/test",
        status_code=200,
        responses=refusals(Forbidden, NotFound, Unavailable),
    )
    async def test(
        self, connection_id: FromPath[UUID], actor: Acting, database: Store, resources: Given
    ) -> Account:
        """Ask Jira who we are there, changing nothing. 503 with what it said otherwise."""
        work = await _work(database, resources, actor, connection_id)
        return await jira.test_connection(work, connection_id)

    @get(
        "/{connection_id:uuid}/projects",
        responses=refusals(Forbidden, NotFound, Unavailable),
    )
    async def list_projects(
        self, connection_id: FromPath[UUID], actor: Acting, database: Store, resources: Given
    ) -> Page[Project]:
        work = await _work(database, resources, actor, connection_id)
        return Page(items=await jira.list_projects(work, connection_id))

    @get(
        "/{connection_id:uuid}/projects/{project_key:str}",
        responses=refusals(Forbidden, NotFound, Unavailable),
    )
    async def describe_project(
        self,
        connection_id: FromPath[UUID],
        project_key: FromPath[str],
        actor: Acting,
        database: Store,
        resources: Given,
        issue_type: FromQuery[str] = "",
    ) -> Details:
        """Issue and request types; with `issue_type` its fields and statuses too."""
        work = await _work(database, resources, actor, connection_id)
        return await jira.describe_project(work, connection_id, project_key, issue_type)

    @put(
        "/{connection_id:uuid}/mappings",
        responses=refusals(Forbidden, NotFound, StaleVersion, MappingWrong, Unavailable),
    )
    async def save_mappings(
        self,
        connection_id: FromPath[UUID],
        data: JSONBody[Rules],
        actor: Acting,
        database: Store,
        resources: Given,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Connection]:
        """Checked against what Jira says its projects ask for; refused with everything wrong."""
        work = await _work(database, resources, actor, connection_id)
        for place, mapping in enumerate(data.mappings):
            if wrong := await jira.problems(work, connection_id, mapping, data.policy):
                raise MappingWrong(" ".join(wrong), field=f"mappings[{place}]")
        async with database.transaction(actor) as tx:
            before = await jira.get_connection(tx, connection_id)
            check_if_match(if_match, before.version)
            saved = await jira.save_mappings(
                tx, connection_id, data.mappings, policy=data.policy, now=now
            )
        return Response(saved, headers=etag(saved.version))

    @put(
        "/{connection_id:uuid}/state",
        responses=refusals(Forbidden, NotFound, ConnectionWrong),
    )
    async def set_state(
        self, connection_id: FromPath[UUID], data: JSONBody[Wanted], tx: Transaction, now: Now
    ) -> Connection:
        """One is active at a time; what waits goes on, and complaints from before follow."""
        return await jira.set_state(tx, connection_id, State(data.state), now=now)

    @get("/{connection_id:uuid}/webhook", responses=refusals(Forbidden, NotFound))
    async def show_webhook(
        self, connection_id: FromPath[UUID], tx: Transaction, database: Store, resources: Given
    ) -> WebhookSetup:
        await jira.get_connection(tx, connection_id)
        work = Work(database, resources, tx.actor.org_id)
        return WebhookSetup(
            url=jira.webhook_url(work, connection_id),
            secret=await jira.read_webhook_secret(tx, connection_id),
        )

    @post(
        "/{connection_id:uuid}/webhook",
        status_code=200,
        responses=refusals(Forbidden, NotFound, Unavailable),
    )
    async def register_webhook(
        self, connection_id: FromPath[UUID], actor: Acting, database: Store, resources: Given
    ) -> Registered:
        """Set it up in Jira with the secret of today; needs its administrator. Once, however often
        it is asked for."""
        work = await _work(database, resources, actor, connection_id)
        return Registered(url=await jira.register_webhook(work, connection_id))

    @post("/{connection_id:uuid}/webhook-secrets", responses=refusals(Forbidden, NotFound))
    async def rotate_webhook_secret(
        self,
        connection_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
        database: Store,
        resources: Given,
    ) -> WebhookSetup:
        """A new secret. The one before is taken until the next change: put the new one into Jira,
        by hand or by setting the webhook up again, meanwhile."""
        secret = await jira.rotate_webhook_secret(tx, connection_id, now=now)
        work = Work(database, resources, tx.actor.org_id)
        return WebhookSetup(url=jira.webhook_url(work, connection_id), secret=secret)


async def _work(
    database: Database, resources: Resources, actor: Actor, connection_id: UUID
) -> Work:
    """May this person, and is the connection theirs? Asked before anything leaves the machine."""
    async with database.transaction(actor) as tx:
        await jira.get_connection(tx, connection_id)
    return Work(database, resources, actor.org_id)
