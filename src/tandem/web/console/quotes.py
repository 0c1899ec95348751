"""Quotes: the list, a draft to write, a version that was sent; and the lines of a deal."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import escaped
from tandem.crm.sales.domain.quotes import (
    OPEN,
    Acceptance,
    Filters,
    NewQuote,
    OrderState,
    Quote,
    QuoteTerms,
    State,
)
from tandem.flows import deal_lines, win_opportunity
from tandem.flows.quotes import writing
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal, StaleVersion
from tandem.kernel.fields import check_shown, veiled
from tandem.kernel.http import Now, Transaction
from tandem.web.console.addresses import STATE_OPTIONS, address_values, read_address
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.line_editor import lines_text, read_lines, work_out
from tandem.web.console.lists import Column, Filter, ListState, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="number", label="Quote", is_lead=True),
    Column(key="state", label="State", is_mark=True),
    Column(key="deal", label="Deal"),
    Column(key="customer", label="For"),
    Column(key="valid_until", label="Valid until"),
    Column(key="order", label="Order"),
    Column(key="created_at", label="Drafted", is_shown=False),
    Column(key="total", label="Total", is_number=True, is_corner=True),
)
FILTERS = (
    Filter(key="state", label="State", options=tuple((str(one), words(str(one))) for one in State)),
    Filter(key="order", label="Order", options=(("waiting", "Waits for its order"),)),
)
VIEWS = (
    ("All", ""),
    ("Drafts", "state=draft"),
    ("Sent", "state=sent"),
    ("Accepted", "state=accepted"),
    ("Waiting for an order", "order=waiting"),
)
WORDS: Mapping[str, str] = {
    "customer_name": "Say who it is for.",
    "name": "Who said yes?",
    "pay_days": "From 1 to 60 days.",
    "valid_until": "This is no day.",
    "note": "A note has 2,000 characters at most.",
    "terms": "Terms have 2,000 characters at most.",
}
TEXTS = ("customer_name", "customer_email", "customer_phone", "customer_gstin", "note", "terms")


class QuotesPage(Controller):
    path = "/quotes"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS, FILTERS)
        filters = Filters(
            state=_state(state),
            is_waiting=True if state.values.get("order") == "waiting" else None,
            words=escaped(state.search[:100]),
        )
        found = await sales.list_quotes(tx, filters, limit=state.limit, cursor=state.cursor)
        views = await views_of(tx, state, VIEWS)
        return page(request, "console/quotes.html", listing=listing(state, found, views))


class QuotePage(Controller):
    path = "/quotes/{quote_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _page(request, tx, quote_id, now=now)

    @post()
    async def save(
        self, request: AnyRequest, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """Keeps the draft, and with `then=send` sends it at once."""
        form = await read_form(request)
        try:
            quote = await sales.get_quote(tx, quote_id)
            seen = form.get("version", "")
            await writing.change_quote(
                tx,
                quote_id,
                _terms(form, quote.currency),
                is_current=lambda version: _check_version(version, seen),
                now=now,
            )
            if form.get("then") == "send":
                sent = await writing.send_quote(tx, quote_id, now=now)
                said = f"{sent.label} is on its way to {sent.customer_name}."
                return redirect(request, f"/quotes/{quote_id}", toast=said)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="draft")
            return await _page(request, tx, quote_id, problem, refusal.status, now=now)
        return redirect(request, f"/quotes/{quote_id}", toast="The draft is saved.")

    @post("/revision")
    async def revise(
        self, request: AnyRequest, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            made = await writing.revise_quote(tx, quote_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await _page(request, tx, quote_id, problem, refusal.status, now=now)
        return redirect(request, f"/quotes/{made.id}", toast=f"{made.label} is a draft.")

    @post("/acceptance")
    async def accept(
        self, request: AnyRequest, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """The buyer said yes on the phone or on paper."""
        form = await read_form(request)
        try:
            await sales.check_writable(tx, quote_id)
            name = form.get("name", "")
            said = convert({"name": name}, Acceptance, WORDS)
            address = read_address(form, "ship_", name=name[:100])
            given = Acceptance(name=said.name, ship_to=address)
            await win_opportunity.accept_quote(tx, quote_id, given, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="accept")
            return await _page(request, tx, quote_id, problem, refusal.status, now=now)
        return redirect(request, f"/quotes/{quote_id}", toast="Accepted. Its order is being made.")

    @post("/order")
    async def order(
        self, request: AnyRequest, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await win_opportunity.try_again(tx, quote_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await _page(request, tx, quote_id, problem, refusal.status, now=now)
        return redirect(request, f"/quotes/{quote_id}", toast="The order is being tried again.")

    @post("/withdrawal")
    async def withdraw(
        self, request: AnyRequest, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """The order cannot be made, or not as it was agreed."""
        try:
            await sales.withdraw(tx, quote_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await _page(request, tx, quote_id, problem, refusal.status, now=now)
        said = "The order is given up. A new version may be sent."
        return redirect(request, f"/quotes/{quote_id}", toast=said)


class DealLinesPage(Controller):
    path = "/deals/{deal_id:uuid}"
    include_in_schema = False

    @get("/lines")
    async def show(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _lines_page(request, tx, deal_id, now=now)

    @post("/lines")
    async def save(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            deal = await sales.get_opportunity(tx, deal_id)
            seen = form.get("version", "")
            await deal_lines.set_lines(
                tx,
                deal_id,
                read_lines(form, deal.currency),
                is_current=lambda version: _check_version(version, seen),
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _lines_page(request, tx, deal_id, problem, refusal.status, now=now)
        to = f"/deals/{deal_id}"
        return redirect(request, to, toast="The lines are saved, and the amount follows them.")

    @post("/quotes")
    async def draft_quote(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            made = await writing.draft_quote(tx, NewQuote(opportunity_id=deal_id), now=now)
        except Refusal as refusal:
            return redirect(request, f"/deals/{deal_id}", toast=refusal.detail)
        return redirect(request, f"/quotes/{made.id}", toast=f"{made.label} is a draft.")


async def _lines_page(
    request: AnyRequest,
    tx: Tx,
    deal_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
    *,
    now: datetime,
) -> Response[Any]:
    check_shown(tx.actor, "opportunity.amount_minor")
    deal = await sales.get_opportunity(tx, deal_id)
    buyer = await deal_lines.buyer_of(tx, deal.customer_id)
    values = problem.values or {
        "version": str(deal.version),
        "lines": lines_text(await sales.list_lines(tx, deal_id), deal.currency),
        "ship_state_code": buyer.ship_to.state_code if buyer.ship_to else "",
        "customer_gstin": buyer.gstin or "",
        "is_sez": "true" if buyer.is_sez else "",
    }
    return page(
        request,
        "console/deal_lines.html",
        status=status,
        deal=deal,
        values=values,
        worked=await work_out(tx, values, currency=deal.currency, now=now),
        problem=problem,
    )


async def _page(
    request: AnyRequest,
    tx: Tx,
    quote_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
    *,
    now: datetime,
) -> Response[Any]:
    quote = await sales.get_quote(tx, quote_id)
    shared: dict[str, Any] = {
        "status": status,
        "quote": quote,
        "deal": await sales.get_opportunity(tx, quote.opportunity_id),
        "versions": await sales.list_versions(tx, quote),
        "states": STATE_OPTIONS,
        "problem": problem,
    }
    if quote.state is State.DRAFT:
        shown = veiled(tx.actor, quote)
        values = problem.values if problem.form == "draft" else _values(shown)
        worked = await work_out(tx, values, currency=quote.currency, now=now)
        return page(request, "console/quote_draft.html", values=values, worked=worked, **shared)
    return page(
        request,
        "console/quote.html",
        is_open=quote.state in OPEN,
        is_waiting=quote.order_state is OrderState.PENDING,
        **shared,
    )


def _values(quote: Quote) -> dict[str, str]:
    return {
        **{name: str(getattr(quote, name) or "") for name in TEXTS},
        "is_sez": "true" if quote.supply_kind.startswith("SEZ") else "",
        "version": str(quote.version),
        "lines": lines_text(quote.lines, quote.currency),
        "payment_method": quote.payment_method,
        "pay_days": str(quote.pay_days),
        "valid_until": quote.valid_until.isoformat(),
        **address_values(quote.ship_to, "ship_"),
    }


def _terms(form: Mapping[str, str], currency: str) -> QuoteTerms:
    name = form.get("customer_name", "")
    given: dict[str, Any] = {field: form.get(field, "") for field in TEXTS}
    given |= {
        "payment_method": "cod" if form.get("payment_method") == "cod" else "prepaid",
        "pay_days": form.get("pay_days") or "3",
        "valid_until": _day(form.get("valid_until", "")),
        "ship_to": read_address(form, "ship_", name=name[:100]),
        "lines": read_lines(form, currency),
    }
    return convert(given, QuoteTerms, WORDS)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as reason:
        raise Invalid("This is no day.", field="valid_until") from reason


def _state(state: ListState) -> State | None:
    found = state.values.get("state")
    return State(found) if found in set(State) else None


def _check_version(version: int, seen: str) -> None:
    if str(version) != seen:
        raise StaleVersion("Somebody changed it meanwhile. Open it anew to see how it stands.")
