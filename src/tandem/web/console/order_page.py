"""One order: everything about it on a page, and what may be done to it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.contracts.orders import OrderSnapshot
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.service import following
from tandem.flows import cancel_order, notes
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.delivery import service as delivery_service
from tandem.scm.delivery.domain.fleet import Driver
from tandem.scm.delivery.domain.statuses import Status as DeliveryStatus
from tandem.scm.delivery.service import Whole
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
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.domain.statuses import Status as ShipmentStatus
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Complaint
from tandem.web.console import order_shipping
from tandem.web.console.forms import NO_PROBLEM, Problem, minor_of, problem_of, read_form
from tandem.web.console.order_shipping import Left, left_to_ship
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
MOMENTS_MAX = 200
DELIVERIES_MAX = 10
NOTE_MAX = 2000
TOLD_BY: Mapping[str, str] = {
    "": "All", "orders": "Order", "payments": "Money", "inventory": "Stock", "shipping": "Shipping",
    "delivery": "Delivery", "invoicing": "Invoices", "support": "Complaints",
    "notifications": "Messages",
}  # fmt: skip
"""What the timeline may be narrowed to."""
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
    shipments: Sequence[Shipment]
    deliveries: Sequence[Whole]
    drivers: Sequence[Driver]
    messages: Sequence[Message]
    complaints: Sequence[Complaint]

    @property
    def left(self) -> list[Left]:
        return left_to_ship(self.order, self.shipments)

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
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _page(request, tx, order_id, now)

    @post("/hold")
    async def hold(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            reason = form.get("reason", "")[:200] or "No reason given"
            order = await orders.hold(tx, order_id, reason=reason, now=now)
            return f"{order.number} is on hold."

        return await _act(request, tx, order_id, now, "hold", do)

    @post("/release")
    async def release(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(_: dict[str, str]) -> str:
            order = await orders.release_hold(tx, order_id, now=now)
            return f"{order.number} goes on."

        return await _act(request, tx, order_id, now, "", do)

    @post("/note")
    async def note(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            before = await orders.lock_order(tx, order_id)
            note = form.get("note", "")
            if len(note) > NOTE_MAX:
                raise Invalid(f"A note has {NOTE_MAX:,} characters at most.", field="note")
            order = await orders.annotate(tx, before, note=note, now=now)
            return f"The note on {order.number} is saved."

        return await _act(request, tx, order_id, now, "note", do)

    @post("/cancellation")
    async def cancel(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            reason = form.get("reason", "")[:200] or "No reason given"
            order = await cancel_order.cancel_order(tx, order_id, reason=reason, now=now)
            return f"{order.number} is cancelled."

        return await _act(request, tx, order_id, now, "cancel", do)

    @post("/assignment")
    async def assign(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            return await _assign(tx, form, now)

        return await _act(request, tx, order_id, now, "assign", do)

    @post("/shipments")
    async def ship(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            shipment = await order_shipping.ship(tx, order_id, form, now)
            waits = shipment.status is ShipmentStatus.LABEL_PENDING
            return f"{shipment.number} " + (
                "waits for the carrier's number."
                if waits
                else "is ready: its label can be printed."
            )

        return await _act(request, tx, order_id, now, "ship", do)

    @post("/refund")
    async def refund(
        self, request: AnyRequest, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            return await _refund(tx, order_id, form, now)

        return await _act(request, tx, order_id, now, "refund", do)


async def _assign(tx: Tx, form: dict[str, str], now: datetime) -> str:
    """To the driver chosen, or to the nearest one on shift."""
    driver = form.get("driver_id", "")
    try:
        delivery_id = UUID(form.get("delivery_id", ""))
        driver_id = UUID(driver) if driver else None
    except ValueError as reason:
        raise Invalid("Choose a driver.", field="driver_id") from reason
    done = await delivery_service.assign(tx, delivery_id, driver_id=driver_id, now=now)
    assert done.driver_id, "an assigned delivery has a driver"
    chosen = await delivery_service.get_driver(tx, done.driver_id)
    return f"{done.shipment_number} goes with {chosen.name}."


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
    request: AnyRequest, tx: Tx, order_id: UUID, now: datetime, form_name: str, do: Doing
) -> Response[Any]:
    """Do it and say so on the page; or show the page again with the reason why not."""
    form = await read_form(request)
    try:
        said = await do(form)
    except Refusal as refusal:
        problem = problem_of(refusal, form, form=form_name)
        return await _page(request, tx, order_id, now, problem=problem, status=refusal.status)
    return redirect(request, f"/orders/{order_id}", toast=said)


async def _page(
    request: AnyRequest,
    tx: Tx,
    order_id: UUID,
    now: datetime,
    *,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    asked = request.query_params.get("only", "")
    only = asked if asked and asked in TOLD_BY else None
    sight = await look(tx, order_id, only=only, now=now)
    base_url = request.app.state.settings.base_url
    return page(
        request,
        "console/order.html",
        status=status,
        sight=sight,
        order=sight.order,
        problem=problem,
        only=only or "",
        told_by=list(TOLD_BY.items()),
        carriers=list(shipping.carriers().items()),
        has_map=bool(sight.deliveries),
        kept={"notes": await notes.list_notes(tx, "order", order_id)},
        is_followed=await following.is_following(tx, "order", order_id),
        pay_link=f"{base_url}/pay/{sight.order.public_token}",
        track_link=f"{base_url}/track/{sight.order.public_token}",
    )


async def look(tx: Tx, order_id: UUID, *, only: str | None = None, now: datetime) -> Sight:
    """Ask every service for its part, those that the actor may see. The timeline may be narrowed
    to what one of them told."""
    order = await orders.read_order(tx, order_id)
    told = () if only is None else (only,)
    story = await orders.read_timeline(tx, order_id, services=told, limit=MOMENTS_MAX)
    may = tx.actor.may
    reservations, locations = await _stock(tx, order_id)
    paid, refunds = await _payments(tx, order_id)
    deliveries, drivers = await _deliveries(tx, order_id, now)
    messages: list[Message] = []
    if may("notifications.read"):
        sent = await notifications.list_messages(tx, limit=30, cursor=None, order_id=order_id)
        messages = sent.items
    return Sight(
        order=order,
        moments=story.items[::-1],
        reservations=reservations,
        locations=locations,
        payments=paid,
        refunds=refunds,
        invoices=await invoicing.list_for_order(tx, order_id) if may("invoicing.read") else [],
        shipments=await shipping.list_of_order(tx, order_id) if may("shipping.read") else [],
        deliveries=deliveries,
        drivers=drivers,
        messages=messages,
        complaints=await support.list_of_order(tx, order_id) if may("support.read") else [],
    )


async def _stock(tx: Tx, order_id: UUID) -> tuple[list[Reservation], dict[UUID, Location]]:
    if not tx.actor.may("inventory.read"):
        return [], {}
    locations = {place.id: place for place in await inventory.list_locations(tx)}
    return await inventory.reservations_of(tx, order_id), locations


async def _payments(tx: Tx, order_id: UUID) -> tuple[list[Payment], list[Refund]]:
    if not tx.actor.may("payments.read"):
        return [], []
    wanted = PaymentFilter(order_id=order_id)
    paid = await payments.list_payments(tx, wanted, limit=50, cursor=None)
    return paid.items, await payments.list_refunds(tx, order_id=order_id)


async def _deliveries(tx: Tx, order_id: UUID, now: datetime) -> tuple[list[Whole], list[Driver]]:
    """With the drivers who may be chosen while one of them waits for one."""
    if not tx.actor.may("delivery.read"):
        return [], []
    found = await delivery_service.list_of_order(tx, order_id)
    wholes = [await delivery_service.whole(tx, each.id, now=now) for each in found[:DELIVERIES_MAX]]
    if not any(DeliveryStatus.ASSIGNED in each.allowed for each in wholes):
        return wholes, []
    return wholes, (await delivery_service.list_drivers(tx, is_active=True, limit=100)).items
