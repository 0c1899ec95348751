"""One lead: who it is, where it came from, how far it is, what happened."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import following
from tandem.crm.sales.domain.leads import Lead, LeadChange, LeadFilters, StatusKind
from tandem.crm.sales.domain.opportunities import escaped
from tandem.crm.sales.service import lead_statuses, leads, scoring
from tandem.crm.sales.service.merging_leads import merge_leads
from tandem.flows import leads as flow
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.kernel.ids import parse_id
from tandem.web.console.changes import changes_of
from tandem.web.console.custom_fields import custom_values, live_fields, read_custom_inputs
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.lead_story import story
from tandem.web.console.lead_work import work_of
from tandem.web.console.leads import (
    FIELDS,
    TONES,
    WORDS,
    form_page,
    values_of_form,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
ALIKE_MAX = 20


class LeadPage(Controller):
    path = "/leads/{lead_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await lead_answer(request, tx, now, lead_id)

    @get("/edit")
    async def edit(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("sales.write")
        lead = await leads.get_lead(tx, lead_id)
        return await form_page(request, tx, values=_values_of(lead), lead=lead)

    @post("/edit")
    async def change(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        lead = await leads.lock_lead(tx, lead_id)
        try:
            check_if_match(form.get("version"), lead.version)
            given = values_of_form(form)
            given["custom"] = read_custom_inputs(
                form, await live_fields(tx.with_all_grants(), "lead")
            )
            saved = await flow.update_lead(tx, lead_id, convert(given, LeadChange, WORDS), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await form_page(
                request, tx, values=form, lead=lead, problem=problem, status=refusal.status
            )
        return redirect(request, f"/leads/{lead_id}", toast=f"{saved.title} is saved.")

    @post("/status")
    async def move(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            values = {"status_id": form.get("status_id", "")}
            if "lost_reason" in form:
                values["lost_reason"] = form["lost_reason"]
            change = convert(values, LeadChange, {"status_id": "Choose a status."})
            moved = await flow.update_lead(tx, lead_id, change, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await lead_answer(request, tx, now, lead_id, problem, refusal.status)
        to = f"/leads/{lead_id}"
        return redirect(request, to, toast=f"{moved.title} is in {moved.status_name}.")

    @post("/owner")
    async def give(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            owner = parse_id(form.get("owner_id", ""))
            given = await flow.update_lead(tx, lead_id, LeadChange(owner_id=owner), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await lead_answer(request, tx, now, lead_id, problem, refusal.status)
        is_seen = tx.actor.sees("sales.read", given)
        return redirect(
            request, f"/leads/{lead_id}" if is_seen else "/leads", toast="The owner is changed."
        )

    @post("/notes")
    async def note(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        text = form.get("text", "")[:10_000]
        try:
            if not text:
                raise Invalid("Write something.", field="text")
            await leads.add_note(tx, lead_id, text, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await lead_answer(request, tx, now, lead_id, problem, refusal.status)
        return redirect(request, f"/leads/{lead_id}#notes", toast="The note is kept.")

    @post("/notes/{note_id:uuid}/removal")
    async def remove_note(
        self,
        request: AnyRequest,
        lead_id: FromPath[UUID],
        note_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        await leads.remove_note(tx, lead_id, note_id, now=now)
        return redirect(request, f"/leads/{lead_id}#notes", toast="The note is removed.")

    @get("/merge")
    async def choose(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        """Who else it may be: looked for by words."""
        tx.actor.require("sales.write")
        return await _merge_page(request, tx, lead_id)

    @post("/merge")
    async def merge(
        self, request: AnyRequest, lead_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            other = convert({"id": form.get("loser_id", "")}, _Id, {"id": "Choose a lead."}).id
            kept = await merge_leads(tx, lead_id, other, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _merge_page(request, tx, lead_id, problem, refusal.status)
        return redirect(request, f"/leads/{lead_id}", toast=f"Both are {kept.title} now.")


class _Id(msgspec.Struct, frozen=True):
    id: UUID


def _values_of(lead: Lead) -> dict[str, Any]:
    return {
        **{name: getattr(lead, name) or "" for name in FIELDS},
        "tags": ", ".join(lead.tags),
        "version": str(lead.version),
        **custom_values(lead.custom),
    }


async def lead_answer(
    request: AnyRequest,
    tx: Tx,
    now: Any,
    lead_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    lead = await leads.get_lead(tx, lead_id)
    people = await identity.staff_names(tx)
    statuses = await lead_statuses.list_statuses(tx)
    return page(
        request,
        "console/lead.html",
        status=status,
        lead=lead,
        now=now,
        people=people,
        statuses=[each for each in statuses if each.kind is not StatusKind.CONVERTED],
        changes=await changes_of(tx, "lead", lead_id) if not lead.erased_at else [],
        touches=(await leads.list_touches(tx, lead_id))[::-1],
        notes=await leads.list_notes(tx, lead_id),
        is_followed=await following.is_following(tx, "lead", lead_id),
        lines=story(await leads.timeline(tx, lead_id), people),
        fields=await live_fields(tx.with_all_grants(), "lead"),
        why=await scoring.explain_score(tx, lead_id, now=now),
        tones=TONES,
        work=await work_of(tx, lead, now),
        problem=problem,
    )


async def _merge_page(
    request: AnyRequest,
    tx: Tx,
    lead_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    lead = await leads.get_lead(tx, lead_id)
    asked = request.query_params.get("q", "")[:100].replace("\x00", "")
    text = asked or lead.name.split(" ")[0] or lead.company_name
    filters = LeadFilters(words=escaped(text))
    found = await leads.list_leads(tx, filters, limit=ALIKE_MAX + 1)
    return page(
        request,
        "console/lead_merge.html",
        status=status,
        lead=lead,
        asked=text,
        alike=[each for each in found.items if each.id != lead.id][:ALIKE_MAX],
        tones=TONES,
        problem=problem,
    )
