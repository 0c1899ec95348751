"""Campaigns: the list, building one, sending it on its way, and what came of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import Campaign, Plan, Schedule, State
from tandem.flows import campaign_calls
from tandem.flows import campaigns as flow
from tandem.flows.campaign_letters import wordings
from tandem.flows.campaigns import TestMessages
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.web.console.campaign_forms import (
    CHANNELS,
    KINDS,
    LATE,
    METRICS,
    TRIALS,
    form_of,
    places_of,
    plan_of,
)
from tandem.web.console.campaign_view import campaign_page, state_of
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
VIEWS = (
    ("", "All"),
    ("draft", "Drafts"),
    ("scheduled", "Scheduled"),
    ("sending", "Sending"),
    ("paused", "Paused"),
    ("done", "Done"),
)
SHOWN = 50


class CampaignsPage(Controller):
    path = "/campaigns"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = state_of(request.query_params.get("state", ""))
        found = await marketing.list_campaigns(
            tx, limit=SHOWN, cursor=request.query_params.get("cursor") or None, state=state
        )
        return page(
            request,
            "console/campaigns.html",
            campaigns=found,
            views=VIEWS,
            state=state or "",
            waiting=await _waiting(tx),
        )

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("marketing.write")
        return await _builder(request, tx, form=form_of(Plan(name="-")) | {"name": ""})

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            plan = plan_of(form, currency=await _currency(tx))
            made = await flow.add_campaign(tx, plan, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _builder(request, tx, form=form, problem=problem, status=refusal.status)
        return redirect(request, f"/campaigns/{made.id}", toast=f"{made.name} is saved.")


class CampaignPage(Controller):
    path = "/campaigns/{campaign_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await campaign_page(request, tx, campaign_id, now)

    @get("/edit")
    async def edit(
        self, request: AnyRequest, campaign_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("marketing.write")
        campaign = await marketing.get_campaign(tx, campaign_id)
        form = form_of(marketing.plan_of(campaign)) | {"version": str(campaign.version)}
        return await _builder(request, tx, form=form, campaign=campaign)

    @post()
    async def change(
        self, request: AnyRequest, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        campaign = await marketing.lock_campaign(tx, campaign_id)
        try:
            check_if_match(form.get("version"), campaign.version)
            plan = plan_of(form, currency=campaign.currency)
            await flow.change_campaign(tx, campaign, plan, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _builder(
                request, tx, form=form, campaign=campaign, problem=problem, status=refusal.status
            )
        return redirect(request, f"/campaigns/{campaign_id}", toast="The campaign is saved.")

    @post("/schedule")
    async def schedule(
        self, request: AnyRequest, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            when = Schedule(at=await _hour(tx, form))
            campaign = await marketing.lock_campaign(tx, campaign_id)
            await flow.schedule(tx, campaign, when, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="schedule")
            return await campaign_page(request, tx, campaign_id, now, problem, refusal.status)
        said = "It leaves at its hour." if when.at else "It is on its way."
        return redirect(request, f"/campaigns/{campaign_id}", toast=said)

    @post("/test")
    async def send_test(
        self, request: AnyRequest, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        given = [one.strip() for one in form.get("addresses", "").split(",") if one.strip()]
        asked = {"addresses": given, "variant_id": form.get("variant_id") or None}
        try:
            test = convert(asked, TestMessages, {"addresses": "Give one to five addresses."})
            campaign = await marketing.get_campaign(tx, campaign_id)
            await flow.send_test(tx, campaign, test, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="test")
            return await campaign_page(request, tx, campaign_id, now, problem, refusal.status)
        return redirect(
            request,
            f"/campaigns/{campaign_id}",
            toast=f"The test is on its way to {given[0] if given else 'the webhook'}.",
        )

    @post("/actions/{action:str}")
    async def act(
        self,
        request: AnyRequest,
        campaign_id: FromPath[UUID],
        action: FromPath[str],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        """Pause, resume, cancel, or back to a draft."""
        try:
            said = await _act(tx, action, await marketing.lock_campaign(tx, campaign_id), now)
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await campaign_page(request, tx, campaign_id, now, problem, refusal.status)
        return redirect(request, f"/campaigns/{campaign_id}", toast=said)

    @get("/recipients")
    async def recipients(
        self, request: AnyRequest, campaign_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        campaign = await marketing.get_campaign(tx, campaign_id)
        return await _recipients(request, tx, campaign)


async def _waiting(tx: Tx) -> list[tuple[UUID, str]]:
    """Campaigns for whoever may say yes to them."""
    if not tx.actor.may("marketing.approve"):
        return []
    asked = await marketing.waiting_approvals(tx)
    return [(one.campaign_id, one.plan.name) for one in asked]


async def _act(tx: Tx, action: str, campaign: Campaign, now: datetime) -> str:
    if action == "pause":
        await flow.pause(tx, campaign, now=now)
        return "Paused: nothing more of it leaves."
    if action == "resumption":
        await flow.resume(tx, campaign, now=now)
        return "It goes on."
    if action == "cancellation":
        await flow.cancel(tx, campaign, now=now)
        return "Cancelled: whoever was not written to never is."
    if action == "drafting":
        await marketing.unschedule(tx, campaign, now=now)
        return "It is a draft again."
    raise Invalid("There is nothing of this name to do.", field="action")


async def _recipients(request: AnyRequest, tx: Tx, campaign: Campaign) -> Response[Any]:
    asked = request.query_params
    state = asked.get("state", "")
    standing = next((one for one in flow.STATES if one == state), None)
    reason = asked.get("reason", "")
    found = await marketing.list_recipients(
        tx,
        campaign.id,
        limit=SHOWN,
        cursor=asked.get("cursor") or None,
        state=standing,
        reason=reason if reason.replace("_", "").isalpha() else None,
    )
    tx.actor.require("customers.read")
    sees_all = tx.actor.reach("customers.read").is_all
    ids = [one.customer_id for one in found.items]
    people = await customers.reachable(tx, ids) if sees_all else {}
    who = _id_of(asked.get("who", ""))
    return page(
        request,
        "console/campaign_recipients.html",
        campaign=campaign,
        recipients=found,
        people=people,
        sees_all=sees_all,
        state=standing or "",
        states=flow.STATES,
        variants={one.id: one.name for one in campaign.variants},
        reason_says=flow.reason_says,
        why=await flow.explain(tx, campaign.id, who) if who else None,
    )


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _hour(tx: Tx, form: Mapping[str, str]) -> datetime | None:
    """What was typed is the company's own time."""
    if form.get("when") != "later":
        return None
    zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
    try:
        return datetime.fromisoformat(form.get("at", "")).replace(tzinfo=zone)
    except ValueError as reason:
        raise Invalid("Say the day and the hour.", field="at") from reason


async def _currency(tx: Tx) -> str:
    return (await identity.get_organisation(tx)).currency


async def _builder(
    request: AnyRequest,
    tx: Tx,
    *,
    form: Mapping[str, str],
    campaign: Campaign | None = None,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    places = places_of(form)
    return page(
        request,
        "console/campaign_form.html",
        status=status,
        form=form,
        campaign=campaign,
        problem=problem,
        segments=await customers.list_segments(tx) if tx.actor.may("customers.read") else [],
        wordings=await wordings(tx),
        places=[*places, max(places) + 1],
        senders=[
            ("", "The installation's address"),
            *(
                (str(one.id), f"{one.name} <{one.address}>")
                for domain in await marketing.list_domains(tx)
                for one in domain.addresses
            ),
        ],
        endpoints=[
            ("", "None"),
            *(
                (str(one.id), f"{one.description} · {one.url}" if one.description else one.url)
                for one in await campaign_calls.endpoints(tx)
            ),
        ],
        kinds=KINDS,
        channels=CHANNELS,
        late=LATE,
        trials=TRIALS,
        metrics=METRICS,
        is_draft=campaign is None or campaign.state is State.DRAFT,
    )
