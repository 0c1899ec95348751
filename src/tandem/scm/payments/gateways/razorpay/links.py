"""Razorpay's payment links and UPI QR codes.

https://razorpay.com/docs/api/payments/payment-links and https://razorpay.com/docs/api/qr-codes.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from tandem.scm.payments.domain import (
    Fact,
    GatewayLink,
    LinkKind,
    LinkNews,
    LinkStatus,
    PaymentLink,
    Source,
)
from tandem.scm.payments.gateways.razorpay.wire import (
    WirePayment,
    WirePayments,
    fact_of_payment,
    note_id,
)

PAGE = 100
CLOCKS_APART = 3600
"""Seconds by which the gateway's clock may be behind ours when codes are listed by their making."""

LINK_STATUSES = {
    "created": LinkStatus.OPEN,
    "partially_paid": LinkStatus.OPEN,
    "paid": LinkStatus.PAID,
    "expired": LinkStatus.EXPIRED,
    "cancelled": LinkStatus.CANCELLED,
}


class WireLinkPayment(msgspec.Struct, kw_only=True):
    payment_id: str


class WireLink(msgspec.Struct, kw_only=True):
    """`payments` is null or empty until somebody paid."""

    id: str
    short_url: str = ""
    status: str = "created"
    reference_id: str | None = None
    payments: list[WireLinkPayment] | None = None


class WireLinks(msgspec.Struct, kw_only=True):
    payment_links: list[WireLink]


class WireQr(msgspec.Struct, kw_only=True):
    id: str
    image_url: str = ""
    status: str = "active"
    close_reason: str | None = None
    notes: Any = None


class WireQrs(msgspec.Struct, kw_only=True):
    items: list[WireQr]


class Anything(msgspec.Struct, kw_only=True):
    """An answer whose content says nothing."""


class RazorpayLinks:
    """`call` is the client's own: method, path, the answer's type, and what is sent."""

    def __init__(self, call: Callable[..., Awaitable[Any]]) -> None:
        self._call = call

    async def open(self, link: PaymentLink, *, notes: dict[str, str]) -> GatewayLink:
        if link.kind is LinkKind.UPI_QR:
            made = await self._call("POST", "payments/qr_codes", WireQr, json=_qr(link, notes))
            return _qr_link(made)
        found = await self._call("POST", "payment_links", WireLink, json=_link(link, notes))
        return _plain_link(found)

    async def find(self, link: PaymentLink) -> GatewayLink | None:
        if link.kind is LinkKind.UPI_QR:
            since = {"count": PAGE, "from": int(link.created_at.timestamp()) - CLOCKS_APART}
            codes = await self._call("GET", "payments/qr_codes", WireQrs, params=since)
            ours = [one for one in codes.items if note_id(one.notes, "link_id") == link.id]
            return _qr_link(ours[0]) if ours else None
        params = {"reference_id": link.reference_there}
        found = await self._call("GET", "payment_links", WireLinks, params=params)
        for one in found.payment_links:
            if one.reference_id == link.reference_there:
                return _plain_link(one)
        return None

    async def look_at(
        self, kind: LinkKind, provider_link_id: str, *, seen_at: datetime
    ) -> LinkNews:
        name = quote(provider_link_id, safe="")
        if kind is LinkKind.UPI_QR:
            code = await self._call("GET", f"payments/qr_codes/{name}", WireQr)
            path = f"payments/qr_codes/{name}/payments"
            told = await self._call("GET", path, WirePayments, params={"count": PAGE})
            return LinkNews(status=_qr_status(code), facts=_facts(told.items, code.id, seen_at))
        link = await self._call("GET", f"payment_links/{name}", WireLink)
        paid = [
            await self._call("GET", f"payments/{quote(one.payment_id, safe='')}", WirePayment)
            for one in link.payments or []
        ]
        status = LINK_STATUSES.get(link.status, LinkStatus.OPEN)
        return LinkNews(status=status, facts=_facts(paid, link.id, seen_at))

    async def close(self, kind: LinkKind, provider_link_id: str) -> None:
        name = quote(provider_link_id, safe="")
        is_code = kind is LinkKind.UPI_QR
        path = f"payments/qr_codes/{name}/close" if is_code else f"payment_links/{name}/cancel"
        await self._call("POST", path, Anything, json={})

    async def remind(self, provider_link_id: str, medium: str) -> None:
        path = f"payment_links/{quote(provider_link_id, safe='')}/notify_by/{medium}"
        await self._call("POST", path, Anything, json={})


def _link(link: PaymentLink, notes: dict[str, str]) -> dict[str, Any]:
    customer = {
        "name": link.customer.name,
        "email": link.customer.email,
        "contact": link.customer.contact,
    }
    return {
        "amount": link.amount_minor,
        "currency": link.currency,
        "accept_partial": link.accepts_partial,
        "expire_by": int(link.expires_at.timestamp()),
        "reference_id": link.reference_there,
        "description": f"Order {link.order_number}",
        "customer": {name: value for name, value in customer.items() if value},
        "notify": {"sms": bool(link.customer.contact), "email": bool(link.customer.email)},
        "reminder_enable": True,
        "notes": notes,
    }


def _qr(link: PaymentLink, notes: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "upi_qr",
        "name": f"Order {link.order_number}",
        "usage": "single_use",
        "fixed_amount": True,
        "payment_amount": link.amount_minor,
        "description": link.reference,
        "close_by": int(link.expires_at.timestamp()),
        "notes": notes,
    }


def _plain_link(link: WireLink) -> GatewayLink:
    return GatewayLink(provider_link_id=link.id, url=link.short_url)


def _qr_link(code: WireQr) -> GatewayLink:
    return GatewayLink(provider_link_id=code.id, url=code.image_url)


def _qr_status(code: WireQr) -> LinkStatus:
    if code.status != "closed":
        return LinkStatus.OPEN
    reasons = {"paid": LinkStatus.PAID, "on_demand": LinkStatus.CANCELLED}
    return reasons.get(code.close_reason or "", LinkStatus.EXPIRED)


def _facts(told: list[WirePayment], provider_link_id: str, seen_at: datetime) -> list[Fact]:
    facts = []
    for payment in told:
        fact = fact_of_payment(payment, source=Source.FETCH, seen_at=seen_at)
        assert fact.payment, "it is about a payment"
        about = msgspec.structs.replace(fact.payment, provider_link_id=provider_link_id)
        facts.append(msgspec.structs.replace(fact, payment=about))
    return facts
