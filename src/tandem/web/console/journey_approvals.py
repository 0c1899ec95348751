"""A second person's yes, asked for and given on a journey's page."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, post
from litestar.params import FromPath

from tandem.crm.marketing.domain.approvals import Decision
from tandem.crm.marketing.domain.approvals import Request as Asked
from tandem.crm.marketing.service import journey_approvals, journeys
from tandem.flows import journey_approval as flow
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import convert, problem_of, read_form
from tandem.web.console.journeys import outline
from tandem.web.rendering import redirect

AnyRequest = Request[Any, Any, Any]
LONG = {"note": "At most 1,000 characters."}


class JourneyApprovalsPage(Controller):
    path = "/journeys/{journey_id:uuid}/approvals"
    include_in_schema = False

    @post()
    async def ask(
        self, request: AnyRequest, journey_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        journey = await journeys.lock_journey(tx, journey_id)
        try:
            asked = convert({"note": form.get("note", "")}, Asked, LONG)
            await flow.ask(tx, journey, note=asked.note, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="publish")
            return await outline(request, tx, journey, problem=problem, status=refusal.status)
        return redirect(request, f"/journeys/{journey_id}", toast="Whoever may approve it is told.")

    @post("/{approval_id:uuid}/decision")
    async def decide(
        self,
        request: AnyRequest,
        journey_id: FromPath[UUID],
        approval_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        answer = {"is_approved": "is_approved" in form, "note": form.get("note", "")}
        journey = await journeys.get_journey(tx, journey_id)
        try:
            decision = convert(answer, Decision, LONG)
            await journey_approvals.decide(tx, approval_id, decision, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="publish")
            return await outline(request, tx, journey, problem=problem, status=refusal.status)
        said = "Approved: it may be published." if decision.is_approved else "Declined."
        return redirect(request, f"/journeys/{journey_id}", toast=said)
