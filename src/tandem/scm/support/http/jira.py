"""Complaints and Jira: linking, the webhook's door, and what people decide about the exchange."""

import hashlib
from typing import Any, Literal
from uuid import UUID

import msgspec
import structlog
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.kernel import inbox, references
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, NotFound, TooLarge, Unauthenticated, Unavailable
from tandem.kernel.http import (
    PUBLIC,
    Acting,
    Given,
    Now,
    Store,
    Transaction,
    limited,
    refusals,
)
from tandem.kernel.http.webhooks import Received, WebhookOperation
from tandem.kernel.jobs import Work
from tandem.kernel.limits import Limit
from tandem.kernel.pages import Page
from tandem.scm.support.domain.jira_connection import NotConnected
from tandem.scm.support.domain.jira_link import AlreadyLinked, Clash, IssueChoice, IssueUnfit, Link
from tandem.scm.support.domain.jira_notice import NotANotice, read_notice
from tandem.scm.support.service import jira
from tandem.scm.support.service.jira import DeadLetter, Health, Report, SyncLog

log = structlog.get_logger()

WEBHOOK_LIMIT = Limit(name="jira_webhooks", count=6_000, seconds=60)
"""All of a site's webhooks come from a few addresses."""
ID_LENGTH_MAX = 200


class BadJiraSignature(Unauthenticated):
    code = "bad_signature"


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ours` tells Jira again, `theirs` takes over what is there, `dismissed` leaves both."""

    winner: Literal["ours", "theirs", "dismissed"]


class JiraLinkController(Controller):
    path = "/v1/complaints/{complaint_id:uuid}/jira"
    tags = ("support",)

    @post("/", responses=refusals(Forbidden, NotFound, NotConnected))
    async def link(self, complaint_id: FromPath[UUID], tx: Transaction, now: Now) -> Link:
        """An issue for this complaint, soon and once. A failed or lost one begins anew."""
        return await jira.link_complaint(tx, complaint_id, now=now)

    @put(
        "/",
        responses=refusals(
            Forbidden, NotFound, NotConnected, AlreadyLinked, IssueUnfit, Unavailable
        ),
    )
    async def link_issue(
        self,
        complaint_id: FromPath[UUID],
        data: JSONBody[IssueChoice],
        actor: Acting,
        database: Store,
        resources: Given,
    ) -> Link:
        """Follow an issue that is there already, by its key, from now on."""
        work = Work(database, resources, actor.org_id)
        return await jira.link_issue(work, actor, complaint_id, data.issue_key)

    @delete("/", status_code=200, responses=refusals(Forbidden, NotFound))
    async def unlink(self, complaint_id: FromPath[UUID], tx: Transaction, now: Now) -> Link:
        """The issue stays in Jira and is no longer followed."""
        return await jira.unlink_complaint(tx, complaint_id, now=now)

    @get("/", responses=refusals(Forbidden, NotFound))
    async def read_log(self, complaint_id: FromPath[UUID], tx: Transaction) -> SyncLog:
        """The link, and everything between the complaint and its issue, newest first."""
        found = await jira.read_log(tx, complaint_id)
        if found is None:
            raise NotFound("This complaint has no issue in Jira.")
        return found


class JiraWebhookController(Controller):
    path = "/v1/webhooks/jira"
    tags = ("support",)

    @post(
        "/{connection_id:uuid}",
        status_code=200,
        opt={**PUBLIC, "cross_site": True, **limited(WEBHOOK_LIMIT)},
        request_max_body_size=inbox.BODY_MAX,
        operation_class=WebhookOperation,
        responses=refusals(BadJiraSignature, TooLarge),
    )
    async def receive(
        self,
        connection_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        database: Store,
        now: Now,
    ) -> Received:
        """Take a signed notice. Its `X-Atlassian-Webhook-Identifier` counts once, however often it
        comes; what it means is found out later, by reading the issue."""
        body = await request.body()
        signature = request.headers.get("x-hub-signature", "")
        org_id = await references.find_org(
            database, jira.SYSTEM, jira.CONNECTION, str(connection_id)
        )
        if org_id is None:
            raise BadJiraSignature("The signature does not fit this body.")
        async with database.transaction(Actor.system(org_id, "Jira")) as tx:
            if not await jira.is_genuine(tx, connection_id, body, signature):
                raise BadJiraSignature("The signature does not fit this body.")
            try:
                notice = read_notice(body)
            except NotANotice as reason:
                log.warning("jira_webhook_refused", reason=str(reason))
                return Received()
            webhook_id = _webhook_id(request, body)
            await jira.accept(tx, connection_id, notice, webhook_id=webhook_id, now=now)
        return Received()


class JiraSyncController(Controller):
    path = "/v1/jira"
    tags = ("support",)

    @get("/sync/health", responses=refusals(Forbidden))
    async def read_health(self, tx: Transaction, now: Now) -> Health:
        """Whether Jira answers, what waits and since when, what needs a person."""
        return await jira.read_health(tx, now=now)

    @post(
        "/reconcile",
        status_code=200,
        responses=refusals(Forbidden, NotConnected, Unavailable),
    )
    async def reconcile(
        self,
        actor: Acting,
        database: Store,
        resources: Given,
        dry_run: FromQuery[bool] = True,
        after: FromQuery[UUID | None] = None,
    ) -> Report:
        """Compare linked complaints with their issues, a hundred at a time; `dry_run=0` heals what
        differs. `after` takes the `next` of the report before."""
        actor.require("support.connect")
        work = Work(database, resources, actor.org_id)
        return await jira.reconcile(work, is_dry_run=dry_run, after=after or UUID(int=0))

    @get("/dead-letters", responses=refusals(Forbidden))
    async def list_dead_letters(self, tx: Transaction) -> Page[DeadLetter]:
        """What Jira will not take, or what could not be read, oldest first."""
        return Page(items=await jira.list_dead_letters(tx))

    @post(
        "/dead-letters/{letter_id:uuid}/retry",
        status_code=202,
        responses=refusals(Forbidden, NotFound),
    )
    async def retry(self, letter_id: FromPath[UUID], tx: Transaction, now: Now) -> Received:
        """Once more; what waits behind it follows."""
        await jira.retry(tx, letter_id, now=now)
        return Received()

    @delete(
        "/dead-letters/{letter_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, NotFound),
    )
    async def drop(self, letter_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Never mind it; what waits behind it follows."""
        await jira.drop(tx, letter_id, now=now)

    @get("/conflicts", responses=refusals(Forbidden))
    async def list_conflicts(self, tx: Transaction) -> Page[Clash]:
        """Open disagreements, oldest first."""
        return Page(items=await jira.list_clashes(tx))

    @post(
        "/conflicts/{clash_id:uuid}/decision",
        status_code=200,
        responses=refusals(Forbidden, NotFound),
    )
    async def decide(
        self, clash_id: FromPath[UUID], data: JSONBody[Decision], tx: Transaction, now: Now
    ) -> Response[Received]:
        await jira.decide(tx, clash_id, winner=data.winner, now=now)
        return Response(Received())


def _webhook_id(request: Request[Any, Any, Any], body: bytes) -> str:
    """The vendor's own id of the event; the body itself where it sends none."""
    given = request.headers.get("x-atlassian-webhook-identifier", "")
    if 1 <= len(given) <= ID_LENGTH_MAX and given.isascii() and given.isprintable():
        return given
    return hashlib.sha256(body).hexdigest()
