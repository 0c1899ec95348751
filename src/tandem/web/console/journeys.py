"""Journeys: the list, the outline with where everybody is, a try with a moved clock, one's way."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain import journey_editing as editing
from tandem.crm.marketing.domain.journey_paths import lists_of, paths
from tandem.crm.marketing.domain.journeys import Branch, Journey, NewJourney, Plan, State, WaitFor
from tandem.crm.marketing.service import journey_runs as runs
from tandem.crm.marketing.service import journeys as service
from tandem.crm.sales.domain.leads import StatusKind
from tandem.crm.sales.service import lead_statuses
from tandem.flows import journey_checks, journey_moves
from tandem.flows.campaign_letters import wordings
from tandem.flows.journey_simulation import simulate
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.http import COMPUTES, Now, Transaction
from tandem.kernel.rules import Vocabulary
from tandem.web.console import journey_forms as forms
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.console.journey_approval_view import approval_of, waiting_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
SHOWN = 50
MOVES = {"pause": State.PAUSED, "resumption": State.RUNNING, "end": State.ENDED}
SAID = {
    "pause": "It is paused: nobody takes a step.",
    "resumption": "It goes on.",
    "end": "It has ended, for everybody.",
}


class JourneysPage(Controller):
    path = "/journeys"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _list(request, tx)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            new = forms.named(form.get("name", ""), Plan())
            made = await service.add_journey(tx, new, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="new")
            return await _list(request, tx, problem, refusal.status)
        return redirect(request, f"/journeys/{made.id}", toast=f"{made.name} is a draft now.")


class JourneyPage(Controller):
    path = "/journeys/{journey_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, journey_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await outline(request, tx, await service.get_journey(tx, journey_id))

    @post("/entry")
    async def save_entry(
        self, request: AnyRequest, journey_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        journey = await service.lock_journey(tx, journey_id)
        try:
            new = forms.named(form.get("name", ""), forms.entry_of(journey.plan, form))
            await _change(tx, journey, new, now)
        except Refusal as refusal:
            return await refused(request, tx, journey, refusal, form, "entry")
        return redirect(request, f"/journeys/{journey_id}", toast="The journey is saved.")

    @post("/steps")
    async def add_step(
        self, request: AnyRequest, journey_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        journey = await service.lock_journey(tx, journey_id)
        try:
            step = forms.fresh(form.get("do", ""), editing.new_id(journey.plan))
            plan = editing.put_in(journey.plan, step, form.get("place", editing.START))
            await _change(tx, journey, NewJourney(name=journey.name, plan=plan), now)
        except Refusal as refusal:
            return await refused(request, tx, journey, refusal, form, "add")
        return redirect(request, f"/journeys/{journey_id}?open={step.id}#step-{step.id}")

    @post("/steps/{step_id:str}")
    async def save_step(
        self,
        request: AnyRequest,
        journey_id: FromPath[UUID],
        step_id: FromPath[str],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        journey = await service.lock_journey(tx, journey_id)
        try:
            plan = _edited(journey.plan, step_id, form, await _words(tx))
            await _change(tx, journey, NewJourney(name=journey.name, plan=plan), now)
        except NotFound:
            raise
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=step_id)
            return await outline(request, tx, journey, problem=problem, form=form, drafted=step_id)
        return redirect(request, f"/journeys/{journey_id}#step-{step_id}", toast="Saved.")

    @post("/steps/{step_id:str}/draft", status_code=200, opt=COMPUTES)
    async def draft_step(
        self, request: AnyRequest, journey_id: FromPath[UUID], step_id: FromPath[str],
        tx: Transaction,
    ) -> Response[Any]:  # fmt: skip
        """The conditions of a branch as they are being chosen; saves nothing."""
        tx.actor.require("marketing.write")
        form = await read_form(request)
        journey = await service.get_journey(tx, journey_id)
        editing.find_step(journey.plan, step_id)
        return await outline(request, tx, journey, form=form, drafted=step_id)

    @post("/publication")
    async def publish(
        self, request: AnyRequest, journey_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        journey = await service.lock_journey(tx, journey_id)
        try:
            published = await journey_moves.publish(
                tx,
                journey,
                moves_people=form.get("moves_people") == "true",
                enrols_members=form.get("enrols_members") == "true",
                now=now,
            )
        except Refusal as refusal:
            return await refused(request, tx, journey, refusal, form, refusal.field or "publish")
        said = f"Version {published.published} runs."
        return redirect(request, f"/journeys/{journey_id}", toast=said)

    @post("/actions/{action:str}")
    async def move(
        self,
        request: AnyRequest,
        journey_id: FromPath[UUID],
        action: FromPath[str],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        if action not in MOVES:
            raise NotFound("There is no such action.")
        journey = await service.lock_journey(tx, journey_id)
        try:
            await journey_moves.move(tx, journey, MOVES[action], now=now)
        except Refusal as refusal:
            return await refused(request, tx, journey, refusal, {}, "")
        return redirect(request, f"/journeys/{journey_id}", toast=SAID[action])

    @post("/simulation", status_code=200, opt=COMPUTES)
    async def simulate(
        self, request: AnyRequest, journey_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        journey = await service.get_journey(tx, journey_id)
        try:
            customer_id = forms.customer_of(form)
            tried = await simulate(
                tx,
                journey_id,
                journey.plan,
                customer_id,
                starts_at=now,
                days=60,
                events=forms.events_of(form, paths(journey.plan)),
            )
        except Refusal as refusal:
            return await refused(request, tx, journey, refusal, form, refusal.field or "try")
        return await outline(request, tx, journey, form=form, tried=tried)

    @get("/runs")
    async def list_runs(
        self, request: AnyRequest, journey_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        journey = await service.get_journey(tx, journey_id)
        found = await runs.list_runs(
            tx,
            journey_id,
            limit=SHOWN,
            cursor=request.query_params.get("cursor") or None,
            node=request.query_params.get("node") or None,
        )
        people = await customers.reachable(tx, [run.customer_id for run in found.items])
        return page(
            request,
            "console/journey_runs.html",
            journey=journey,
            runs=found,
            people=people,
            steps=_says(journey.plan, await _words(tx)),
        )

    @get("/runs/{run_id:uuid}")
    async def one_run(
        self, request: AnyRequest, journey_id: FromPath[UUID], run_id: FromPath[UUID],
        tx: Transaction,
    ) -> Response[Any]:  # fmt: skip
        journey = await service.get_journey(tx, journey_id)
        run, taken = await runs.get_run(tx, run_id)
        if run.journey_id != journey_id:
            raise NotFound("There is no such run.")
        plan = await service.version_of(tx, journey_id, run.number)
        people = await customers.reachable(tx, [run.customer_id])
        return page(
            request,
            "console/journey_run.html",
            journey=journey,
            run=run,
            taken=taken,
            person=people.get(run.customer_id),
            steps=_says(plan, await _words(tx)),
        )


def _edited(plan: Plan, step_id: str, form: dict[str, str], words: Vocabulary) -> Plan:
    match form.get("action", "save"):
        case "up" | "down" as way:
            return editing.shift(plan, step_id, -1 if way == "up" else 1)
        case "remove":
            return editing.take_out(plan, step_id)
        case "save" | "share":
            step = forms.step_of(editing.find_step(plan, step_id), form, words)
            return editing.change_step(plan, step)
    raise Invalid("There is no such change.", field="action")


async def _change(tx: Tx, journey: Journey, new: NewJourney, now: Any) -> None:
    await journey_checks.check_named(tx, new.plan)
    await service.change_journey(tx, journey, new, now=now)


async def _list(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    found = await service.list_journeys(
        tx, limit=SHOWN, cursor=request.query_params.get("cursor") or None
    )
    counts = await runs.endings(tx, [one.id for one in found.items])
    return page(
        request,
        "console/journeys.html",
        status=status,
        journeys=found,
        waiting=await waiting_of(tx),
        counts=counts,
        problem=problem,
    )


async def refused(
    request: AnyRequest,
    tx: Tx,
    journey: Journey,
    refusal: Refusal,
    form: dict[str, str],
    where: str,
) -> Response[Any]:
    problem = problem_of(refusal, form, form=where)
    return await outline(request, tx, journey, problem=problem, form=form)


async def outline(
    request: AnyRequest,
    tx: Tx,
    journey: Journey,
    *,
    problem: Problem = NO_PROBLEM,
    form: dict[str, str] | None = None,
    tried: Any = None,
    drafted: str = "",
    status: int = 0,
) -> Response[Any]:
    plan, words = journey.plan, await _words(tx)
    segments = [one for one in await customers.list_segments(tx) if one.retired_at is None]
    published = (
        await service.version_of(tx, journey.id, journey.published) if journey.published else None
    )
    return page(
        request,
        "console/journey.html",
        status=status or (422 if problem.detail else 200),
        journey=journey,
        plan=plan,
        is_changed=published is not None and published != plan,
        standing=await runs.standing(tx, journey.id),
        segments=[("", "Choose a segment")] + [(str(one.id), one.name) for one in segments],
        lists=[("", "Choose a list")]
        + [(str(one.id), one.name) for one in segments if one.kind == "static"],
        people=[("", "Choose somebody")]
        + [
            (str(one), name)
            for one, name in (await identity.staff_names(tx, only_active=True)).items()
        ],
        statuses=[("", "Choose a status")]
        + [
            (str(one.id), one.name)
            for one in await lead_statuses.list_statuses(tx.with_all_grants())
            if one.kind is not StatusKind.CONVERTED
        ],
        wordings=await wordings(tx),
        forms=forms,
        lists_of=lists_of,
        kind_of=lambda step: msgspec.to_builtins(step)["do"],
        says=_says(plan, words),
        words=words.without(tx.actor.hidden),
        rules=_rules(plan, words, drafted, form or {}),
        opened=drafted or request.query_params.get("open", ""),
        problem=problem,
        form=form or {},
        tried=tried,
        approval=await approval_of(tx, journey),
        has_events=any(isinstance(node.step, WaitFor) for node in paths(plan).values()),
    )


async def _words(tx: Tx) -> Vocabulary:
    """What a rule can say; it tells nothing of anybody."""
    return await customers.words(tx.with_all_grants())


def _says(plan: Plan, words: Vocabulary | None = None) -> dict[str, str]:
    return {step_id: forms.says(node.step, words) for step_id, node in paths(plan).items()}


def _rules(
    plan: Plan, words: Vocabulary, drafted: str, form: dict[str, str]
) -> dict[str, forms.Conditions]:
    """Each branch's conditions; those being chosen as they were sent."""
    found = {
        step_id: forms.conditions_of(node.step, words)
        for step_id, node in paths(plan).items()
        if isinstance(node.step, Branch)
    }
    return found | ({drafted: forms.typed_conditions(form, words)} if drafted in found else {})
