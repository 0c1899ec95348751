"""An order's events as people read them: one title each, whichever service told of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from babel.dates import format_date
from babel.numbers import format_currency

from tandem.kernel.history import Happening
from tandem.kernel.money import Money

Payload = Mapping[str, Any]
LOCALE = "en_IN"
METHODS = {"upi": "UPI", "netbanking": "net banking", "emi": "EMI"}
CHANNELS = {"email": "e-mail", "sms": "SMS", "whatsapp": "WhatsApp"}


ServiceName = Literal[
    "orders", "payments", "inventory", "invoicing", "shipping", "delivery", "support",
    "notifications",
]  # fmt: skip
"""Who tells of an order."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the story. `service` is who told it, `topic` and `data` are for programs."""

    seq: int
    occurred_at: datetime
    service: str
    topic: str
    title: str
    detail: str
    actor: str
    data: dict[str, Any]


def tell(happened: Happening) -> Moment:
    service, name = happened.topic.split(".", 2)[:2]
    title, detail = TITLES.get(f"{service}.{name}", _plain(name))(_Known(happened.payload))
    return Moment(
        seq=happened.seq,
        occurred_at=happened.occurred_at,
        service=service,
        topic=happened.topic,
        title=title,
        detail=detail,
        actor=happened.actor_label,
        data=happened.payload,
    )


class _Known(dict[str, Any]):
    """What is kept back from the reader prints as a dash."""

    def __missing__(self, _: str) -> str:
        return "–"


Telling = Callable[[Payload], tuple[str, str]]


def _plain(name: str) -> Telling:
    words = name.replace("_", " ").capitalize()
    return lambda _: (words, "")


def money(payload: Payload, name: str = "amount_minor") -> str:
    if name not in payload:
        return "–"
    sum_ = Money(minor=int(payload[name]), currency=payload.get("currency", "INR"))
    return str(format_currency(Decimal(sum_.major()), sum_.currency, locale=LOCALE))


def _day(text: str | None) -> str:
    if not text:
        return ""
    return format_date(datetime.fromisoformat(text).date(), "EEE d MMM", locale=LOCALE)


def _words(text: str) -> str:
    return text.replace("_", " ")


def _placed(p: Payload) -> tuple[str, str]:
    promise = f", promised for {_day(p['promised_on'])}" if p.get("promised_on") else ""
    how = "cash on delivery" if p["payment_method"] == "cod" else "to be paid online"
    return f"Order {p['number']} placed", f"{money(p, 'total_minor')}, {how}{promise}"


def _confirmed(p: Payload) -> tuple[str, str]:
    return (
        "Order confirmed",
        "To be paid on delivery" if p["payment_method"] == "cod" else "Paid in full",
    )


def _order_changed(p: Payload) -> tuple[str, str]:
    what = str(p["what"])
    if what.startswith("held: "):
        return "Put on hold", what.removeprefix("held: ")
    titles = {
        "drafted": "Draft saved",
        "held": "Put on hold",
        "released": "Taken off hold",
        "noted": "Note changed",
        "processing": "Being prepared",
        "shipped": "Goods have left",
        "delivered": "Everything delivered",
    }
    return titles.get(what, _words(what).capitalize()), ""


def _reserved(p: Payload) -> tuple[str, str]:
    return "Stock reserved", "Held until it is paid or expires" if p.get("held_until") else ""


def _status(p: Payload, subject: str) -> tuple[str, str]:
    return f"{subject} {_words(str(p['status']))}", str(p.get("reason") or p.get("number") or "")


_SAID: Mapping[str, str] = {
    "buyer": "the customer wrote",
    "staff": "we wrote",
    "jira": "written in Jira",
    "rule": "noted by a rule",
}

TITLES: Mapping[str, Telling] = {
    "orders.placed": _placed,
    "orders.confirmed": _confirmed,
    "orders.expired": lambda _: ("Order expired", "It was not paid in time"),
    "orders.cancelled": lambda p: ("Order cancelled", str(p["reason"])),
    "orders.changed": _order_changed,
    "orders.completed": lambda _: ("Order completed", ""),
    "inventory.stock_reserved": _reserved,
    "inventory.stock_released": lambda p: ("Stock released", _words(str(p["reason"]))),
    "inventory.stock_committed": lambda _: ("Stock left the warehouse", ""),
    "payments.requested": lambda p: ("Payment link ready", money(p)),
    "payments.authorized": lambda p: ("Payment authorised", money(p)),
    "payments.captured": lambda p: (
        "Payment received",
        f"{money(p)} by {METHODS.get(str(p['method']), p['method']) or 'gateway'}",
    ),
    "payments.failed": lambda p: ("Payment failed", str(p["reason"])),
    "payments.exception_raised": lambda p: ("Payment needs attention", str(p["detail"])),
    "payments.refund_requested": lambda p: ("Refund requested", f"{money(p)}: {p['reason']}"),
    "payments.refund_processed": lambda p: ("Refund paid out", money(p)),
    "payments.surplus_refunded": lambda p: ("Surplus paid back", money(p)),
    "payments.late_payment_arrived": lambda p: (
        f"Paid too late, order {p['outcome']}",
        money(p),
    ),
    "payments.settlement_exception_raised": lambda p: (
        "Settlement needs attention",
        str(p["detail"]),
    ),
    "payments.dispute_opened": lambda p: (
        "Payment disputed",
        f"{money(p)}: {_words(str(p['reason']))}",
    ),
    "payments.dispute_changed": lambda p: ("Dispute " + _words(str(p["status"])), ""),
    "payments.dispute_answered": lambda p: (
        "Dispute contested" if p["answer"] == "contest" else "Dispute accepted",
        money(p),
    ),
    "payments.dispute_decided": lambda p: (
        f"Dispute {_words(str(p['outcome']))}",
        f"{money(p, 'deducted_minor')} taken back" if p["outcome"] == "lost" else money(p),
    ),
    "payments.link_ready": lambda p: (
        "UPI QR code ready" if p["kind"] == "upi_qr" else "Payment link sent",
        money(p),
    ),
    "payments.link_closed": lambda p: ("Payment link closed", _words(str(p["outcome"]))),
    "payments.refund_failed": lambda p: ("Refund failed", str(p["reason"])),
    "invoicing.invoice_issued": lambda p: (
        f"Invoice {p['number']} issued",
        money(p, "total_minor"),
    ),
    "invoicing.credit_note_issued": lambda p: (
        f"Credit note {p['number']} issued",
        f"{money(p, 'total_minor')} on invoice {p['original_number']}",
    ),
    "shipping.shipment_created": lambda p: (
        f"Shipment {p['number']} created",
        _words(str(p["carrier"])).capitalize(),
    ),
    "shipping.shipment_ready": lambda p: (f"Shipment {p['number']} packed and labelled", ""),
    "shipping.status_changed": lambda p: _status(p, "Shipment"),
    "shipping.cash_to_collect_lowered": lambda p: (
        "Less to collect at the door",
        f"{money(p, 'cod_minor')} left with shipment {p['number']}",
    ),
    "shipping.shipment_cancelled": lambda p: (
        f"Shipment {p['number']} cancelled",
        str(p["reason"]),
    ),
    "shipping.promise_revised": lambda p: (
        f"New delivery date: {_day(p['current_on'])}",
        f"First promised for {_day(p['first_on'])}: {p['cause']}",
    ),
    "shipping.reattempt_requested": lambda p: (
        f"Attempt {p['attempt']} asked for on {_day(p['on'])}",
        _words(str(p["reason"])).capitalize(),
    ),
    "delivery.created": lambda _: ("Waiting for a driver", ""),
    "delivery.assigned": lambda p: (f"Driver assigned: {p['driver_name']}", str(p["vehicle"])),
    "delivery.status_changed": lambda p: _status(p, "Delivery"),
    "delivery.cash_collected": lambda p: ("Cash collected at the door", money(p)),
    "delivery.door_code_requested": lambda _: ("Door code sent to the buyer", ""),
    "notifications.message_sent": lambda p: (
        f"Message sent: {_words(str(p['template']))}",
        f"by {CHANNELS.get(str(p['channel']), p['channel'])}",
    ),
    "notifications.message_failed": lambda p: (
        f"{_words(str(p['template'])).capitalize()} could not be sent",
        str(p["reason"]),
    ),
    "support.complaint_opened": lambda p: (
        f"Complaint {p['number']} opened",
        _words(str(p["category"])).capitalize(),
    ),
    "support.message_added": lambda p: (
        f"Complaint {p['number']}: {_SAID.get(str(p['origin']), 'written')}",
        "to the customer" if (p["visibility"], p["origin"]) == ("public", "staff") else "",
    ),
    "support.file_added": lambda p: (f"Complaint {p['number']}: file attached", ""),
    "support.status_changed": lambda p: (
        f"Complaint {p['number']} {_words(str(p['after']))}",
        "",
    ),
    "support.assigned": lambda p: (f"Complaint {p['number']} given away", _words(str(p["queue"]))),
    "support.clock_breached": lambda p: (
        f"Complaint {p['number']} is late",
        "first answer" if p["clock"] == "response" else "resolution",
    ),
    "support.complaint_rated": lambda p: (
        f"Complaint {p['number']} rated {p['rating']} of 5",
        "",
    ),
}
