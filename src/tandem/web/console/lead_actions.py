"""What a lead's buttons do: qualify, tick off, take up again, give away by the rules, convert and
bring back."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.converting import Wish
from tandem.crm.sales.domain.qualifying import Ticks
from tandem.crm.sales.domain.sequences import Reason
from tandem.crm.sales.service import leads, qualifying
from tandem.flows import assign_leads, convert_lead, sequences
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import new_id, parse_id
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    minor_of,
    problem_of,
    read_form,
)
from tandem.web.console.lead_page import lead_answer
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
WORDS = {
    "title": "Give the deal a name of at most 200 characters.",
    "close_on": "This is no day.",
    "step_ids": "There is no such step.",
}


class LeadActions(Controller):
    path = "/leads/{lead_id:uuid}"
    include_in_schema = False

    @post("/qualification")
    async def qualify(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            lead = await qualifying.qualify(tx, lead_id, now=now)
        except Refusal as refusal:
            return await _refused(request, tx, now, lead_id, refusal)
        return redirect(request, f"/leads/{lead_id}", toast=f"{lead.title} is qualified.")

    @post("/recycling")
    async def recycle(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            lead = await qualifying.recycle(tx, lead_id, now=now)
        except Refusal as refusal:
            return await _refused(request, tx, now, lead_id, refusal)
        return redirect(request, f"/leads/{lead_id}", toast=f"{lead.title} is open again.")

    @post("/checklists")
    async def tick(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await request.form()
        try:
            given = {"step_ids": [str(one) for one in form.getall("step_ids", [])]}
            await qualifying.tick(tx, lead_id, convert(given, Ticks, WORDS), now=now)
        except Refusal as refusal:
            return await _refused(request, tx, now, lead_id, refusal)
        return redirect(request, f"/leads/{lead_id}#checklist", toast="The checklist is saved.")

    @post("/sequence")
    async def begin_sequence(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """Mails in one's own name, until they answer."""
        tx.actor.require("sales.write")
        form = await read_form(request)
        try:
            chosen = parse_id(form.get("sequence_id", ""))
            if chosen is None:
                raise Invalid("Choose a sequence.", field="sequence_id")
            run = await sequences.start(tx, chosen, lead_id, now=now)
        except Refusal as refusal:
            return await _refused(request, tx, now, lead_id, refusal)
        said = f"{run.sequence_name} has begun."
        return redirect(request, f"/leads/{lead_id}#sequence", toast=said)

    @post("/sequence/stop")
    async def stop_sequence(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        tx.actor.require("sales.write")
        form = await read_form(request)
        try:
            run_id = parse_id(form.get("run_id", ""))
            if run_id is None:
                raise Invalid("There is no such run.", field="run_id")
            why = Reason.REPLIED if form.get("reason") == "replied" else Reason.BY_HAND
            await sequences.stop(tx, run_id, why, now=now)
        except Refusal as refusal:
            return await _refused(request, tx, now, lead_id, refusal)
        return redirect(request, f"/leads/{lead_id}#sequence", toast="Nothing more is sent.")

    @post("/assignment")
    async def assign(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            choice = await assign_leads.assign(tx, lead_id, how="by_hand", now=now)
        except Refusal as refusal:
            return await _refused(request, tx, now, lead_id, refusal)
        said = "Nobody is there for it now: it waits."
        if choice.owner_id is not None:
            said = f"{choice.owner_name} has it, by the rule {choice.rule_name}."
        to = f"/leads/{lead_id}"
        lead = await leads.find_lead(tx.with_all_grants(), lead_id)
        is_seen = lead is not None and tx.actor.sees("sales.read", lead)
        return redirect(request, to if is_seen else "/leads", toast=said)

    @get("/conversion")
    async def show_conversion(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        """What would be made and what linked, before anything is."""
        tx.actor.require("sales.write")
        return await _conversion(request, tx, lead_id, {})

    @post("/conversion")
    async def convert(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            currency = await _currency(tx)
            done = await convert_lead.convert(tx, lead_id, _wish(form, currency), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _conversion(request, tx, lead_id, form, problem, refusal.status)
        to = f"/deals/{done.opportunity_id}" if done.opportunity_id else f"/leads/{lead_id}"
        return redirect(
            request, to, toast="The lead is converted. Undo it here.", link=f"/leads/{lead_id}"
        )

    @post("/conversions/{conversion_id:uuid}/undo")
    async def undo(
        self,
        request: AnyRequest,
        lead_id: FromPath[UUID],
        conversion_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        try:
            undone = await convert_lead.undo(tx, conversion_id, now=now)
        except Refusal as refusal:
            return await _refused(request, tx, now, lead_id, refusal)
        kept = sum(1 for one in undone.undone if one.reason)
        said = "It is a lead again."
        if kept:
            said = f"It is a lead again. {kept} of what was made stayed; why is said below."
        return redirect(request, f"/leads/{lead_id}", toast=said)


async def _refused(
    request: AnyRequest, tx: Tx, now: Any, lead_id: UUID, refusal: Refusal
) -> Response[Any]:
    return await lead_answer(request, tx, now, lead_id, problem_of(refusal, {}), refusal.status)


def _wish(form: dict[str, str], currency: str) -> Wish:
    amount = form.get("amount", "")
    values: dict[str, Any] = {
        name: form[name]
        for name in ("id", "customer_id", "account_id", "pipeline_id", "title", "close_on")
        if form.get(name)
    }
    values["has_account"] = "has_account" in form
    values["has_opportunity"] = "has_opportunity" in form
    values["next_step"] = form.get("next_step", "")
    if amount:
        values["amount_minor"] = minor_of(amount, field="amount", currency=currency)
    return convert(values, Wish, WORDS)


async def _conversion(
    request: AnyRequest,
    tx: Tx,
    lead_id: UUID,
    form: dict[str, str],
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    outlook = await convert_lead.preview(tx, lead_id, Wish())
    pipelines = [one for one in await sales.list_pipelines(tx) if one.archived_at is None]
    return page(
        request,
        "console/lead_conversion.html",
        status=status,
        outlook=outlook,
        lead=outlook.lead,
        form=form or _first(outlook),
        pipelines=[(str(one.id), one.name) for one in pipelines],
        currency=await _currency(tx),
        problem=problem,
    )


def _first(outlook: convert_lead.Outlook) -> dict[str, str]:
    """The form as it is opened; its id makes pressing twice convert once."""
    return {
        "id": str(new_id()),
        "title": outlook.title,
        "has_account": "true",
        "has_opportunity": "true",
        "customer_id": str(outlook.customer.id) if outlook.customer else "",
        "account_id": str(outlook.account.id) if outlook.account else "",
        "pipeline_id": str(outlook.pipeline_id or ""),
    }


async def _currency(tx: Tx) -> str:
    return (await identity.get_organisation(tx)).currency
