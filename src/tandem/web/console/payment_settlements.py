"""Settlements: what went to the bank, one of them row by row, and what does not fit."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import SettlementDecision, SettlementStatus
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="utr", label="UTR", is_lead=True),
    Column(key="status", label="Status", is_mark=True),
    Column(key="books", label="Books", is_mark=True),
    Column(key="made_at", label="Settled"),
    Column(key="id", label="Settlement", is_shown=False),
    Column(key="payments", label="Payments", is_number=True),
    Column(key="refunds", label="Refunds", is_number=True),
    Column(key="fee", label="Fee", is_number=True),
    Column(key="tax", label="GST on fee", is_number=True),
    Column(key="amount", label="To the bank", is_number=True, is_corner=True),
)
BALANCED = (("true", "Balanced"), ("false", "Not balanced"))
FILTERS = (
    Filter(
        key="status",
        label="Status",
        options=tuple((str(each), words(str(each))) for each in SettlementStatus),
    ),
    Filter(key="balanced", label="Books", options=BALANCED),
)
VIEWS = (("All", ""), ("Not balanced", "balanced=false"))


class SettlementsPage(Controller):
    path = "/payments/settlements"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS, FILTERS)
        status, balanced = state.values.get("status"), state.values.get("balanced")
        found = await payments.list_settlements(
            tx,
            payments.SettlementFilter(
                status=SettlementStatus(status) if status else None,
                is_balanced=None if balanced is None else balanced == "true",
                search=state.search or None,
            ),
            limit=state.limit,
            cursor=state.cursor,
        )
        return page(
            request,
            "console/settlements.html",
            listing=listing(state, found, await views_of(tx, state, VIEWS)),
            exceptions=len((await _exceptions(tx, limit=100)).items),
        )

    @post("/import")
    async def fetch(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        await payments.request_settlements(tx)
        return redirect(request, "/payments/settlements", toast="The gateway is being asked.")

    @get("/exceptions")
    async def exceptions(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _exceptions_page(request, tx)

    @post("/exceptions/{exception_id:uuid}/resolution")
    async def resolve(
        self, request: AnyRequest, exception_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            done = await payments.resolve_settlement_exception(
                tx, exception_id, decision=_decision(form), note=_note(form), now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=str(exception_id))
            return await _exceptions_page(request, tx, problem, status=refusal.status)
        said = f"{words(done.kind)}, {done.entity_id}: {words(done.resolution).lower()}."
        return redirect(request, "/payments/settlements/exceptions", toast=said)


class SettlementPage(Controller):
    path = "/payments/settlements/{settlement_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, settlement_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        settlement = await payments.get_settlement(tx, settlement_id)
        rows = await payments.list_settlement_rows(
            tx,
            settlement_id,
            kind=None,
            limit=100,
            cursor=request.query_params.get("cursor") or None,
        )
        return page(
            request,
            "console/settlement.html",
            settlement=settlement,
            rows=rows,
            is_later=bool(request.query_params.get("cursor")),
            exceptions=(await _exceptions(tx, settlement_id=settlement_id, limit=100)).items,
        )


async def _exceptions(
    tx: Tx,
    *,
    settlement_id: UUID | None = None,
    is_open: bool | None = True,
    limit: int,
    cursor: str | None = None,
) -> Any:
    return await payments.list_settlement_exceptions(
        tx, is_open=is_open, kind=None, settlement_id=settlement_id, limit=limit, cursor=cursor
    )


async def _exceptions_page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, *, status: int = 200
) -> Response[Any]:
    is_open = request.query_params.get("show") != "all"
    found = await _exceptions(
        tx,
        is_open=True if is_open else None,
        limit=100,
        cursor=request.query_params.get("cursor") or None,
    )
    return page(
        request,
        "console/settlement_exceptions.html",
        status=status,
        found=found,
        is_open=is_open,
        decisions=[(str(each), words(str(each))) for each in SettlementDecision],
        problem=problem,
    )


def _decision(form: dict[str, str]) -> SettlementDecision:
    if form.get("decision") not in set(SettlementDecision):
        raise Invalid("Choose what is done about it.", field="decision")
    return SettlementDecision(form["decision"])


def _note(form: dict[str, str]) -> str:
    note = form.get("note", "")[:500]
    if not note:
        raise Invalid("Say why, for whoever audits the books.", field="note")
    return note
