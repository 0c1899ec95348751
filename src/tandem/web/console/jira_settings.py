"""Settings of Jira: connect a site in three steps, see how it stands, settle dead letters.

What asks the site runs with no transaction open; what it says stands in the page, never a 500.
"""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Acting, Given, Now, Store, Transaction
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.scm.support import service as support
from tandem.scm.support.domain.jira_connection import (
    Connection,
    Kind,
    Mapping,
    NewConnection,
    State,
)
from tandem.scm.support.domain.jira_remote import Project
from tandem.scm.support.domain.statuses import Severity
from tandem.scm.support.service import jira
from tandem.scm.support.service.jira import Details
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.jira_mapping import mapping_of, policy_of, sample, values_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PATH = "/settings/jira"
KINDS = (
    (Kind.CLOUD_TOKEN, "Jira Cloud, with an API token"),
    (Kind.CLOUD_OAUTH, "Jira Cloud, with OAuth 2"),
    (Kind.DATA_CENTER, "Jira Data Center, with a personal access token"),
)
WORDS = {
    "name": "Call it something, 80 characters at most.",
    "site_url": "Give the whole address, such as https://example.atlassian.net.",
    "kind": "Choose how to sign in.",
}


class JiraSettingsPage(Controller):
    path = PATH
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("support.connect")
        return page(
            request,
            "console/settings/jira.html",
            connections=await jira.list_connections(tx),
            health=await jira.read_health(tx, now=now),
            letters=await jira.list_dead_letters(tx),
            clashes=await jira.list_clashes(tx),
        )

    @get("/new")
    async def ask(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("support.connect")
        return _form(request, NO_PROBLEM, 200)

    @post("/new")
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            made = await jira.add_connection(tx, convert(form, NewConnection, WORDS), now=now)
        except Refusal as refusal:
            return _form(request, problem_of(refusal, form), refusal.status)
        return redirect(request, f"{PATH}/{made.id}", toast="Saved. Test it now.")

    @post("/reconciliation")
    async def reconcile(
        self, request: AnyRequest, actor: Acting, database: Store, resources: Given
    ) -> Response[Any]:
        """Dry unless `heal` is given."""
        actor.require("support.connect")
        form = await read_form(request)
        work = Work(database, resources, actor.org_id)
        try:
            report = await jira.reconcile(work, is_dry_run=form.get("heal") != "yes")
        except Refusal as refusal:
            return redirect(request, PATH, toast=refusal.detail)
        return page(request, "console/settings/jira_report.html", report=report)

    @post("/dead-letters/{letter_id:uuid}")
    async def settle(
        self, request: AnyRequest, letter_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        act = jira.drop if form.get("act") == "drop" else jira.retry
        await act(tx, letter_id, now=now)
        said = "Dropped." if form.get("act") == "drop" else "It is tried again."
        return redirect(request, PATH, toast=said)


class JiraConnectionPage(Controller):
    path = f"{PATH}/{{connection_id:uuid}}"
    include_in_schema = False

    @get()
    async def show(
        self,
        request: AnyRequest,
        connection_id: FromPath[UUID],
        actor: Acting,
        database: Store,
        resources: Given,
        project: FromQuery[str] = "",
        issue_type: FromQuery[str] = "",
        category: FromQuery[str] = "",
    ) -> Response[Any]:
        asked = _Asked(project=project, issue_type=issue_type, category=category)
        return await _connection(request, actor, database, resources, connection_id, asked)

    @post("/test")
    async def test(
        self,
        request: AnyRequest,
        connection_id: FromPath[UUID],
        actor: Acting,
        database: Store,
        resources: Given,
    ) -> Response[Any]:
        work = await _work(actor, database, resources, connection_id)
        try:
            account = await jira.test_connection(work, connection_id)
            said = f"It answers: we are {account.name} there."
        except Refusal as refusal:
            said = refusal.detail
        return redirect(request, f"{PATH}/{connection_id}", toast=said)

    @post("/mapping")
    async def save_mapping(
        self,
        request: AnyRequest,
        connection_id: FromPath[UUID],
        actor: Acting,
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        """One category's mapping, checked against what its project asks for."""
        work = await _work(actor, database, resources, connection_id)
        form = await read_form(request)
        try:
            mapping, policy = mapping_of(form), policy_of(form)
            if wrong := await jira.problems(work, connection_id, mapping, policy):
                raise Invalid(" ".join(wrong), field="project_key")
            async with database.transaction(actor) as tx:
                before = await jira.get_connection(tx, connection_id)
                others = [one for one in before.mappings if one.category != mapping.category]
                await jira.save_mappings(
                    tx, connection_id, [*others, mapping], policy=policy, now=now
                )
        except Refusal as refusal:
            asked = _Asked(
                project=form.get("project_key", ""),
                issue_type=form.get("issue_type_id", ""),
                category=form.get("category", ""),
            )
            problem = problem_of(refusal, form)
            return await _connection(
                request, actor, database, resources, connection_id, asked, problem
            )
        return redirect(request, f"{PATH}/{connection_id}", toast="Saved.")

    @post("/webhook")
    async def register(
        self,
        request: AnyRequest,
        connection_id: FromPath[UUID],
        actor: Acting,
        database: Store,
        resources: Given,
    ) -> Response[Any]:
        work = await _work(actor, database, resources, connection_id)
        try:
            await jira.register_webhook(work, connection_id)
            said = "Jira tells us now what happens there."
        except Refusal as refusal:
            said = refusal.detail
        return redirect(request, f"{PATH}/{connection_id}", toast=said)

    @post("/webhook-secret")
    async def rotate_secret(
        self, request: AnyRequest, connection_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await jira.rotate_webhook_secret(tx, connection_id, now=now)
        said = "There is a new secret. Jira needs it before the next change."
        return redirect(request, f"{PATH}/{connection_id}#webhook", toast=said)

    @post("/state")
    async def set_state(
        self, request: AnyRequest, connection_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        state = State.ACTIVE if form.get("state") == "active" else State.PAUSED
        try:
            await jira.set_state(tx, connection_id, state, now=now)
        except Refusal as refusal:
            return redirect(request, f"{PATH}/{connection_id}", toast=refusal.detail)
        said = "Complaints go to Jira now." if state is State.ACTIVE else "Paused."
        return redirect(request, f"{PATH}/{connection_id}", toast=said)


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    project: str = ""
    issue_type: str = ""
    category: str = ""


def _form(request: AnyRequest, problem: Problem, status: int) -> Response[Any]:
    return page(
        request,
        "console/settings/jira_new.html",
        status=status,
        kinds=[(str(kind), words) for kind, words in KINDS],
        problem=problem,
    )


async def _work(
    actor: Actor, database: Database, resources: Resources, connection_id: UUID
) -> Work:
    async with database.transaction(actor) as tx:
        await jira.get_connection(tx, connection_id)
    return Work(database, resources, actor.org_id)


async def _connection(
    request: AnyRequest,
    actor: Actor,
    database: Database,
    resources: Resources,
    connection_id: UUID,
    asked: _Asked,
    problem: Problem = NO_PROBLEM,
) -> Response[Any]:
    work = await _work(actor, database, resources, connection_id)
    async with database.transaction(actor) as tx:
        connection = await jira.get_connection(tx, connection_id)
        secret = await jira.read_webhook_secret(tx, connection_id)
        desk = (await support.get_desk(tx)).desk
    mapping = _current(connection, asked)
    projects, details, trouble = await _describe(work, connection, mapping)
    preview = jira.preview(work, sample(), mapping) if mapping else None
    return page(
        request,
        "console/settings/jira_connection.html",
        status=422 if problem.detail else 200,
        connection=connection,
        secret=secret,
        webhook_url=jira.webhook_url(work, connection_id),
        categories=[("", "All without their own"), *((c.key, c.name) for c in desk.categories)],
        severities=[str(one) for one in Severity],
        mapping=mapping,
        values=values_of(mapping) if mapping else {},
        projects=[(one.key, f"{one.name} ({one.key})") for one in projects],
        details=details,
        issue_types=_issue_types(details),
        trouble=trouble,
        preview=preview,
        described=_plain(preview.description) if preview else "",
        problem=problem,
    )


def _plain(marked: str) -> str:
    """A description as a reader sees it: without the marks of bold and links."""
    return re.sub(r"\[([^\]]+)\]\(<[^>]*>\)", r"\1", marked.replace("**", ""))


def _issue_types(details: Details | None) -> list[tuple[str, str]]:
    found = [(one.id, one.name) for one in details.issue_types] if details else []
    return [("", "Choose…"), *found]


def _current(connection: Connection, asked: _Asked) -> Mapping | None:
    """What is saved for the category, or what was just chosen."""
    if asked.project:
        return Mapping(
            category=asked.category,
            project_key=asked.project,
            issue_type_id=asked.issue_type or "-",
        )
    return next((one for one in connection.mappings if one.category == asked.category), None)


async def _describe(
    work: Work, connection: Connection, mapping: Mapping | None
) -> tuple[list[Project], Details | None, str]:
    if not connection.account_id:
        return [], None, ""
    try:
        projects = await jira.list_projects(work, connection.id)
        if mapping is None:
            return projects, None, ""
        issue_type = "" if mapping.issue_type_id == "-" else mapping.issue_type_id
        details = await jira.describe_project(work, connection.id, mapping.project_key, issue_type)
        return projects, details, ""
    except Refusal as refusal:
        return [], None, refusal.detail
