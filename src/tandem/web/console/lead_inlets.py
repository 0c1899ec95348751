"""Inlets: addresses for advertisers and mailboxes, and what came by them."""

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.inlets import Arrival, Inlet, InletDraft
from tandem.crm.sales.service import inlets
from tandem.flows import lead_inlets as flow
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.kernel.pages import Page
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/leads/inlets"
SHOWN = 50
KINDS = (("ads", "An advertiser's lead forms"), ("email", "A mailbox"))
EDITED = ("name", "email", "phone", "company_name", "city", "country")
"""Fields in which an arrival is mended; what else was read goes along."""
WORDS: Mapping[str, str] = {
    "name": "Give the inlet a name, 80 letters at most.",
    "source": "A source has 60 letters at most.",
    "fields": "Say for each question which field it is, as in: Size = custom.size.",
}


class InletsPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _list(request, tx, now)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            made = await flow.add_inlet(tx, _draft(form), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _list(request, tx, now, problem, refusal.status)
        said = f"{made.name} is there. Send to its address."
        return redirect(request, f"{HOME}/{made.id}", toast=said)


class InletPage(Controller):
    path = f"{HOME}/{{inlet_id:uuid}}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, inlet_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        tx.actor.require("sales.configure")
        return await _one(request, tx, inlet_id, now)

    @post()
    async def change(
        self, request: AnyRequest, inlet_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        tx.actor.require("sales.configure")
        form = await read_form(request)
        try:
            seen = functools.partial(check_if_match, form.get("version"))
            made = await flow.change_inlet(tx, inlet_id, _draft(form), is_current=seen, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _one(request, tx, inlet_id, now, problem, refusal.status)
        return redirect(request, f"{HOME}/{inlet_id}", toast=f"{made.name} is saved.")

    @post("/arrivals/{arrival_id:uuid}")
    async def settle(
        self,
        request: AnyRequest,
        inlet_id: FromPath[UUID],
        arrival_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        """Take it in as it was mended, or put it away."""
        tx.actor.require_everywhere("sales.write")
        form = await read_form(request)
        try:
            said = await _settled(tx, inlet_id, arrival_id, form, now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=str(arrival_id))
            return await _one(request, tx, inlet_id, now, problem, refusal.status)
        return redirect(request, f"{HOME}/{inlet_id}", toast=said)


async def _settled(
    tx: Tx, inlet_id: UUID, arrival_id: UUID, form: Mapping[str, str], now: datetime
) -> str:
    if form.get("verdict") == "dismiss":
        await inlets.dismiss(tx, inlet_id, arrival_id, now=now)
        return "It is put away."
    arrival = await inlets.lock_failed(tx, inlet_id, arrival_id)
    mended = {name: form[name] for name in _facts(arrival) if name in form}
    facts = dict(arrival.facts or {}) | mended
    given = {name: text for name, text in facts.items() if text.strip()}
    found = await flow.take_again(tx, inlet_id, arrival_id, given, now=now)
    return f"{found.lead.title} is a lead." if found.is_new else f"{found.lead.title} came again."


def _facts(arrival: Arrival) -> list[str]:
    return [*EDITED, *(name for name in arrival.facts or {} if name not in EDITED)]


def _draft(form: Mapping[str, str]) -> InletDraft:
    values: dict[str, Any] = {
        "name": form.get("name", ""),
        "kind": form.get("kind", ""),
        "source": form.get("source", ""),
        "owner_id": form.get("owner_id") or None,
        "is_active": "is_active" in form or "version" not in form,
        "fields": _fields(form.get("fields", "")),
    }
    return convert(values, InletDraft, WORDS)


def _fields(text: str) -> dict[str, str]:
    """One question a line: `Size = custom.size`."""
    found = {}
    for line in text.splitlines():
        question, _, key = line.rpartition("=")
        if not line.strip():
            continue
        if not question.strip() or not key.strip():
            raise Invalid(WORDS["fields"], field="fields")
        found[question.strip()] = key.strip()
    return found


async def _list(
    request: AnyRequest,
    tx: Tx,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "console/lead_inlets.html",
        status=status,
        inlets=await inlets.list_inlets(tx, now=now),
        kinds=KINDS,
        owners=await _owners(tx),
        problem=problem,
    )


async def _one(
    request: AnyRequest,
    tx: Tx,
    inlet_id: UUID,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    inlet = await inlets.get_inlet(tx, inlet_id, now=now)
    came: Page[Arrival] | None = None
    if tx.actor.reach("sales.read").is_all:
        came = await inlets.list_arrivals(tx, inlet_id, limit=SHOWN)
    return page(
        request,
        "console/lead_inlet.html",
        status=status,
        inlet=inlet,
        form=problem.values if problem.detail and not problem.form else _form_of(inlet),
        address=str(request.base_url).rstrip("/") + inlet.address,
        kinds=dict(KINDS),
        owners=await _owners(tx),
        came=came,
        facts_of=_facts,
        problem=problem,
    )


async def _owners(tx: Tx) -> list[tuple[str, str]]:
    people = await identity.staff_names(tx.with_all_grants(), only_active=True)
    named = sorted(((str(key), name) for key, name in people.items()), key=lambda one: one[1])
    return [("", "By the assignment rules"), *named]


def _form_of(inlet: Inlet) -> dict[str, str]:
    return {
        "name": inlet.name,
        "source": inlet.source,
        "owner_id": str(inlet.owner_id or ""),
        "fields": "\n".join(f"{question} = {key}" for question, key in inlet.fields.items()),
        **({"is_active": "true"} if inlet.is_active else {}),
    }
