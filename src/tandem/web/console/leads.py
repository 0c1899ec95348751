"""Leads: the list, the board by status, writing one in."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.response import Stream

from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.lead_statuses import Status
from tandem.crm.sales.domain.leads import (
    Channel,
    Lead,
    LeadChange,
    LeadDraft,
    LeadFilters,
    Order,
    PossibleDuplicateLead,
    StatusKind,
)
from tandem.crm.sales.domain.opportunities import escaped
from tandem.crm.sales.domain.submissions import country_of
from tandem.crm.sales.service import lead_statuses, leads
from tandem.flows import leads as flow
from tandem.flows.bulk.leads import LEADS
from tandem.flows.http.sales_sheets import file_of_named
from tandem.kernel.bulk import MANY_MAX
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal, StaleVersion
from tandem.kernel.http import Acting, Now, Store, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.bulk import (
    Find,
    act_on,
    chosen,
    colleagues_of,
    counted,
    read_bulk,
)
from tandem.web.console.custom_fields import live_fields, read_custom_inputs
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
)
from tandem.web.console.lists import Column, Filter, ListState, listing, read_state, state_of
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
COLUMN_MAX = 50
NOBODY = "nobody"
COLUMNS = (
    Column(key="name", label="Lead", is_lead=True),
    Column(key="number", label="Number", is_shown=False),
    Column(key="email", label="E-mail"),
    Column(key="phone", label="Phone", is_shown=False),
    Column(key="status", label="Status", is_mark=True),
    Column(key="source", label="Source"),
    Column(key="owner", label="Owner"),
    Column(key="came", label="Came", sorts=("-created_at",)),
    Column(key="touches", label="Touches", is_number=True, is_shown=False),
    Column(key="score", label="Score", is_number=True, is_corner=True, sorts=("-score",)),
)
FIELDS = (
    "name", "company_name", "job_title", "email", "phone", "website", "city", "country",
    "description", "source",
)  # fmt: skip
WORDS = {
    "name": "A name has 200 characters at most.",
    "country": "Write the country as two letters: IN.",
    "website": "An address of a page has 200 characters at most.",
    "description": "5,000 characters at most.",
}
TONES = {"grey": "quiet", "blue": "info", "teal": "info", "green": "good", "amber": "warn",
         "orange": "warn", "red": "bad", "purple": "info"}  # fmt: skip


class LeadPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A card was put into another column; which state of it was seen."""

    card_id: UUID
    stage_id: UUID
    version: int


class LeadsPage(Controller):
    path = "/leads"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        statuses = await lead_statuses.list_statuses(tx)
        people = await identity.staff_names(tx)
        state = read_state(request, COLUMNS, _filters(statuses, people))
        order = Order.SCORE if state.sort == "-score" else Order.NEWEST
        found = await leads.list_leads(
            tx, filters_of(state), order=order, limit=state.limit, cursor=state.cursor
        )
        ready = [("All", ""), ("Hottest", "sort=-score"), ("Nobody's", f"owner={NOBODY}")]
        if tx.actor.user_id in people:
            ready.insert(1, ("Mine", f"owner={tx.actor.user_id}"))
        return page(
            request,
            "console/leads.html",
            listing=listing(state, found, await views_of(tx, state, ready)),
            people=people,
            tones=TONES,
            narrowed=_question(filters_of(state), state.search),
            statuses=statuses,
            colleagues=await colleagues_of(tx),
        )

    @get("/bulk")
    async def count(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """How many the list has in all, for those who take them all."""
        return counted(await _find(tx)(request.query_params, MANY_MAX + 1))

    @post("/bulk")
    async def bulk(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """One act on the selected leads."""
        tx.actor.require("sales.write")
        form = await read_bulk(request)
        return await act_on(request, tx, LEADS, form, find=_find(tx), now=now)

    @post("/bulk/file", status_code=200)
    async def export(self, request: AnyRequest, database: Store, actor: Acting) -> Stream:
        """The selected leads as a file."""
        actor.require("sales.export")
        form = await read_bulk(request)
        async with database.transaction(actor) as tx:
            ids = await chosen(form, _find(tx))
        return await file_of_named(database, actor, "lead", ids, "csv")

    @get("/board")
    async def show_board(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _board(request, tx)

    @post("/places")
    async def place(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """A card was dropped. The board comes back as it is then, with the reason if it is not
        where it was dropped."""
        form = await read_form(request)
        problem, status = NO_PROBLEM, 200
        try:
            given = {name: value for name, value in form.items() if value}
            to = convert(given, LeadPlace, {})
            await flow.update_lead(
                tx,
                to.card_id,
                LeadChange(status_id=to.stage_id),
                is_current=lambda version: _check_version(version, to.version),
                now=now,
            )
        except Refusal as refusal:
            problem, status = problem_of(refusal, form), refusal.status
        return await _board(request, tx, problem, status)

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("sales.write")
        return await form_page(request, tx, values={})

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            given = values_of_form(form)
            given["custom"] = read_custom_inputs(
                form, await live_fields(tx.with_all_grants(), "lead")
            )
            draft = convert(given, LeadDraft, WORDS)
            if form.get("allow_duplicate") != "true":
                await flow.check_new(tx, draft)
            found = await flow.add_lead(tx, draft, channel=Channel.MANUAL, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            is_known = isinstance(refusal, PossibleDuplicateLead)
            alike = refusal.facts["candidates"] if is_known else []
            return await form_page(
                request, tx, values=form, problem=problem, status=refusal.status, alike=alike
            )
        said = "is a lead now." if found.is_new else "was a lead already; this is one more touch."
        to = f"/leads/{found.lead.id}"
        return redirect(request, to, toast=f"{found.lead.title} {said}", link=to)


def filters_of(state: ListState) -> LeadFilters:
    owner = state.values.get("owner", "")
    status = state.values.get("status", "")
    return LeadFilters(
        words=escaped(state.search[:100]),
        kind=status if status in set(StatusKind) else None,
        status_id=parse_id(status),
        owner_id=parse_id(owner),
        is_unowned=owner == NOBODY,
        form_id=parse_id(state.values.get("form", "")),
    )


def _find(tx: Tx) -> Find:
    async def find(asked: Mapping[str, str], limit: int) -> list[UUID]:
        statuses = await lead_statuses.list_statuses(tx)
        known = _filters(statuses, await identity.staff_names(tx))
        state = state_of("/leads", asked, COLUMNS, known)
        return await leads.ids_of_leads(tx, filters_of(state), limit=limit)

    return find


def _question(filters: LeadFilters, search: str) -> str:
    """What the list is narrowed to, for the file of it."""
    asked = {
        "kind": filters.kind,
        "status_id": filters.status_id,
        "owner_id": filters.owner_id,
        "unowned": "true" if filters.is_unowned else None,
        "form_id": filters.form_id,
        "q": search[:100],
    }
    given = {name: str(value) for name, value in asked.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _filters(statuses: list[Status], people: dict[UUID, str]) -> tuple[Filter, ...]:
    owners = [(NOBODY, "Nobody"), *((str(each), name) for each, name in people.items())]
    return (
        Filter(
            key="status",
            label="Status",
            options=tuple((str(each.id), each.name) for each in statuses),
        ),
        Filter(key="owner", label="Owner", options=tuple(owners)),
    )


def values_of_form(form: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: form.get(name, "") for name in FIELDS}
    given["country"] = country_of(given["country"]) or given["country"]
    given["tags"] = [tag.strip() for tag in form.get("tags", "").split(",") if tag.strip()]
    return given


async def form_page(
    request: AnyRequest,
    tx: Tx,
    *,
    values: dict[str, Any],
    lead: Lead | None = None,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
    alike: list[dict[str, Any]] | None = None,
) -> Response[Any]:
    return page(
        request,
        "console/lead_form.html",
        alike=alike or [],
        status=status,
        values=values,
        lead=lead,
        problem=problem,
        fields=await live_fields(tx.with_all_grants(), "lead"),
    )


async def _board(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    statuses = await lead_statuses.list_statuses(tx)
    counts = await leads.count_leads(tx, LeadFilters())
    columns = []
    for each in statuses:
        filters = LeadFilters(status_id=each.id)
        found = await leads.list_leads(tx, filters, order=Order.SCORE, limit=COLUMN_MAX)
        columns.append((each, found.items, counts.get(each.id, 0)))
    return page(
        request,
        "console/lead_board.html",
        status=status,
        columns=columns,
        people=await identity.staff_names(tx),
        problem=problem,
        kind_words={kind: words(kind) for kind in StatusKind},
    )


def _check_version(version: int, seen: int) -> None:
    if version != seen:
        raise StaleVersion("Somebody moved or changed it meanwhile. This is how it stands now.")
