"""Deals: the board of a pipeline, and one deal with its stages, win and loss."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import following
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import (
    Change,
    Draft,
    Loss,
    LostReason,
)
from tandem.crm.sales.domain.pipelines import Kind, Needed
from tandem.crm.sales.domain.quotes import Filters as QuoteFilters
from tandem.crm.sales.domain.quotes import OrderState
from tandem.flows import deal_orders, notes
from tandem.flows import opportunities as flow
from tandem.flows.deal_fields import change_custom
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal, StaleVersion
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.web.console.changes import changes_of
from tandem.web.console.custom_fields import custom_values, live_fields, read_custom_inputs
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    decimal_text,
    minor_of,
    problem_of,
    read_form,
)
from tandem.web.console.tasks import tasks_beside
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
WORDS = {
    "title": "Give the deal a name of at most 200 characters.",
    "amount_minor": "Write the amount in figures, as 1,25,000.00.",
    "close_on": "This is no day.",
    "manual_probability": "A probability is a whole number from 0 to 100.",
    "reason": "Choose a reason.",
}
REASONS = tuple((str(each), words(str(each))) for each in LostReason)
QUOTES_MAX = 50
NEEDED = {
    Needed.AMOUNT: "an amount",
    Needed.CLOSE_ON: "a closing day",
    Needed.CUSTOMER: "a customer",
    Needed.OWNER: "an owner",
    Needed.NEXT_STEP: "a next step",
}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a card was dropped, and which state of it was seen."""

    card_id: UUID
    stage_id: UUID
    version: int
    after_id: UUID | None = None


class DealsPage(Controller):
    path = "/deals"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, tx: Transaction, now: Now, pipeline: FromQuery[str] = ""
    ) -> Response[Any]:
        return await _board(request, tx, now, pipeline)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            if form.get("customer_label") and not form.get("customer_id"):
                raise Invalid("Choose the customer from the list.", field="customer_id")
            values = _values(form, await _currency(tx)) | {
                name: form[name] for name in ("customer_id", "pipeline_id") if form.get(name)
            }
            made = await flow.open_opportunity(tx, convert(values, Draft, WORDS), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="add")
            pipeline = form.get("pipeline_id", "")
            return await _board(request, tx, now, pipeline, problem, refusal.status)
        return redirect(request, f"/deals/{made.id}", toast=f"{made.title} is on the board.")

    @post("/places")
    async def place(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """A card was dropped. The board comes back as it is then, with the reason if it is not
        where it was dropped."""
        form = await read_form(request)
        problem, status = NO_PROBLEM, 200
        try:
            given = {name: value for name, value in form.items() if value}
            to = convert(given, Place, {})
            await sales.move(
                tx,
                to.card_id,
                stage_id=to.stage_id,
                after_id=to.after_id,
                is_current=lambda version: _check_version(version, to.version),
                now=now,
            )
        except Refusal as refusal:
            problem, status = problem_of(refusal, form), refusal.status
        return await _board(request, tx, now, form.get("pipeline_id", ""), problem, status)


class DealPage(Controller):
    path = "/deals/{deal_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _page(request, tx, now, deal_id)

    @post()
    async def change(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            deal = await sales.get_opportunity(tx, deal_id)
            check_if_match(form.get("version"), deal.version)
            values = _values(form, deal.currency)
            chance = form.get("manual_probability", "")
            values["manual_probability"] = chance or None
            await sales.change(tx, deal_id, convert(values, Change, WORDS), now=now)
            fields = await live_fields(tx.with_all_grants(), "opportunity")
            if given := read_custom_inputs(form, fields):
                await change_custom(tx, deal_id, given, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="edit")
            return await _page(request, tx, now, deal_id, problem, refusal.status)
        return redirect(request, f"/deals/{deal_id}", toast="The deal is saved.")

    @post("/stage")
    async def move(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            stage = convert({"id": form.get("stage_id", "")}, _Id, {"id": "Choose a stage."}).id
            moved = await sales.move(tx, deal_id, stage_id=stage, after_id=None, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _page(request, tx, now, deal_id, problem, refusal.status)
        to = f"/deals/{deal_id}"
        return redirect(request, to, toast=f"{moved.title} is in {moved.stage_name}.")

    @post("/win")
    async def win(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            won = await sales.win(tx, deal_id, now=now)
        except Refusal as refusal:
            return await _page(request, tx, now, deal_id, problem_of(refusal, {}), refusal.status)
        return redirect(request, f"/deals/{deal_id}", toast=f"{won.title} is won.")

    @post("/loss")
    async def lose(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            loss = convert(
                {name: form.get(name, "") for name in ("reason", "note", "competitor")},
                Loss,
                WORDS,
            )
            lost = await sales.lose(tx, deal_id, loss, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="loss")
            return await _page(request, tx, now, deal_id, problem, refusal.status)
        return redirect(request, f"/deals/{deal_id}", toast=f"{lost.title} is lost.")

    @post("/reopening")
    async def reopen(
        self, request: AnyRequest, deal_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            back = await sales.reopen(tx, deal_id, now=now)
        except Refusal as refusal:
            return await _page(request, tx, now, deal_id, problem_of(refusal, {}), refusal.status)
        return redirect(request, f"/deals/{deal_id}", toast=f"{back.title} is open again.")


class _Id(msgspec.Struct, frozen=True):
    id: UUID


async def _board(
    request: AnyRequest,
    tx: Tx,
    now: Any,
    pipeline: str,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    known = [each for each in await sales.list_pipelines(tx) if each.archived_at is None]
    chosen = next((each for each in known if str(each.id) == pipeline), known[0] if known else None)
    people = await identity.staff_names(tx)
    return page(
        request,
        "console/deals.html",
        status=status,
        pipelines=known,
        pipeline=chosen,
        columns=await sales.board(tx, chosen.id) if chosen else [],
        currency=await _currency(tx),
        people=people,
        now=now,
        needed=NEEDED,
        problem=problem,
    )


async def _page(
    request: AnyRequest,
    tx: Tx,
    now: Any,
    deal_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    deal = await sales.get_opportunity(tx, deal_id)
    pipeline = await sales.get_pipeline(tx, deal.pipeline_id)
    about = QuoteFilters(opportunity_id=deal_id)
    quotes = (await sales.list_quotes(tx, about, limit=QUOTES_MAX)).items
    return page(
        request,
        "console/deal.html",
        status=status,
        deal=deal,
        pipeline=pipeline,
        stages=[each for each in pipeline.stages if each.kind is Kind.OPEN],
        stays=await sales.history(tx, deal_id, now=now),
        lines=await sales.list_lines(tx, deal_id),
        quotes=quotes,
        waiting=next((one for one in quotes if one.order_state is OrderState.PENDING), None),
        progress=await deal_orders.progress(tx, deal),
        people=await identity.staff_names(tx),
        reasons=REASONS,
        amount_text=""
        if deal.amount_minor is None
        else decimal_text(deal.amount_minor, deal.currency),
        is_rotting=deal.is_rotting(now),
        beside=await tasks_beside(tx, "opportunity", deal_id, now),
        fields=await live_fields(tx.with_all_grants(), "opportunity"),
        kept={"notes": await notes.list_notes(tx, "opportunity", deal_id)},
        is_followed=await following.is_following(tx, "deal", deal_id),
        custom=custom_values(deal.custom),
        changes=[] if deal.is_erased else await changes_of(tx, "opportunity", deal_id),
        problem=problem,
    )


async def _currency(tx: Tx) -> str:
    return (await identity.get_organisation(tx)).currency


def _values(form: dict[str, str], currency: str) -> dict[str, Any]:
    amount = form.get("amount", "")
    return {
        "title": form.get("title", ""),
        "amount_minor": minor_of(amount, field="amount", currency=currency) if amount else None,
        "close_on": _day(form.get("close_on", "")),
        "next_step": form.get("next_step", ""),
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as reason:
        raise Invalid("This is no day.", field="close_on") from reason


def _check_version(version: int, seen: int) -> None:
    if version != seen:
        raise StaleVersion("Somebody moved or changed it meanwhile. This is how it stands now.")
