"""Payment links and UPI QR codes: the list, asking for one, reminding, taking back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.flows import collect_payment
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import LinkKind, LinkStatus
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    minor_of,
    problem_of,
    read_form,
    whole_of,
)
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
PATH = "/payments/links"
KINDS = ((str(LinkKind.LINK), "Payment link"), (str(LinkKind.UPI_QR), "UPI QR code"))
COLUMNS = (
    Column(key="reference", label="Reference", is_lead=True),
    Column(key="kind", label="Kind", is_mark=True),
    Column(key="status", label="Status", is_mark=True),
    Column(key="order", label="Order"),
    Column(key="customer", label="Customer"),
    Column(key="created_at", label="Asked"),
    Column(key="expires_at", label="Until"),
    Column(key="paid", label="Paid", is_number=True),
    Column(key="amount", label="Amount", is_number=True, is_corner=True),
    Column(key="actions", label="Actions"),
)
FILTERS = (
    Filter(
        key="status",
        label="Status",
        options=tuple((str(each), words(str(each))) for each in LinkStatus),
    ),
    Filter(key="kind", label="Kind", options=KINDS),
)
VIEWS = (("All", ""), ("Open", "status=open"), ("Paid", "status=paid"))


class PaymentLinksPage(Controller):
    path = PATH
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post()
    async def ask(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            order = await orders.find_by_identifier(tx, form.get("order", "")[:100])
            if order is None:
                raise Invalid("There is no such order.", field="order")
            amount, hours = form.get("amount_minor", ""), form.get("hours", "")
            link = await collect_payment.collect(
                tx,
                order.id,
                kind=_kind(form),
                amount_minor=minor_of(amount, field="amount_minor") if amount else None,
                accepts_partial=form.get("accepts_partial") == "true",
                lives=_hours(hours) if hours else None,
                now=now,
            )
        except Refusal as refusal:
            return await _page(request, tx, problem_of(refusal, form, form="ask"), refusal.status)
        return redirect(request, PATH, toast=f"{link.reference} is being made.")

    @post("/{link_id:uuid}/cancellation")
    async def cancel(
        self, request: AnyRequest, link_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            link = await payments.cancel_link(tx, link_id, now=now)
        except Refusal as refusal:
            return await _page(request, tx, problem_of(refusal, {}), refusal.status)
        return redirect(request, PATH, toast=f"{link.reference} is being taken back.")

    @post("/{link_id:uuid}/reminder")
    async def remind(
        self, request: AnyRequest, link_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            link = await payments.remind(tx, link_id, now=now)
        except Refusal as refusal:
            return await _page(request, tx, problem_of(refusal, {}), refusal.status)
        return redirect(request, PATH, toast=f"{link.customer.name} is reminded.")


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    state = read_state(request, COLUMNS, FILTERS)
    chosen, kind = state.values.get("status"), state.values.get("kind")
    found = await payments.list_links(
        tx,
        payments.LinkFilter(
            status=LinkStatus(chosen) if chosen else None,
            kind=LinkKind(kind) if kind else None,
            search=state.search or None,
        ),
        limit=state.limit,
        cursor=state.cursor,
    )
    return page(
        request,
        "console/payment_links.html",
        status=status,
        listing=listing(state, found, await views_of(tx, state, VIEWS)),
        kinds=KINDS,
        problem=problem,
    )


def _kind(form: dict[str, str]) -> LinkKind:
    if form.get("kind") not in set(LinkKind):
        raise Invalid("Choose a payment link or a QR code.", field="kind")
    return LinkKind(form["kind"])


def _hours(text: str) -> timedelta:
    return timedelta(hours=whole_of(text, field="hours", least=1, most=4_320))
