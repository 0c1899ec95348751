"""What the buyer's pay page shows, and the moment it is in."""

from datetime import datetime
from enum import StrEnum

import msgspec

from tandem.contracts.orders import OrderSnapshot
from tandem.scm.payments.domain.intents import Intent, IntentStatus
from tandem.scm.payments.domain.payments import Mode, Payment, Standing
from tandem.scm.payments.domain.statuses import Status

ITEMS_SHOWN = 20


class PayState(StrEnum):
    """`preparing`: the gateway order is being made, ask again in a second. `processing`: the buyer
    came back from the gateway and its word is on the way."""

    PREPARING = "preparing"
    PAYABLE = "payable"
    PROCESSING = "processing"
    PAID = "paid"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNAVAILABLE = "unavailable"


class PayItem(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    quantity: int
    total_minor: int


class Prefill(msgspec.Struct, frozen=True, kw_only=True):
    """Names as Razorpay's checkout options have them."""

    name: str
    email: str | None
    contact: str | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What an intent keeps of its order for the pay page. The first lines, and how many more."""

    items: list[PayItem]
    items_more: int
    prefill: Prefill
    public_token: str


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What checkout.js is opened with. There while the page is payable."""

    provider: str
    script_url: str
    key_id: str
    provider_order_id: str
    amount_minor: int
    currency: str
    description: str
    prefill: Prefill
    return_url: str


class PayPage(msgspec.Struct, frozen=True, kw_only=True):
    """`last_error` is the last failed attempt's reason in the gateway's plain words."""

    state: PayState
    order_number: str
    amount_minor: int
    currency: str
    items: list[PayItem]
    items_more: int
    mode: Mode | None
    expires_at: datetime | None
    last_error: str
    checkout: Checkout | None


def summary_of(order: OrderSnapshot) -> Summary:
    items = [
        PayItem(title=line.title, quantity=line.quantity, total_minor=line.total_minor)
        for line in order.lines[:ITEMS_SHOWN]
    ]
    return Summary(
        items=items,
        items_more=len(order.lines) - len(items),
        prefill=Prefill(
            name=order.customer_name, email=order.customer_email, contact=order.customer_phone
        ),
        public_token=order.public_token,
    )


def pay_state(intent: Intent, payment: Payment | None, now: datetime) -> PayState:
    """`payment` is the furthest one of the order that is not a misfit, if any."""
    if payment is not None and payment.standing is not Standing.MISFIT:
        match payment.status:
            case Status.REFUNDED | Status.AUTO_REFUNDED:
                return PayState.REFUNDED
            case Status.CAPTURED | Status.PARTIALLY_REFUNDED:
                return PayState.PAID
            case Status.AUTHORIZED:
                return PayState.PROCESSING
    match intent.status:
        case IntentStatus.PAID:
            return PayState.PAID
        case IntentStatus.CLOSED:
            is_expired = intent.close_reason == "expired"
            return PayState.EXPIRED if is_expired else PayState.CANCELLED
        case IntentStatus.REFUSED | IntentStatus.SUPERSEDED:
            return PayState.UNAVAILABLE
        case IntentStatus.REQUESTED | IntentStatus.OPENING:
            return PayState.PREPARING
    if intent.expires_at is not None and now >= intent.expires_at:
        return PayState.EXPIRED
    return PayState.PAYABLE
