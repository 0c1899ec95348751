"""Payment links and UPI QR codes: asking for what is due of an order outside of its pay page.

https://razorpay.com/docs/api/payments/payment-links and .../qr-codes. A QR code is for one payment
of the whole amount, at the door; a link may take it in parts.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.scm.payments.domain.exceptions import ExceptionKind
from tandem.scm.payments.domain.facts import Fact
from tandem.scm.payments.domain.payments import Mode, Payment

LINK_LIVES = timedelta(days=7)
LINK_LIVES_MIN, LINK_LIVES_MAX = timedelta(minutes=20), timedelta(days=180)
"""Razorpay wants links to expire 15 minutes ahead at least and half a year at most."""

QR_LIVES = timedelta(minutes=30)
QR_LIVES_MIN, QR_LIVES_MAX = timedelta(minutes=3), timedelta(hours=2)
"""Razorpay clips `close_by` to between two minutes and two hours."""

REMIND_GAP = timedelta(hours=1)
REMINDERS_MAX = 10
CHECK_GAPS = tuple(timedelta(seconds=gap) for gap in (30, 60, 120, 300, 900))
CHECK_GAP_MAX = timedelta(hours=1)
WATCH_AFTER_END = timedelta(days=1)
"""Money sent in the last minute is told after the link has ended."""


class LinkKind(StrEnum):
    LINK = "link"
    UPI_QR = "upi_qr"


class LinkStatus(StrEnum):
    """`closing`: somebody took it back, and the gateway has not said yes yet: it may be paid."""

    REQUESTED = "requested"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"


LIVE_LINKS = frozenset(
    {LinkStatus.REQUESTED, LinkStatus.OPENING, LinkStatus.OPEN, LinkStatus.CLOSING}
)


class LinkCustomer(msgspec.Struct, frozen=True, kw_only=True):
    field_rules: ClassVar[Mapping[str, str]] = {
        "email": "order.customer_email",
        "contact": "order.customer_phone",
    }

    name: str
    email: str | None
    contact: str | None


class PaymentLink(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is the page to pay at, or the QR code's picture. `reference` is the order's number and
    a count."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "amount_minor": "payment.amount_minor",
        "order_total_minor": "order.total_minor",
        "paid_minor": "payment.amount_minor",
    }

    id: UUID
    kind: LinkKind
    order_id: UUID
    order_number: str
    reference: str
    amount_minor: int
    currency: str
    order_total_minor: int
    accepts_partial: bool
    paid_minor: int = 0
    status: LinkStatus
    provider: str | None = None
    mode: Mode | None = None
    provider_link_id: str | None = None
    url: str = ""
    customer: LinkCustomer
    error: str = ""
    created_at: datetime
    opened_at: datetime | None = None
    expires_at: datetime
    closed_at: datetime | None = None
    reminded_at: datetime | None = None
    reminders: int = 0
    tries: int = 0
    version: int = 1

    @property
    def reference_there(self) -> str:
        """The gateway wants it unique in an account that several companies may share."""
        return f"{self.reference}-{self.id.hex[-8:]}"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_LINKS


class GatewayLink(msgspec.Struct, frozen=True, kw_only=True):
    provider_link_id: str
    url: str


class LinkNews(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway knows of a link: whether it can still be paid, and its payments."""

    status: LinkStatus
    facts: list[Fact]


def lifetime(kind: LinkKind, asked: timedelta | None) -> timedelta:
    """As asked, within what the gateway takes."""
    if kind is LinkKind.UPI_QR:
        return min(max(asked or QR_LIVES, QR_LIVES_MIN), QR_LIVES_MAX)
    return min(max(asked or LINK_LIVES, LINK_LIVES_MIN), LINK_LIVES_MAX)


def judge_by_link(
    link: PaymentLink, payment: Payment, *, counted_minor: int
) -> ExceptionKind | None:
    """Why a link's payment does not count, or None when it does. `counted_minor` is what counts for
    the order already, this one aside."""
    amount = payment.amount_minor or 0
    if payment.currency != link.currency:
        return ExceptionKind.CURRENCY_MISMATCH
    if counted_minor + amount > link.order_total_minor:
        return ExceptionKind.DOUBLE_PAYMENT
    left = link.amount_minor - link.paid_minor
    fits = amount <= left if link.accepts_partial else amount == left
    return None if fits else ExceptionKind.AMOUNT_MISMATCH


def next_link_check(*, tries: int, expires_at: datetime, now: datetime) -> datetime | None:
    """When to ask the gateway about a link again; None once nothing more can come."""
    if now > expires_at + WATCH_AFTER_END:
        return None
    return now + (CHECK_GAPS[tries] if tries < len(CHECK_GAPS) else CHECK_GAP_MAX)
