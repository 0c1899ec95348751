"""Payments, refunds and an order's sums of them. All amounts in minor units."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.scm.payments.domain.statuses import RefundStatus, Status

Mode = Literal["test", "live"]
"""Test payments move no money: they are marked everywhere they are shown."""


class Standing(StrEnum):
    """Whether a payment counts towards its order; unjudged until it is authorised."""

    UNJUDGED = "unjudged"
    COUNTED = "counted"
    MISFIT = "misfit"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_minor` and `currency` are null until the gateway itself has told them.

    `dispute_status` is how its last dispute stands, empty without one. `charged_back_minor` is what
    lost disputes took: no refund, for nobody decided it, and no longer ours to give back.
    """

    resource: ClassVar[str] = "payment"
    field_rules: ClassVar[Mapping[str, str]] = {
        "captured_minor": "amount_minor",
        "refunded_minor": "amount_minor",
        "charged_back_minor": "amount_minor",
    }

    id: UUID
    order_id: UUID
    order_number: str
    intent_id: UUID | None
    provider: str
    provider_payment_id: str
    mode: Mode
    method: str = ""
    status: Status = Status.CREATED
    standing: Standing = Standing.UNJUDGED
    amount_minor: int | None = None
    currency: str | None = None
    captured_minor: int = 0
    refunded_minor: int = 0
    fee_minor: int | None = None
    tax_minor: int | None = None
    error: str = ""
    created_at: datetime
    failed_at: datetime | None = None
    authorized_at: datetime | None = None
    captured_at: datetime | None = None
    capture_requested_at: datetime | None = None
    version: int = 1
    link_id: UUID | None = None
    dispute_status: str = ""
    charged_back_minor: int = 0


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """`provider_refund_id` is null until the gateway has named it.

    `is_ours` is false for a refund somebody made in the gateway's own dashboard. A failed refund
    stays failed; `retries_id` is on the new one that was made in its place, with a new key.
    """

    resource: ClassVar[str] = "payment"

    id: UUID
    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    reason: str
    status: RefundStatus
    is_ours: bool
    idempotency_key: str
    provider_refund_id: str | None = None
    retries_id: UUID | None = None
    error: str = ""
    requested_at: datetime
    processed_at: datetime | None = None


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What counts towards an order, over all its payments. Misfits are not in it."""

    authorized_minor: int
    captured_minor: int
    refunded_minor: int


def refundable(payment: Payment, refunds: Iterable[Refund]) -> int:
    """What may still be given back: captured, less what disputes took and every refund that has not
    failed."""
    spoken_for = sum(
        refund.amount_minor for refund in refunds if refund.status is not RefundStatus.FAILED
    )
    return max(payment.captured_minor - payment.charged_back_minor - spoken_for, 0)
