"""Orders and their lines."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from tandem.contracts.orders import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderExpired,
    OrderPlaced,
)
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.crm.analytics.domain.folds.story import Books, Fact, Story

_MOVES = {
    OrderConfirmed: ("confirmed", ("pending", "expired")),
    OrderExpired: ("expired", ("pending",)),
    OrderCancelled: ("cancelled", ("pending", "confirmed", "expired")),
    OrderCompleted: ("completed", ("pending", "confirmed", "expired")),
}


def orders(story: Story, books: Books) -> Iterator[Fact]:
    """Nothing is known of an order before it was placed, whatever else came first."""
    first = next(story.of(OrderPlaced), None)
    if first is None:
        return
    known, placed = first
    common = {
        "key": story.key,
        "at": known.at,
        "on_day": books.day(known.at),
        "number": placed.number,
        "customer_id": placed.customer_id,
        "channel": placed.channel,
        "status": status_of(story),
        "state_code": placed.state_code,
        "currency": placed.currency,
    }
    yield _order(story, books, placed, common)
    yield from _lines(books, placed, common)


def _order(story: Story, books: Books, placed: OrderPlaced, common: dict[str, Any]) -> Fact:
    day = common["on_day"]
    paid, refunded = _money(story)
    values = common | {
        "payment_method": placed.payment_method,
        "units": sum(line.quantity for line in placed.lines),
        "total_minor": placed.total_minor,
        "total_base": books.base(placed.total_minor, placed.currency, day),
        "tax_base": books.base(placed.tax_minor, placed.currency, day),
        "discount_base": books.base(placed.discount_minor, placed.currency, day),
        "paid_base": books.base(paid, placed.currency, day),
        "refunded_base": books.base(refunded, placed.currency, day),
    }
    return Fact("order", placed.order_id, values)


def _lines(books: Books, placed: OrderPlaced, common: dict[str, Any]) -> Iterator[Fact]:
    day = common["on_day"]
    for line in placed.lines:
        values = common | {
            "order_id": placed.order_id,
            "variant_id": line.variant_id,
            "sku": line.sku,
            "quantity": line.quantity,
            "total_base": books.base(line.total_minor, placed.currency, day),
            "taxable_base": books.base(line.taxable_minor, placed.currency, day),
        }
        yield Fact("order_line", uuid5(placed.order_id, str(line.line_no)), values)


def status_of(story: Story) -> str:
    """Moves that do not follow from where it stands change nothing."""
    status = "pending"
    for _, event in story.of(OrderConfirmed, OrderExpired, OrderCancelled, OrderCompleted):
        target, sources = _MOVES[type(event)]
        if status in sources:
            status = target
    return status


def _money(story: Story) -> tuple[int, int]:
    """Paid (also at the door) and refunded so far: what is said of the whole order only grows."""
    captured = max((event.captured_minor for _, event in story.of(PaymentCaptured)), default=0)
    refunded = max((event.refunded_minor for _, event in story.of(RefundProcessed)), default=0)
    return captured, refunded


def placed_of(story: Story) -> tuple[datetime, OrderPlaced] | None:
    first = next(story.of(OrderPlaced), None)
    return (first[0].at, first[1]) if first else None


def number_of(story: Story, order_id: UUID) -> str:
    """The order's number; nothing where its placing has not come yet."""
    found = placed_of(story)
    return found[1].number if found and found[1].order_id == order_id else ""
