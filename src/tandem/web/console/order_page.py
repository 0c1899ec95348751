"""One order: everything about it on a page, and what may be done to it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.contracts.orders import OrderSnapshot
from tandem.flows import cancel_order
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.inventory import service as inventory
from tandem.scm.inventory.domain import Location, Reservation
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.domain.documents import InvoiceHead
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.axes import has_shipped
from tandem.scm.orders.domain.lifecycle import ENDED, Status, allowed_from
from tandem.scm.orders.domain.story import Moment
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Payment, Refund
from tandem.scm.payments.service.reading import Filter as PaymentFilter
from tandem.web.console.forms import NO_PROBLEM, Problem, minor_of, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
MOMENTS_MAX = 200
Doing = Callable[[dict[str, str]], Awaitable[str]]


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows; parts the actor may not see are empty."""

    order: OrderSnapshot
    moments: Sequence[Moment]
    reservations: Sequence[Reservation]
    locations: dict[UUID, Location]
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    invoices: Sequence[InvoiceHead]

    @property
    def refundable_minor(self) -> int:
        return sum(paid.captured_minor - paid.refunded_minor for paid in self.payments)

    @property
    def is_ended(self) -> bool:
        return self.order.status in ENDED

    @property
    def is_cancellable(self) -> bool:
        allowed = allowed_from(Status(self.order.status), has_shipped=has_shipped(self.order.lines))
        return Status.CANCELLED in allowed


class OrderPage(Controller):
    path = "/orders/{order_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await _page(request, tx, order_id)

    @post("/hold")
    async def hold(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            reason = form.get("reason", "")[:200] or "No reason given"
            order = await orders.hold(tx, order_id, reason=reason, now=now)
            return f"{order.number} is on hold."

        return await _act(request, tx, order_id, "hold", do)

    @post("/release")
    async def release(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(_: dict[str, str]) -> str:
            order = await orders.release_hold(tx, order_id, now=now)
            return f"{order.number} goes on."

        return await _act(request, tx, order_id, "", do)

    @post("/note")
    async def note(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            before = await orders.lock_order(tx, order_id)
            order = await orders.annotate(tx, before, note=form.get("note", "")[:2000], now=now)
            return f"The note on {order.number} is saved."

        return await _act(request, tx, order_id, "note", do)

    @post("/cancellation")
    async def cancel(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            reason = form.get("reason", "")[:200] or "No reason given"
            order = await cancel_order.cancel_order(tx, order_id, reason=reason, now=now)
            return f"{order.number} is cancelled."

        return await _act(request, tx, order_id, "cancel", do)

    @post("/refund")
    async def refund(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            return await _refund(tx, order_id, form, now)

        return await _act(request, tx, order_id, "refund", do)


async def _refund(tx: Tx, order_id: UUID, form: dict[str, str], now: datetime) -> str:
    amount = form.get("amount_minor", "")
    order = await orders.read_order(tx, order_id)
    await payments.refund(
        tx,
        order_id=order_id,
        amount_minor=minor_of(amount, field="amount_minor") if amount else None,
        reason=form.get("reason", "")[:200] or "requested_by_customer",
        now=now,
    )
    return f"The refund for {order.number} is on its way."


async def _act(
    request: AnyRequest, tx: Tx, order_id: UUID, form_name: str, do: Doing
) -> Response[Any]:
    """Do it and say so on the page; or show the page again with the reason why not."""
    form = await read_form(request)
    try:
        said = await do(form)
    except Refusal as refusal:
        problem = problem_of(refusal, form, form=form_name)
        return await _page(request, tx, order_id, problem=problem, status=refusal.status)
    return redirect(request, f"/orders/{order_id}", toast=said)


async def _page(
    request: AnyRequest,
    tx: Tx,
    order_id: UUID,
    *,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    sight = await look(tx, order_id)
    base_url = request.app.state.settings.base_url
    return page(
        request,
        "console/order.html",
        status=status,
        sight=sight,
        order=sight.order,
        problem=problem,
        pay_link=f"{base_url}/pay/{sight.order.public_token}",
        track_link=f"{base_url}/track/{sight.order.public_token}",
    )


async def look(tx: Tx, order_id: UUID) -> Sight:
    """Ask every service for its part, those that the actor may see."""
    order = await orders.read_order(tx, order_id)
    story = await orders.read_timeline(tx, order_id, limit=MOMENTS_MAX)
    may = tx.actor.may
    reservations: list[Reservation] = []
    locations: dict[UUID, Location] = {}
    if may("inventory.read"):
        reservations = await inventory.reservations_of(tx, order_id)
        locations = {place.id: place for place in await inventory.list_locations(tx)}
    paid: list[Payment] = []
    refunds: list[Refund] = []
    if may("payments.read"):
        wanted = PaymentFilter(order_id=order_id)
        paid = (await payments.list_payments(tx, wanted, limit=50, cursor=None)).items
        refunds = await payments.list_refunds(tx, order_id=order_id)
    invoices = await invoicing.list_for_order(tx, order_id) if may("invoicing.read") else []
    return Sight(
        order=order,
        moments=story.items[::-1],
        reservations=reservations,
        locations=locations,
        payments=paid,
        refunds=refunds,
        invoices=invoices,
    )
