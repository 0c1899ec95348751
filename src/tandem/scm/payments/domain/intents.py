"""The wish to be paid for an order: one live gateway order per order and amount."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from tandem.scm.payments.domain.payments import Mode

RECEIPT_LENGTH_MAX = 40
"""Razorpay, Orders API: `receipt` has 40 characters at most."""


class IntentStatus(StrEnum):
    """`opening`: the gateway was asked and its answer is not known here yet.

    `superseded`: the amount changed and another one took its place. `closed`: the order expired or
    was cancelled; money may still arrive for it.
    """

    REQUESTED = "requested"
    OPENING = "opening"
    OPEN = "open"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    CLOSED = "closed"
    PAID = "paid"


LIVE = frozenset({IntentStatus.REQUESTED, IntentStatus.OPENING, IntentStatus.OPEN})


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """`provider`, `mode` and `provider_order_id` are null until a gateway order exists."""

    id: UUID
    order_id: UUID
    order_number: str
    receipt: str
    amount_minor: int
    currency: str
    status: IntentStatus
    provider: str | None = None
    mode: Mode | None = None
    provider_order_id: str | None = None
    error: str = ""
    created_at: datetime
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""
    expires_at: datetime | None = None
    tries: int = 0

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


def receipt_of(order_number: str, *, requests_before: int) -> str:
    """`R1001`, then `R1001-P2`: the gateway wants receipts to be unique."""
    suffix = f"-P{requests_before + 1}" if requests_before else ""
    return f"{order_number[: RECEIPT_LENGTH_MAX - len(suffix)]}{suffix}"
