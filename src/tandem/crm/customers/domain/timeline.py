"""The timeline: one line for whatever happened with a customer, in any service, once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """`needs` is the permission without which nobody sees the line. `kept_by` says of its facts
    which field rule (`payment.amount_minor`) keeps them back."""

    title: str
    needs: str
    service: str
    kept_by: Mapping[str, frozenset[str]]


def _kind(title: str, service: str, **kept_by: str) -> Kind:
    rules = {name: frozenset(rule.split()) for name, rule in kept_by.items()}
    return Kind(title=title, needs=f"{service}.read", service=service, kept_by=rules)


KINDS: Mapping[str, Kind] = {
    "order_placed": _kind("Order placed", "orders", amount_minor="order.total_minor"),
    "order_confirmed": _kind("Order confirmed", "orders"),
    "order_completed": _kind("Order completed", "orders"),
    "order_cancelled": _kind("Order cancelled", "orders"),
    "order_expired": _kind("Order expired unpaid", "orders"),
    "payment_captured": _kind(
        "Paid", "payments", amount_minor="payment.amount_minor delivery.cash_minor"
    ),
    "payment_failed": _kind("A payment failed", "payments", detail="payment.error"),
    "refund_processed": _kind("Refunded", "payments", amount_minor="payment.amount_minor"),
    "invoice_issued": _kind("Invoice issued", "invoicing", amount_minor="invoice.total_minor"),
    "credit_note_issued": _kind(
        "Credit note issued", "invoicing", amount_minor="invoice.total_minor"
    ),
    "shipment_ready": _kind("Parcel packed", "shipping"),
    "delivery_moved": _kind("Delivery", "delivery"),
    "message_sent": _kind("Message sent", "notifications"),
    "message_failed": _kind("A message did not arrive", "notifications"),
    "complaint_opened": _kind("Complaint opened", "support"),
    "complaint_moved": _kind("Complaint", "support"),
    "complaint_rated": _kind("Complaint rated", "support"),
    "added": _kind("Customer added", "customers"),
    "merged": _kind("Merged", "customers"),
    "merge_undone": _kind("Merge undone", "customers"),
    "imported": _kind("Imported", "customers"),
    "consent_given": _kind("Consent given", "customers"),
    "consent_withdrawn": _kind("Consent withdrawn", "customers"),
    "segment_entered": _kind("Entered a segment", "customers"),
    "segment_left": _kind("Left a segment", "customers"),
    "lead_converted": _kind("Lead converted", "sales"),
    "deal_opened": _kind("Deal opened", "sales"),
    "deal_won": _kind("Deal won", "sales", amount_minor="opportunity.amount_minor"),
    "deal_lost": _kind("Deal lost", "sales"),
    "quote_sent": _kind("Quote sent", "sales", amount_minor="quote.total_minor"),
    "quote_accepted": _kind("Quote accepted", "sales", amount_minor="quote.total_minor"),
    "quote_declined": _kind("Quote declined", "sales"),
    "campaign_opened": _kind("Opened a campaign", "marketing"),
    "campaign_clicked": _kind("Clicked in a campaign", "marketing"),
    "form_filled": _kind("Filled a form", "sales"),
    "page_visited": _kind("Visited a page", "marketing"),
}


class NewActivity(msgspec.Struct, frozen=True, kw_only=True):
    """`dedupe` names the thing itself: told again, it is not written again.

    With an order alone, the customer follows once the order is known.
    """

    kind: str
    dedupe: str
    occurred_at: datetime
    customer_id: UUID | None = None
    order_id: UUID | None = None
    actor_label: str = ""
    facts: dict[str, Any] = {}


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: str
    occurred_at: datetime
    order_id: UUID | None
    actor_label: str
    facts: dict[str, Any]

    @property
    def title(self) -> str:
        """In words, with the number of the thing where there is one."""
        said = KINDS[self.kind].title if self.kind in KINDS else self.kind.replace("_", " ")
        number = self.facts.get("number", "")
        status = str(self.facts.get("status", "")).replace("_", " ")
        return " ".join(part for part in (said, number, status) if part)

    @property
    def service(self) -> str:
        return KINDS[self.kind].service if self.kind in KINDS else "customers"


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    resource: ClassVar[str] = "order"
    field_rules: ClassVar[Mapping[str, str]] = {"refunded_minor": "paid_minor"}

    order_id: UUID
    number: str
    placed_at: datetime
    status: str
    total_minor: int
    currency: str
    paid_minor: int
    refunded_minor: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that were not cancelled or left unpaid; money that came in, less what went back."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "ordered_minor": "order.total_minor",
        "paid_minor": "order.paid_minor",
        "refunded_minor": "order.paid_minor",
    }

    orders: int = 0
    cancelled: int = 0
    ordered_minor: int = 0
    paid_minor: int = 0
    refunded_minor: int = 0
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None


def open_to(activity: Activity, hidden: frozenset[str]) -> Activity:
    """Without the facts that the reader's field rules keep back."""
    kept_by = KINDS[activity.kind].kept_by if activity.kind in KINDS else {}
    facts = {
        name: value
        for name, value in activity.facts.items()
        if hidden.isdisjoint(kept_by.get(name, ()))
    }
    return msgspec.structs.replace(activity, facts=facts)


def visible_kinds(may: Callable[[str], bool]) -> list[str]:
    """The kinds whose permission `may` grants."""
    return [name for name, kind in KINDS.items() if may(kind.needs)]
