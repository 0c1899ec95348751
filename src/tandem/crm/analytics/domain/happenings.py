"""What can be a step of a funnel, what a cohort begins with or comes back for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, LiteralString

import msgspec

from tandem.crm.analytics.domain.catalogue import Dimension
from tandem.kernel.errors import Invalid
from tandem.kernel.patterns import whole

VERSION = 1
"""Of what all happenings mean; a meaning that changes gets a happening of its own."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=whole(r"[a-z_]+"))]
Said = Annotated[str, msgspec.Meta(max_length=60, pattern=whole(r"[^\x00-\x1f\x7f]*"))]


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """`permission` is what the records ask for that it happens with; `reach` says whose they are,
    as for datasets."""

    key: str
    label: str
    meaning: str
    permission: str
    reach: Literal["order", "customer", "opportunity", "lead", "everywhere"]


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A happening, and a rule over the dimensions that it has to fulfil. `label` is one's own."""

    event: Name
    where: dict[str, Any] | None = None
    label: Said = ""


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What a step of an answer counts."""

    event: str
    label: str
    meaning: str
    version: int = VERSION


def _orders(key: str, label: str, meaning: str, permission: str = "orders.read") -> Happening:
    return Happening(key=key, label=label, meaning=meaning, permission=permission, reach="order")


def _messages(key: str, label: str, meaning: str) -> Happening:
    return Happening(
        key=key, label=label, meaning=meaning, permission="notifications.read", reach="everywhere"
    )


def _deals(key: str, label: str, meaning: str) -> Happening:
    return Happening(
        key=key, label=label, meaning=meaning, permission="sales.read", reach="opportunity"
    )


def _leads(key: str, label: str, meaning: str) -> Happening:
    return Happening(key=key, label=label, meaning=meaning, permission="sales.read", reach="lead")


def _care(key: str, label: str, meaning: str) -> Happening:
    return Happening(
        key=key, label=label, meaning=meaning, permission="support.read", reach="everywhere"
    )


_ALL: tuple[Happening, ...] = (
    _leads("lead_captured", "Lead came", "A form, an import or a call: each time the lead came."),
    _leads("lead_qualified", "Lead qualified", "Moved into a status that means qualified."),
    _leads("lead_converted", "Lead converted", "Became a customer; not if that was undone."),
    _leads("lead_lost", "Lead lost", "Moved into a status that means lost."),
    _deals("deal_opened", "Deal opened", "A deal with a known customer began."),
    _deals("deal_stage", "Deal reached a stage", "Went into a stage; narrow it to say which."),
    _deals("deal_won", "Deal won", "A deal was won, each time anew."),
    _deals("deal_lost", "Deal lost", "A deal was lost, each time anew."),
    _orders(
        "order_placed", "Order placed",
        "An order was placed, whatever became of it; its status says what that is by now.",
    ),
    _orders("order_confirmed", "Order confirmed", "Paid in full, or cash on delivery."),
    _orders(
        "order_paid", "Money came in", "A payment was captured, or cash taken at the door.",
        "payments.read",
    ),
    _orders(
        "order_delivered", "Parcel delivered", "A shipment of an order arrived.", "shipping.read"
    ),
    _orders("order_cancelled", "Order cancelled", "An order was cancelled."),
    _orders("order_refunded", "Money went back", "A refund was made.", "payments.read"),
    _messages("message_sent", "Message sent", "A provider took a message to the person."),
    _messages("message_delivered", "Message arrived", "A provider says that it arrived."),
    _messages("message_opened", "Message opened", "Opened by a person, machines left out."),
    _messages("message_clicked", "Link clicked", "Clicked by a person, machines left out."),
    _care("complaint_opened", "Complaint opened", "The person complained."),
    _care("complaint_solved", "Complaint solved", "A complaint was solved, each time anew."),
    Happening(
        key="customer_added", label="Customer added", meaning="The person became known.",
        permission="customers.read", reach="customer",
    ),
)  # fmt: skip

HAPPENINGS: Mapping[str, Happening] = {one.key: one for one in _ALL}

DIMENSIONS: Mapping[str, Dimension] = {
    "channel": Dimension(label="Channel", sql="f.channel"),
    "source": Dimension(label="Source", sql="f.source"),
    "campaign": Dimension(label="Campaign", sql="f.campaign", refers="campaign"),
    "state": Dimension(label="State", sql="f.state_code", refers="state"),
    "stage": Dimension(label="Stage or kind", sql="f.stage"),
    "status": Dimension(label="Status", sql="f.status"),
}
"""What happenings have, each of them some: of a message `stage` is its kind, of a complaint its
category."""

KEPT_BY: Mapping[str, frozenset[str]] = {
    "channel": frozenset({"order.channel", "lead.channel", "complaint.channel", "message.channel"}),
    "source": frozenset({"lead.source", "lead.utm_source", "opportunity.source"}),
    "campaign": frozenset({"lead.utm_campaign"}),
    "state": frozenset({"order.ship_to"}),
    "stage": frozenset({"opportunity.stage", "opportunity.stage_id", "complaint.category"}),
    "status": frozenset({"order.status", "opportunity.status"}),
}
"""The fields of records that a dimension tells: from whom one is kept cannot cut by it."""

TABLE: LiteralString = "analytics.fact_moment"


def find_happening(key: str, *, field: str) -> Happening:
    found = HAPPENINGS.get(key)
    if found is None:
        raise Invalid(f"Nothing is called {key!r}; there is {', '.join(HAPPENINGS)}.", field=field)
    return found


def meant(chosen: Chosen) -> Meant:
    known = HAPPENINGS[chosen.event]
    return Meant(event=chosen.event, label=chosen.label or known.label, meaning=known.meaning)
