"""The buyer's page of a quote: what is offered, and a yes or a no."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.quotes import (
    OPEN,
    Acceptance,
    OrderState,
    Quote,
    QuoteEnded,
    Refusal,
    State,
)
from tandem.flows import win_opportunity
from tandem.flows.quotes.writing import business_day
from tandem.kernel import errors, tokens
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Gone, NotFound
from tandem.kernel.http import PUBLIC, Given, Now, Store, limited
from tandem.kernel.http.documents import pdf
from tandem.kernel.limits import Limit
from tandem.kernel.tokens import Token
from tandem.scm.orders import service as orders
from tandem.web.company import Company, find_company
from tandem.web.console.addresses import STATE_OPTIONS, read_address
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
ANSWER_LIMIT = Limit(name="quote_answers", count=20, seconds=60)
WORDS = {
    "name": "Give your name.",
    "reason": "A reason has 1,000 characters at most.",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows. `state` is the quote's, or `waiting` until its order is there;
    `order_token` opens the order's own pages."""

    quote: Quote
    company: Company
    state: str
    order_token: str = ""
    needs_payment: bool = False


class QuotePages(Controller):
    path = "/q"
    include_in_schema = False

    @get("/{token:str}", opt=PUBLIC)
    async def show(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        """Looking changes nothing: mail scanners follow links."""
        return await _page(request, database, token, now)

    @post("/{token:str}/seen", opt={**PUBLIC, **limited(ANSWER_LIMIT)}, status_code=204)
    async def see(self, token: FromPath[str], database: Store, now: Now) -> None:
        """The page says by its script that somebody looks at it."""
        held = await _held(database, token)
        async with database.transaction(Actor.public(held.org_id)) as tx:
            await sales.see_quote(tx, held.entity_id, now=now)

    @post("/{token:str}/acceptance", opt={**PUBLIC, **limited(ANSWER_LIMIT)}, status_code=200)
    async def accept(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        held = await _held(database, token)
        try:
            said = _acceptance(form)
            async with database.transaction(_buyer(held.org_id, said.name)) as tx:
                await win_opportunity.accept_quote(tx, held.entity_id, said, now=now)
        except errors.Refusal as refusal:
            return await _refused(request, database, token, now, refusal, form, "accept")
        return redirect(request, f"/q/{token}")

    @post("/{token:str}/refusal", opt={**PUBLIC, **limited(ANSWER_LIMIT)}, status_code=200)
    async def decline(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        held = await _held(database, token)
        try:
            said = convert({"reason": form.get("reason", "")}, Refusal, WORDS)
            async with database.transaction(Actor.public(held.org_id)) as tx:
                await sales.decline_quote(
                    tx,
                    held.entity_id,
                    reason=said.reason,
                    today=await business_day(tx, now),
                    now=now,
                )
        except errors.Refusal as refusal:
            return await _refused(request, database, token, now, refusal, form, "decline")
        return redirect(request, f"/q/{token}")

    @get("/{token:str}/quote.pdf", opt=PUBLIC)
    async def read_pdf(
        self, token: FromPath[str], database: Store, resources: Given, now: Now
    ) -> Response[bytes]:
        """The paper as it was when it was sent, while the link shows the quote."""
        held = await _held(database, token)
        async with database.transaction(Actor.public(held.org_id)) as tx:
            shown = await _shown(tx, held.entity_id, now)
            if shown.state not in {*OPEN, "waiting", State.ACCEPTED}:
                raise Gone("This quote is no longer open.")
            if shown.quote.pdf_blob_id is None:
                raise NotFound("The paper is being made. Try again in a moment.")
            _, content = await resources.get(Blobs).get(tx, shown.quote.pdf_blob_id)
        return pdf(content, name=shown.quote.label.replace(" ", "-"))


async def _held(database: Database, token: str) -> Token:
    """Refuses with NotFound a token that is no quote's."""
    held = await tokens.find(database, token)
    if held is None or held.kind != sales.QUOTE_LINK:
        raise NotFound("There is no quote behind this link.")
    return held


def _buyer(org_id: UUID, name: str) -> Actor:
    """What the audit and the history show of who accepted."""
    return msgspec.structs.replace(Actor.public(org_id), label=f"{name} (by the quote's link)")


async def _page(
    request: AnyRequest,
    database: Database,
    token: str,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int | None = None,
) -> Response[Any]:
    try:
        held = await _held(database, token)
    except NotFound as refusal:
        return page(
            request,
            "public/quote_ended.html",
            status=404,
            refusal=refusal,
            company=None,
            quote=None,
        )
    async with database.transaction(Actor.public(held.org_id)) as tx:
        shown = await _shown(tx, held.entity_id, now)
    if shown.state == State.DRAFT:
        unknown = NotFound("There is no quote behind this link.")
        return page(
            request,
            "public/quote_ended.html",
            status=404,
            refusal=unknown,
            company=None,
            quote=None,
        )
    is_over = shown.state in {State.DECLINED, State.EXPIRED, State.SUPERSEDED}
    return page(
        request,
        "public/quote.html",
        status=status or (410 if is_over else 200),
        shown=shown,
        quote=shown.quote,
        state=shown.state,
        company=shown.company,
        token=token,
        states=STATE_OPTIONS,
        problem=problem,
    )


async def _shown(tx: Tx, quote_id: UUID, now: datetime) -> Shown:
    """As it is today, whether or not the nightly sweep has been here."""
    quote = await sales.read_quote(tx, quote_id)
    company = await find_company(tx)
    state = str(quote.state)
    if quote.state in OPEN and quote.valid_until < await business_day(tx, now):
        state = State.EXPIRED
    if quote.order_state is OrderState.PENDING:
        return Shown(quote=quote, company=company, state="waiting")
    if quote.order_id is None:
        return Shown(quote=quote, company=company, state=state)
    order = await orders.get_order(tx.with_all_grants(), quote.order_id)
    return Shown(
        quote=quote,
        company=company,
        state=state,
        order_token=order.public_token,
        needs_payment=order.status == "pending_payment",
    )


async def _refused(
    request: AnyRequest,
    database: Database,
    token: str,
    now: datetime,
    refusal: errors.Refusal,
    form: dict[str, str],
    which: str,
) -> Response[Any]:
    """The page as it is by now; what was typed stays where it can still be used."""
    if isinstance(refusal, QuoteEnded):
        return await _page(request, database, token, now, status=refusal.status)
    problem = problem_of(refusal, form, form=which)
    return await _page(request, database, token, now, problem, refusal.status)


def _acceptance(form: dict[str, str]) -> Acceptance:
    said = convert({"name": form.get("name", "")}, Acceptance, WORDS)
    return msgspec.structs.replace(said, ship_to=read_address(form, "ship_", name=said.name))
