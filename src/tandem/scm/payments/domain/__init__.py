"""Payments as values: what was told, what follows from it, and what is refused. Pure."""

from tandem.scm.payments.domain.checkout import (
    Checkout,
    PayItem,
    PayPage,
    PayState,
    Prefill,
    Summary,
    pay_state,
    summary_of,
)
from tandem.scm.payments.domain.exceptions import (
    ACTIONS,
    POLICY,
    Action,
    ExceptionKind,
    PaymentException,
    Policy,
    judge,
)
from tandem.scm.payments.domain.facts import Fact, PaymentFact, RefundFact, Source
from tandem.scm.payments.domain.intents import Intent, IntentStatus, receipt_of
from tandem.scm.payments.domain.machine import (
    advance,
    advance_refund,
    is_captured,
    match_refund,
    settle,
)
from tandem.scm.payments.domain.payments import (
    Mode,
    Payment,
    Refund,
    Standing,
    Totals,
    refundable,
)
from tandem.scm.payments.domain.refusals import (
    ActionNotAllowed,
    BadSignature,
    Misfitting,
    NothingToPay,
    NotRefundable,
    RefundExceedsBalance,
)
from tandem.scm.payments.domain.rhythm import (
    ALARM_AFTER,
    CALL_SECONDS_MAX,
    LEASE,
    WATCH_FOR,
    next_check,
    next_try,
)
from tandem.scm.payments.domain.statuses import RANK, RefundStatus, Status

PERMISSIONS = {
    "payments.read": "See payments, refunds, payment requests and exceptions.",
    "payments.request": "Ask the gateway for a new payment of an order.",
    "payments.capture": "Capture an authorised payment by hand.",
    "payments.refund": "Give money back.",
    "payments.resolve": "Decide what happens to payments that fit no order.",
}

__all__ = [
    "ACTIONS",
    "ALARM_AFTER",
    "CALL_SECONDS_MAX",
    "LEASE",
    "PERMISSIONS",
    "POLICY",
    "RANK",
    "WATCH_FOR",
    "Action",
    "ActionNotAllowed",
    "BadSignature",
    "Checkout",
    "ExceptionKind",
    "Fact",
    "Intent",
    "IntentStatus",
    "Misfitting",
    "Mode",
    "NotRefundable",
    "NothingToPay",
    "PayItem",
    "PayPage",
    "PayState",
    "Payment",
    "PaymentException",
    "PaymentFact",
    "Policy",
    "Prefill",
    "Refund",
    "RefundExceedsBalance",
    "RefundFact",
    "RefundStatus",
    "Source",
    "Standing",
    "Status",
    "Summary",
    "Totals",
    "advance",
    "advance_refund",
    "is_captured",
    "judge",
    "match_refund",
    "next_check",
    "next_try",
    "pay_state",
    "receipt_of",
    "refundable",
    "settle",
    "summary_of",
]
