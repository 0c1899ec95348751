"""How the order that a deal became fares: told to the deal as it happens, and read for its page."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tandem.contracts.invoicing import InvoiceIssued
from tandem.contracts.orders import (
    OrderCancelled,
    OrderChanged,
    OrderCompleted,
    OrderConfirmed,
    OrderExpired,
    OrderSnapshot,
)
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import OVER, Opportunity
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders


class Mark(StrEnum):
    DONE = "done"
    NOW = "now"
    LATER = "later"
    STOPPED = "stopped"


class Step(NamedTuple):
    """One thing that happens to an order; `detail` in words, `href` where to see it."""

    name: str
    mark: Mark
    detail: str = ""
    href: str = ""


class Progress(NamedTuple):
    order: OrderSnapshot
    steps: list[Step]

    @property
    def is_over(self) -> bool:
        return self.order.status in OVER


@subscribe(OrderConfirmed, "sales.order_confirmed")
async def tell_confirmed(tx: Tx, event: OrderConfirmed, now: datetime) -> None:
    await sales.note_order(tx, event.order_id, status="confirmed")


@subscribe(OrderChanged, "sales.order_changed")
async def tell_changed(tx: Tx, event: OrderChanged, now: datetime) -> None:
    await sales.note_order(tx, event.order_id, status=event.status)


@subscribe(OrderCancelled, "sales.order_cancelled")
async def tell_cancelled(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    await sales.note_order(tx, event.order_id, status="cancelled")


@subscribe(OrderExpired, "sales.order_expired")
async def tell_expired(tx: Tx, event: OrderExpired, now: datetime) -> None:
    await sales.note_order(tx, event.order_id, status="expired")


@subscribe(OrderCompleted, "sales.order_completed")
async def tell_completed(tx: Tx, event: OrderCompleted, now: datetime) -> None:
    await sales.note_order(tx, event.order_id, status="completed")


@subscribe(InvoiceIssued, "sales.order_invoiced")
async def tell_invoiced(tx: Tx, event: InvoiceIssued, now: datetime) -> None:
    await sales.note_order(tx, event.order_id, status=None)


async def progress(tx: Tx, deal: Opportunity) -> Progress | None:
    """The deal's order from stock to door, for whoever sees the deal."""
    if deal.order_id is None:
        return None
    trusted = tx.with_all_grants()
    order = await orders.get_order(trusted, deal.order_id)
    invoice = await invoicing.find_for_order(trusted, order.id)
    steps = [
        Step("Ordered", Mark.DONE, order.number, f"/orders/{order.id}"),
        _reserved(order),
        _paid(order),
        Step("Invoiced", Mark.DONE, invoice.number, f"/invoices/{invoice.id}")
        if invoice
        else Step("Invoiced", _next(order)),
        _moved("Shipped", order, {"shipped", "partially_delivered", "delivered"}),
        _moved("Delivered", order, {"delivered"}),
    ]
    return Progress(order, steps)


def _reserved(order: OrderSnapshot) -> Step:
    if order.status in OVER:
        return Step("Stock held", Mark.STOPPED, f"let go: the order is {order.status}")
    return Step("Stock held", Mark.DONE)


def _paid(order: OrderSnapshot) -> Step:
    if order.payment_status in {"refunded", "voided"}:
        return Step("Paid", Mark.STOPPED, "given back")
    if order.total_minor <= order.paid_minor:
        return Step("Paid", Mark.DONE)
    if order.status in OVER:
        return Step("Paid", Mark.STOPPED, "not paid")
    if order.payment_method == "cod":
        return Step("Paid", Mark.LATER, "cash on delivery")
    return Step("Paid", Mark.NOW, "waiting for the buyer")


def _moved(name: str, order: OrderSnapshot, done: set[str]) -> Step:
    if order.fulfilment_status in done:
        return Step(name, Mark.DONE)
    if order.fulfilment_status == f"partially_{name.lower()}":
        return Step(name, Mark.NOW, "a part of it")
    return Step(name, _next(order))


def _next(order: OrderSnapshot) -> Mark:
    return Mark.STOPPED if order.status in OVER else Mark.LATER
