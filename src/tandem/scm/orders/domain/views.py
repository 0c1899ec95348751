"""Orders as they are listed and as their buyer may see them."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderSnapshot

Sort = Literal["-placed_at", "placed_at"]


class OrderRow(msgspec.Struct, frozen=True):
    """An order in a list; its fields are the columns of `store.listing`, in their order."""

    resource: ClassVar[str] = "order"

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    channel: str
    currency: str
    payment_method: str
    status: str
    payment_status: str
    fulfilment_status: str
    is_on_hold: bool
    total_minor: int
    placed_at: datetime
    promised_on: date | None
    version: int


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of orders is narrowed to; None means any."""

    status: str | None = None
    payment_status: str | None = None
    fulfilment_status: str | None = None
    channel: str | None = None
    customer_id: UUID | None = None
    placed_from: datetime | None = None
    placed_before: datetime | None = None
    is_on_hold: bool | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search for words came to: a number's beginning, customers, orders by reference."""

    number_prefix: str
    customer_ids: list[UUID]
    order_ids: list[UUID]


class PublicLine(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    title: str
    quantity: int
    total_minor: int


class PublicOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever holds an order's link may see: no name, no street, no telephone, no e-mail."""

    number: str
    status: str
    payment_status: str
    fulfilment_status: str
    payment_method: str
    currency: str
    lines: list[PublicLine]
    discount_minor: int
    tax_minor: int
    total_minor: int
    due_minor: int
    placed_at: datetime
    expires_at: datetime | None
    promised_on: date | None
    ship_to_city: str
    ship_to_postal_code: str


def public_view(order: OrderSnapshot) -> PublicOrder:
    is_open = order.status == "pending_payment"
    return PublicOrder(
        number=order.number,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        payment_method=order.payment_method,
        currency=order.currency,
        lines=[
            PublicLine(
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                total_minor=line.total_minor,
            )
            for line in order.lines
        ],
        discount_minor=order.discount_minor,
        tax_minor=order.tax_minor,
        total_minor=order.total_minor,
        due_minor=max(order.total_minor - order.paid_minor, 0) if is_open else 0,
        placed_at=order.placed_at,
        expires_at=order.expires_at,
        promised_on=order.promised_on,
        ship_to_city=order.ship_to.city,
        ship_to_postal_code=order.ship_to.postal_code,
    )
