"""Payments that fit no order as it stands: which kinds there are and what is done about each."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.scm.payments.domain.intents import Intent
from tandem.scm.payments.domain.payments import Payment


class ExceptionKind(StrEnum):
    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    DOUBLE_PAYMENT = "double_payment"
    UNCAPTURED = "uncaptured"
    AUTO_REFUNDED = "auto_refunded"
    REFUNDED_OUTSIDE = "refunded_outside"
    REFUND_FAILED = "refund_failed"
    REFUND_BY_HAND = "refund_by_hand"
    REQUEST_REFUSED = "request_refused"
    DISPUTED = "disputed"
    DISPUTE_LOST = "dispute_lost"
    ANSWER_REFUSED = "answer_refused"


class Policy(StrEnum):
    REVIEW = "review"
    AUTO_REFUND = "auto_refund"


POLICY: Mapping[ExceptionKind, Policy] = {
    kind: Policy.AUTO_REFUND if kind is ExceptionKind.DOUBLE_PAYMENT else Policy.REVIEW
    for kind in ExceptionKind
}
"""What happens without a person. Money paid twice is nobody's to keep; anything else may be a
mistake of ours, so somebody looks first."""


class Action(StrEnum):
    """`accept` counts the payment towards its order, `refund` gives all of it back, `retry` asks
    for a failed refund anew (with a new key), `paid_out` says that it was paid by hand, `dismiss`
    only closes the matter."""

    ACCEPT = "accept"
    REFUND = "refund"
    RETRY = "retry"
    PAID_OUT = "paid_out"
    DISMISS = "dismiss"


_MISFIT = frozenset({Action.ACCEPT, Action.REFUND, Action.DISMISS})
_SEEN = frozenset({Action.DISMISS})

ACTIONS: Mapping[ExceptionKind, frozenset[Action]] = {
    ExceptionKind.AMOUNT_MISMATCH: _MISFIT,
    ExceptionKind.CURRENCY_MISMATCH: frozenset({Action.REFUND, Action.DISMISS}),
    ExceptionKind.DOUBLE_PAYMENT: _MISFIT,
    ExceptionKind.UNCAPTURED: _SEEN,
    ExceptionKind.AUTO_REFUNDED: _SEEN,
    ExceptionKind.REFUNDED_OUTSIDE: _SEEN,
    ExceptionKind.REFUND_FAILED: frozenset({Action.RETRY, Action.PAID_OUT, Action.DISMISS}),
    ExceptionKind.REFUND_BY_HAND: frozenset({Action.PAID_OUT, Action.DISMISS}),
    ExceptionKind.REQUEST_REFUSED: _SEEN,
    ExceptionKind.DISPUTED: _SEEN,
    ExceptionKind.DISPUTE_LOST: _SEEN,
    ExceptionKind.ANSWER_REFUSED: _SEEN,
}
assert ACTIONS.keys() == POLICY.keys(), "every kind of exception says what may be done about it"


class PaymentException(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the inbox. `subject_id` is the payment's, refund's, request's or dispute's id.
    `detail` says which amounts do not fit."""

    field_rules: ClassVar[Mapping[str, str]] = {"detail": "payment.amount_minor"}

    id: UUID
    order_id: UUID
    order_number: str
    payment_id: UUID | None
    subject_id: UUID
    kind: ExceptionKind
    detail: str
    actions: list[Action]
    raised_at: datetime
    resolved_at: datetime | None = None
    resolution: str = ""
    note: str = ""


def judge(intent: Intent, payment: Payment, *, is_taken: bool) -> ExceptionKind | None:
    """Why this payment is not the one its order waits for, or None when it is.

    `intent` is the order's current request; `is_taken` says that another payment counts already.
    """
    if payment.currency != intent.currency:
        return ExceptionKind.CURRENCY_MISMATCH
    if is_taken:
        return ExceptionKind.DOUBLE_PAYMENT
    if payment.amount_minor != intent.amount_minor:
        return ExceptionKind.AMOUNT_MISMATCH
    return None
