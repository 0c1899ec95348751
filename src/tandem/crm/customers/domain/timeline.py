"""The timeline: one line for whatever happened with a customer, in any service, once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """`needs` is the permission without which nobody sees the line."""

    title: str
    needs: str
    service: str


def _kind(title: str, service: str) -> Kind:
    return Kind(title=title, needs=f"{service}.read", service=service)


KINDS: Mapping[str, Kind] = {
    "order_placed": _kind("Order placed", "orders"),
    "order_confirmed": _kind("Order confirmed", "orders"),
    "order_completed": _kind("Order completed", "orders"),
    "order_cancelled": _kind("Order cancelled", "orders"),
    "order_expired": _kind("Order expired unpaid", "orders"),
    "payment_captured": _kind("Paid", "payments"),
    "payment_failed": _kind("A payment failed", "payments"),
    "refund_processed": _kind("Refunded", "payments"),
    "invoice_issued": _kind("Invoice issued", "invoicing"),
    "credit_note_issued": _kind("Credit note issued", "invoicing"),
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
    "deal_won": _kind("Deal won", "sales"),
    "deal_lost": _kind("Deal lost", "sales"),
    "quote_sent": _kind("Quote sent", "sales"),
    "quote_accepted": _kind("Quote accepted", "sales"),
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

    orders: int = 0
    cancelled: int = 0
    ordered_minor: int = 0
    paid_minor: int = 0
    refunded_minor: int = 0
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None


def visible_kinds(may: Callable[[str], bool]) -> list[str]:
    """The kinds whose permission `may` grants."""
    return [name for name, kind in KINDS.items() if may(kind.needs)]
