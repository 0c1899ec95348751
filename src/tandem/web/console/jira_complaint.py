"""A complaint's issue: opened, followed no more, and disagreements decided."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, post
from litestar.params import FromPath

from tandem.kernel.errors import Refusal
from tandem.kernel.http import Acting, Given, Now, Store, Transaction
from tandem.kernel.jobs import Work
from tandem.scm.support.domain.jira_link import IssueChoice
from tandem.scm.support.service import jira
from tandem.web.console.forms import convert, read_form
from tandem.web.errors import send_back
from tandem.web.rendering import redirect

AnyRequest = Request[Any, Any, Any]


class ComplaintInJira(Controller):
    path = "/complaints/{complaint_id:uuid}/jira"
    include_in_schema = False

    @post()
    async def link(
        self, request: AnyRequest, complaint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await jira.link_complaint(tx, complaint_id, now=now)
        except Refusal as refusal:
            return redirect(request, f"/complaints/{complaint_id}", toast=refusal.detail)
        return redirect(request, f"/complaints/{complaint_id}", toast="Jira is told.")

    @post("/issue")
    async def link_issue(
        self,
        request: AnyRequest,
        complaint_id: FromPath[UUID],
        actor: Acting,
        database: Store,
        resources: Given,
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            typed = {"issue_key": form.get("issue_key", "").strip().upper()}
            chosen = convert(typed, IssueChoice, {"issue_key": "Give a key such as CARE-7."})
            work = Work(database, resources, actor.org_id)
            link = await jira.link_issue(work, actor, complaint_id, chosen.issue_key)
        except Refusal as refusal:
            return send_back(request, f"/complaints/{complaint_id}", refusal)
        words = f"{link.issue_key} is followed from now on."
        return redirect(request, f"/complaints/{complaint_id}", toast=words)

    @post("/removal")
    async def unlink(
        self, request: AnyRequest, complaint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await jira.unlink_complaint(tx, complaint_id, now=now)
        words = "The issue stays in Jira and is no longer followed."
        return redirect(request, f"/complaints/{complaint_id}", toast=words)

    @post("/conflicts/{clash_id:uuid}")
    async def decide(
        self,
        request: AnyRequest,
        complaint_id: FromPath[UUID],
        clash_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        await jira.decide(tx, clash_id, winner=form.get("winner", ""), now=now)
        return redirect(request, f"/complaints/{complaint_id}", toast="Decided.")
