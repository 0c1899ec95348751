"""A second person's yes: asked for and given on a campaign's page, and the company's rule."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.approvals import ApprovalRule, Decision
from tandem.crm.marketing.domain.approvals import Request as Asked
from tandem.flows import campaign_approval as flow
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.campaign_view import campaign_page
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
    whole_of,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
RULE_AT = "/settings/campaign-approval"
PEOPLE_MOST = 100_000_000
LONG = {"note": "At most 1,000 characters."}


class CampaignApprovalsPage(Controller):
    path = "/campaigns/{campaign_id:uuid}/approvals"
    include_in_schema = False

    @post()
    async def ask(
        self, request: AnyRequest, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            asked = convert({"note": form.get("note", "")}, Asked, LONG)
            campaign = await marketing.lock_campaign(tx, campaign_id)
            await flow.ask(tx, campaign, note=asked.note, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await campaign_page(request, tx, campaign_id, now, problem, refusal.status)
        return redirect(
            request, f"/campaigns/{campaign_id}", toast="Whoever may approve it is told."
        )

    @post("/{approval_id:uuid}/decision")
    async def decide(
        self,
        request: AnyRequest,
        campaign_id: FromPath[UUID],
        approval_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        answer = {"is_approved": "is_approved" in form, "note": form.get("note", "")}
        try:
            decision = convert(answer, Decision, LONG)
            await marketing.decide_approval(tx, approval_id, decision, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await campaign_page(request, tx, campaign_id, now, problem, refusal.status)
        said = "Approved: it may leave." if decision.is_approved else "Declined."
        return redirect(request, f"/campaigns/{campaign_id}", toast=said)


class CampaignApprovalPage(Controller):
    path = RULE_AT
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _rule_page(request, tx)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("identity.settings")
        form = await read_form(request)
        typed = form.get("people_max", "").strip()
        try:
            most = whole_of(typed, field="people_max", least=0, most=PEOPLE_MOST) if typed else None
            version = whole_of(form.get("version", ""), field="version", least=0, most=10**9)
            rule = ApprovalRule(people_max=most)
            await marketing.set_rule(tx, rule, version=version, now=now)
        except Refusal as refusal:
            return await _rule_page(request, tx, problem_of(refusal, form), refusal.status)
        return redirect(request, RULE_AT, toast="The rule is saved.")


async def _rule_page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    return page(
        request,
        "console/settings/campaign_approval.html",
        status=status,
        held=await marketing.get_rule(tx),
        problem=problem,
    )
