"""What payments tells the rest of the suite. Data only. Amounts in minor units."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class PaymentEvent(Event, frozen=True, kw_only=True):
    resource: ClassVar[str] = "payment"
    field_rules: ClassVar[Mapping[str, str]] = {
        "captured_minor": "amount_minor",
        "refunded_minor": "amount_minor",
    }

    order_id: UUID

    def key(self) -> str:
        return str(self.order_id)


class PaymentRequested(PaymentEvent, frozen=True, kw_only=True):
    """A gateway order exists: the buyer can pay at the order's pay page now."""

    topic: ClassVar[str] = "payments.requested.v1"
    intent_id: UUID
    provider: str
    provider_order_id: str
    amount_minor: int
    currency: str


class PaymentAuthorized(PaymentEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "payments.authorized.v1"
    payment_id: UUID
    amount_minor: int
    currency: str


class PaymentCaptured(PaymentEvent, frozen=True, kw_only=True):
    """Money is ours. `captured_minor` is everything captured for the order so far."""

    topic: ClassVar[str] = "payments.captured.v1"
    payment_id: UUID
    provider_payment_id: str
    method: str
    amount_minor: int
    captured_minor: int
    currency: str


class PaymentFailed(PaymentEvent, frozen=True, kw_only=True):
    field_rules: ClassVar[Mapping[str, str]] = {"reason": "error"}

    topic: ClassVar[str] = "payments.failed.v1"
    payment_id: UUID
    reason: str


class PaymentExceptionRaised(PaymentEvent, frozen=True, kw_only=True):
    """Something about an order's payments needs a person: wrong amount, paid twice, never captured.

    `payment_id` is null where the gateway refused the request itself.
    """

    field_rules: ClassVar[Mapping[str, str]] = {"detail": "amount_minor"}

    topic: ClassVar[str] = "payments.exception_raised.v1"
    payment_id: UUID | None
    kind: str
    detail: str


class RefundRequested(PaymentEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "payments.refund_requested.v1"
    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    reason: str


class RefundProcessed(PaymentEvent, frozen=True, kw_only=True):
    """The gateway confirmed it. `refunded_minor` is everything refunded for the order so far."""

    topic: ClassVar[str] = "payments.refund_processed.v1"
    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    refunded_minor: int
    currency: str


class RefundFailed(PaymentEvent, frozen=True, kw_only=True):
    field_rules: ClassVar[Mapping[str, str]] = {"reason": "error"}

    topic: ClassVar[str] = "payments.refund_failed.v1"
    refund_id: UUID
    amount_minor: int
    reason: str


class SurplusRefunded(PaymentEvent, frozen=True, kw_only=True):
    """Money that never counted towards the order went back: paid twice, or the wrong amount.

    No invoice covers it, so there is nothing to credit; the buyer is told all the same.
    """

    topic: ClassVar[str] = "payments.surplus_refunded.v1"
    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str


class LatePaymentArrived(PaymentEvent, frozen=True, kw_only=True):
    """Captured after expiry or cancellation. `outcome` is "revived" or "refunded"."""

    topic: ClassVar[str] = "payments.late_payment_arrived.v1"
    payment_id: UUID
    outcome: str
    amount_minor: int
    currency: str


class DisputeOpened(PaymentEvent, frozen=True, kw_only=True):
    """The buyer's bank asks for the money back. Evidence has to be with the gateway by then."""

    field_rules: ClassVar[Mapping[str, str]] = {"reason": "amount_minor"}

    topic: ClassVar[str] = "payments.dispute_opened.v1"
    dispute_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str
    reason: str
    respond_by: datetime | None


class DisputeChanged(PaymentEvent, frozen=True, kw_only=True):
    """Not decided yet: `status` is open, under_review or action_required."""

    topic: ClassVar[str] = "payments.dispute_changed.v1"
    dispute_id: UUID
    payment_id: UUID
    status: str
    respond_by: datetime | None


class DisputeAnswered(PaymentEvent, frozen=True, kw_only=True):
    """We told the buyer's bank: `answer` is contest or accept. `amount_minor` is what of the
    dispute it is about."""

    topic: ClassVar[str] = "payments.dispute_answered.v1"
    dispute_id: UUID
    payment_id: UUID
    answer: str
    amount_minor: int
    currency: str


class DisputeDecided(PaymentEvent, frozen=True, kw_only=True):
    """`outcome` is won, lost or closed; `deducted_minor` is what a lost one took from us. The
    order's payment stands: a loss is booked as such, not as a refund."""

    field_rules: ClassVar[Mapping[str, str]] = {"deducted_minor": "amount_minor"}

    topic: ClassVar[str] = "payments.dispute_decided.v1"
    dispute_id: UUID
    payment_id: UUID
    outcome: str
    amount_minor: int
    deducted_minor: int
    currency: str


class SettlementReceived(Event, frozen=True, kw_only=True):
    """Money is at the bank, and every row of it is known. `fee_minor` contains `tax_minor`."""

    topic: ClassVar[str] = "payments.settlement_received.v1"
    settlement_id: UUID
    provider_settlement_id: str
    utr: str
    amount_minor: int
    fee_minor: int
    tax_minor: int
    currency: str

    def key(self) -> str:
        return str(self.settlement_id)


class SettlementExceptionRaised(Event, frozen=True, kw_only=True):
    """A settlement does not fit what we know, or a payment is in none. Needs a person.

    `settlement_id` is null for a payment that was never settled.
    """

    resource: ClassVar[str] = "payment"
    field_rules: ClassVar[Mapping[str, str]] = {"detail": "amount_minor"}

    topic: ClassVar[str] = "payments.settlement_exception_raised.v1"
    exception_id: UUID
    settlement_id: UUID | None
    order_id: UUID | None
    kind: str
    detail: str

    def key(self) -> str:
        return str(self.settlement_id or self.order_id or self.exception_id)


class PaymentLinkReady(PaymentEvent, frozen=True, kw_only=True):
    """A link (`kind` "link") or a UPI QR code ("upi_qr", `url` is its picture) can be paid."""

    topic: ClassVar[str] = "payments.link_ready.v1"
    link_id: UUID
    kind: str
    url: str
    amount_minor: int
    currency: str


class PaymentLinkClosed(PaymentEvent, frozen=True, kw_only=True):
    """It cannot be paid any more: `outcome` is expired, cancelled or refused."""

    topic: ClassVar[str] = "payments.link_closed.v1"
    link_id: UUID
    outcome: str
