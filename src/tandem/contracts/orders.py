"""What orders tells the rest of the suite, and the order as other services see it. Data only."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.kernel.events import Event

PaymentMethod = Literal["prepaid", "cod"]


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold: nothing the catalogue does later changes it.

    Minor units throughout. `taxable_minor` is after discount and without tax; `total_minor` is
    what the buyer pays for the line: taxable + cgst + sgst + igst + cess. `tax_rate` is a
    percentage as a decimal string ("18", "0.25").
    """

    field_rules: ClassVar[Mapping[str, str]] = {
        "unit_price_minor": "order.total_minor",
        "discount_minor": "order.total_minor",
        "taxable_minor": "order.total_minor",
        "cgst_minor": "order.total_minor",
        "sgst_minor": "order.total_minor",
        "igst_minor": "order.total_minor",
        "cess_minor": "order.total_minor",
        "total_minor": "order.total_minor",
    }

    id: UUID
    line_no: int
    variant_id: UUID
    sku: str
    title: str
    hsn: str
    unit: str
    quantity: int
    unit_price_minor: int
    price_includes_tax: bool
    discount_minor: int
    taxable_minor: int
    tax_class: str
    tax_rate: str
    cgst_minor: int
    sgst_minor: int
    igst_minor: int
    cess_minor: int
    total_minor: int
    weight_grams: int
    quantity_shipped: int = 0
    quantity_delivered: int = 0
    quantity_returned: int = 0
    quantity_cancelled: int = 0


class OrderSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One order, whole. Flows hand it to services that may not read orders' tables.

    `total_minor` is taxable + tax + `round_off_minor`, which is not zero only where the company
    rounds its documents to whole rupees.
    """

    resource: ClassVar[str] = "order"
    field_rules: ClassVar[Mapping[str, str]] = {
        "discount_minor": "total_minor",
        "taxable_minor": "total_minor",
        "tax_minor": "total_minor",
        "round_off_minor": "total_minor",
        "refunded_minor": "paid_minor",
        "authorized_minor": "paid_minor",
    }

    id: UUID
    number: str
    public_token: str
    customer_id: UUID
    customer_name: str
    customer_email: str | None
    customer_phone: str | None
    customer_gstin: str | None
    channel: str
    currency: str
    payment_method: PaymentMethod
    status: str
    payment_status: str
    fulfilment_status: str
    is_on_hold: bool
    ship_to: Address
    bill_to: Address
    place_of_supply: str
    lines: list[OrderLine]
    discount_minor: int
    taxable_minor: int
    tax_minor: int
    total_minor: int
    paid_minor: int
    refunded_minor: int
    placed_at: datetime
    expires_at: datetime | None
    promised_on: date | None
    note: str
    version: int
    authorized_minor: int = 0
    hold_reason: str = ""
    owner_id: UUID | None = None
    team_id: UUID | None = None
    territory_id: UUID | None = None
    is_sez: bool = False
    round_off_minor: int = 0


class OrderEvent(Event, frozen=True, kw_only=True):
    resource: ClassVar[str] = "order"
    field_rules: ClassVar[Mapping[str, str]] = {
        "state_code": "ship_to",
        "tax_minor": "total_minor",
        "discount_minor": "total_minor",
    }

    order_id: UUID
    number: str

    def key(self) -> str:
        return str(self.order_id)


class SoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold, for whoever counts. Minor units; `line_no` begins with 1."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "taxable_minor": "order.total_minor",
        "total_minor": "order.total_minor",
    }

    line_no: int
    variant_id: UUID
    sku: str
    quantity: int
    taxable_minor: int
    total_minor: int


class OrderPlaced(OrderEvent, frozen=True, kw_only=True):
    """From `channel` on what events of before may lack. `state_code` is where the goods go."""

    topic: ClassVar[str] = "orders.placed.v1"
    customer_id: UUID
    payment_method: PaymentMethod
    currency: str
    total_minor: int
    promised_on: date | None
    expires_at: datetime | None
    channel: str = ""
    state_code: str = ""
    tax_minor: int = 0
    discount_minor: int = 0
    lines: list[SoldLine] = msgspec.field(default_factory=list)


class OrderConfirmed(OrderEvent, frozen=True, kw_only=True):
    """Paid in full, or cash on delivery: from here the goods may move."""

    topic: ClassVar[str] = "orders.confirmed.v1"
    payment_method: PaymentMethod
    total_minor: int


class OrderExpired(OrderEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "orders.expired.v1"


class OrderCancelled(OrderEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "orders.cancelled.v1"
    reason: str


class OrderChanged(OrderEvent, frozen=True, kw_only=True):
    """A visible change that is no milestone: hold, note, lifecycle or derived status."""

    topic: ClassVar[str] = "orders.changed.v1"
    what: str
    status: str
    payment_status: str
    fulfilment_status: str


class OrderCompleted(OrderEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "orders.completed.v1"
