"""What somebody told about a payment, in words of no particular gateway."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from tandem.scm.payments.domain.disputes import DisputeFact
from tandem.scm.payments.domain.statuses import RefundStatus, Status


class Source(StrEnum):
    """`answer` is the gateway's reply to a capture or refund of ours, `door` a driver's cash."""

    WEBHOOK = "webhook"
    RETURN = "return"
    FETCH = "fetch"
    ANSWER = "answer"
    DOOR = "door"
    OPERATOR = "operator"


class PaymentFact(msgspec.Struct, frozen=True, kw_only=True):
    """A browser's return proves an authorisation and says nothing of money: its amount is None.

    `fee_minor` contains `tax_minor`, the GST on it (Razorpay, payment entity). What was paid by a
    link or a QR code names that, and a gateway order we never made.
    """

    provider_order_id: str | None
    status: Status
    amount_minor: int | None = None
    currency: str | None = None
    method: str = ""
    fee_minor: int | None = None
    tax_minor: int | None = None
    error: str = ""
    provider_link_id: str | None = None


class RefundFact(msgspec.Struct, frozen=True, kw_only=True):
    """`refund_id` is ours, where the gateway repeated it; refunds made by hand there have none."""

    provider_refund_id: str
    refund_id: UUID | None = None
    status: RefundStatus
    amount_minor: int
    currency: str
    error: str = ""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing told once: `event_id` is unique per source, and telling it again changes nothing.

    Exactly one of `payment`, `refund` and `dispute` is there. `kind` is what the teller called it.
    """

    provider: str
    provider_payment_id: str
    source: Source
    event_id: str
    kind: str
    occurred_at: datetime
    payment: PaymentFact | None = None
    refund: RefundFact | None = None
    dispute: DisputeFact | None = None
