"""Settings: the statuses of leads, in order, with who follows one that goes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post

from tandem.crm.sales.domain.lead_statuses import COLOURS, STATUSES_MAX, Status, StatusDraft
from tandem.crm.sales.domain.leads import LeadFilters, StatusKind
from tandem.crm.sales.service import lead_statuses, leads
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
    row_places,
)
from tandem.web.console.leads import TONES
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/lead-statuses"
WORDS = {"name": "A name has 60 letters at most.", "colour": "Choose a colour."}
BLANKS = 1


class LeadStatusesPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            drafts, successors = _read(form)
            await lead_statuses.change_statuses(tx, drafts, successors=successors, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="statuses")
            return await _page(request, tx, problem, refusal.status)
        return redirect(request, HOME, toast="The statuses are saved.")


def _read(form: Mapping[str, str]) -> tuple[list[StatusDraft], dict[UUID, UUID]]:
    """The rows with a name in their order; those that hand their leads over are left out."""
    drafts: list[StatusDraft] = []
    successors: dict[UUID, UUID] = {}
    for place in row_places(form, "name", STATUSES_MAX + BLANKS):
        known = parse_id(form.get(f"id_{place}", ""))
        heir = parse_id(form.get(f"into_{place}", ""))
        if known and heir:
            successors[known] = heir
            continue
        given = {name: form.get(f"{name}_{place}", "") for name in ("name", "kind", "colour")}
        drafts.append(convert({**given, "id": known}, StatusDraft, WORDS))
    return drafts, successors


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    known = await lead_statuses.list_statuses(tx)
    return page(
        request,
        "console/settings/lead_statuses.html",
        status=status,
        statuses=known,
        heirs={one.id: _heirs(one, known) for one in known},
        counts=await leads.count_leads(tx, LeadFilters()),
        kinds=[(str(kind), words(str(kind))) for kind in StatusKind],
        colours=[(colour, words(colour)) for colour in COLOURS],
        tones=TONES,
        blanks=BLANKS,
        problem=problem,
    )


def _heirs(status: Status, known: list[Status]) -> list[tuple[str, str]]:
    return [(str(one.id), one.name) for one in known if one.kind is status.kind and one != status]
