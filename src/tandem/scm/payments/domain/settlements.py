"""Settlements: what the gateway paid to the bank, row by row, and what does not fit.

https://razorpay.com/docs/api/settlements/fetch-recon. All amounts in minor units; a row's fee
contains its tax, the GST on it; `credit = amount - fee` for a payment, `debit = amount + fee` for
what goes out.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.money import in_figures
from tandem.scm.payments.domain.payments import Mode

SETTLED_WITHIN = timedelta(days=7)
"""Razorpay settles two working days after the capture; a week allows for holidays."""

ROWS_LATE_BY = timedelta(hours=1)
"""A settlement is told before the last of its rows can be read."""

LOOK_BACK = timedelta(days=10)
"""How far back settlements are listed again: a failed one may be tried again and still succeed."""

LOOK_BACK_MAX = timedelta(days=400)
FETCH_GAP = timedelta(hours=1)
CHECK_GAPS = tuple(timedelta(hours=hours) for hours in (1, 1, 3, 6, 12))
CHECKS_MAX = 40


class SettlementStatus(StrEnum):
    CREATED = "created"
    PROCESSED = "processed"
    FAILED = "failed"


class RowKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    TRANSFER = "transfer"
    ADJUSTMENT = "adjustment"
    OTHER = "other"


class ToldSettlement(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement in the gateway's words. `utr` is what the bank statement names it by."""

    provider_settlement_id: str
    status: SettlementStatus
    amount_minor: int
    utr: str
    made_at: datetime


class ToldRow(msgspec.Struct, frozen=True, kw_only=True):
    """`provider_payment_id` is the payment a refund, transfer or adjustment is about, if any;
    `provider_dispute_id` the dispute that an adjustment books."""

    provider_settlement_id: str
    kind: RowKind
    entity_id: str
    currency: str
    amount_minor: int
    credit_minor: int
    debit_minor: int
    fee_minor: int
    tax_minor: int
    provider_payment_id: str = ""
    provider_order_id: str = ""
    method: str = ""
    description: str = ""
    provider_dispute_id: str = ""
    happened_at: datetime

    @property
    def net_minor(self) -> int:
        return self.credit_minor - self.debit_minor


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_minor` went to the bank. `net_minor` is what the known rows come to, and
    `elsewhere_minor` the rows of other companies that share the gateway account: balanced when both
    together are the amount.

    `payments_minor - refunds_minor + other_minor - fee_minor` is `net_minor` unless a row's fee
    does not add up. `fee_minor` contains `tax_minor`, the GST on it.
    """

    field_rules: ClassVar[Mapping[str, str]] = {
        "amount_minor": "payment.amount_minor",
        "payments_minor": "payment.amount_minor",
        "refunds_minor": "payment.amount_minor",
        "other_minor": "payment.amount_minor",
        "net_minor": "payment.amount_minor",
        "fee_minor": "payment.fee_minor",
        "tax_minor": "payment.tax_minor",
    }

    id: UUID
    provider: str
    mode: Mode
    provider_settlement_id: str
    status: SettlementStatus
    utr: str
    currency: str
    amount_minor: int
    payments_minor: int
    refunds_minor: int
    other_minor: int
    fee_minor: int
    tax_minor: int
    net_minor: int
    elsewhere_minor: int
    rows_count: int
    elsewhere_count: int
    is_balanced: bool
    made_at: datetime
    checked_at: datetime | None
    open_exceptions: int
    version: int

    @property
    def is_others(self) -> bool:
        """All of it belongs to companies that share the account: it is not shown here."""
        return self.rows_count == 0 and self.elsewhere_count > 0


class SettlementRow(msgspec.Struct, frozen=True, kw_only=True):
    """`payment_id`, `refund_id` and the order are ours; null while nothing here answers to it."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "amount_minor": "payment.amount_minor",
        "credit_minor": "payment.amount_minor",
        "debit_minor": "payment.amount_minor",
        "net_minor": "payment.amount_minor",
        "fee_minor": "payment.fee_minor",
        "tax_minor": "payment.tax_minor",
        "provider_payment_id": "payment.provider_payment_id",
    }

    id: UUID
    kind: RowKind
    entity_id: str
    currency: str
    amount_minor: int
    credit_minor: int
    debit_minor: int
    fee_minor: int
    tax_minor: int
    net_minor: int
    provider_payment_id: str
    method: str
    description: str
    happened_at: datetime
    payment_id: UUID | None
    refund_id: UUID | None
    order_id: UUID | None
    order_number: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A row beside what we know: our payment's or refund's figures, and where else it stands."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "amount_minor": "payment.amount_minor",
        "credit_minor": "payment.amount_minor",
        "debit_minor": "payment.amount_minor",
        "our_amount_minor": "payment.amount_minor",
        "fee_minor": "payment.fee_minor",
        "tax_minor": "payment.tax_minor",
        "our_fee_minor": "payment.fee_minor",
        "our_tax_minor": "payment.tax_minor",
        "provider_payment_id": "payment.provider_payment_id",
    }

    id: UUID
    kind: RowKind
    entity_id: str
    currency: str
    amount_minor: int
    credit_minor: int
    debit_minor: int
    fee_minor: int
    tax_minor: int
    provider_payment_id: str
    payment_id: UUID | None
    refund_id: UUID | None
    order_id: UUID | None
    order_number: str
    our_amount_minor: int | None
    our_currency: str | None
    our_fee_minor: int | None
    our_tax_minor: int | None
    settled_before: str


class SettlementExceptionKind(StrEnum):
    UNKNOWN_ENTITY = "unknown_entity"
    AMOUNT_DIFFERS = "amount_differs"
    FEE_DIFFERS = "fee_differs"
    SETTLED_TWICE = "settled_twice"
    UNBALANCED = "unbalanced"
    NEVER_SETTLED = "never_settled"


class SettlementDecision(StrEnum):
    """`accepted`: the gateway's figure is right and stays in the books. `reported`: the gateway has
    been asked. `written_off`: the difference is ours to bear."""

    ACCEPTED = "accepted"
    REPORTED = "reported"
    WRITTEN_OFF = "written_off"


CLEARED = "cleared"
"""What closed by itself because it fits now."""


class SettlementException(msgspec.Struct, frozen=True, kw_only=True):
    """`entity_id` is the gateway's id of what it is about. `resolution` is a decision, or `cleared`
    when it fits by itself now."""

    field_rules: ClassVar[Mapping[str, str]] = {"detail": "payment.amount_minor"}

    id: UUID
    settlement_id: UUID | None
    row_id: UUID | None
    payment_id: UUID | None
    order_id: UUID | None
    order_number: str
    subject_id: UUID
    entity_id: str
    kind: SettlementExceptionKind
    detail: str
    raised_at: datetime
    resolved_at: datetime | None = None
    resolution: str = ""
    note: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    kind: SettlementExceptionKind
    detail: str


MATCHED = frozenset({RowKind.PAYMENT, RowKind.REFUND})
"""Kinds that stand for something of ours. Transfers and adjustments are the gateway's own."""

NOUNS: Mapping[RowKind, str] = {RowKind.PAYMENT: "payment", RowKind.REFUND: "refund"}


def findings_of(row: Compared) -> list[Finding]:
    """What is wrong with a row, if anything."""
    found = [_credit_differs(row)]
    if row.kind in MATCHED:
        is_known = row.our_amount_minor is not None
        found += [
            None if is_known else _unknown(row),
            _amount_differs(row) if is_known else None,
            _fee_differs(row),
            _settled_twice(row),
        ]
    by_kind = {one.kind: one for one in reversed(found) if one is not None}
    return list(by_kind.values())


def _unknown(row: Compared) -> Finding:
    return Finding(
        kind=SettlementExceptionKind.UNKNOWN_ENTITY,
        detail=f"No {NOUNS[row.kind]} here answers to {row.entity_id}: "
        f"{in_figures(row.amount_minor, row.currency)}.",
    )


def _amount_differs(row: Compared) -> Finding | None:
    if (row.amount_minor, row.currency) == (row.our_amount_minor, row.our_currency):
        return None
    ours = in_figures(row.our_amount_minor or 0, row.our_currency or row.currency)
    return Finding(
        kind=SettlementExceptionKind.AMOUNT_DIFFERS,
        detail=f"The gateway settled {in_figures(row.amount_minor, row.currency)}; "
        f"our {NOUNS[row.kind]} is of {ours}.",
    )


def _fee_differs(row: Compared) -> Finding | None:
    if row.our_fee_minor is None or row.kind is not RowKind.PAYMENT:
        return None
    if (row.fee_minor, row.tax_minor) == (row.our_fee_minor, row.our_tax_minor or 0):
        return None
    return Finding(
        kind=SettlementExceptionKind.FEE_DIFFERS,
        detail=f"The fee was {in_figures(row.our_fee_minor, row.currency)} with "
        f"{in_figures(row.our_tax_minor or 0, row.currency)} GST when it was captured, and is "
        f"{in_figures(row.fee_minor, row.currency)} with "
        f"{in_figures(row.tax_minor, row.currency)} GST in the settlement.",
    )


def _credit_differs(row: Compared) -> Finding | None:
    """What came in or went out is the amount less, or with, the fee."""
    if row.debit_minor:
        expected, actual = -(row.amount_minor + row.fee_minor), row.credit_minor - row.debit_minor
    else:
        expected, actual = row.amount_minor - row.fee_minor, row.credit_minor
    if expected == actual:
        return None
    return Finding(
        kind=SettlementExceptionKind.FEE_DIFFERS,
        detail=f"Amount and fee come to {in_figures(expected, row.currency)}, but "
        f"{in_figures(actual, row.currency)} was settled.",
    )


def _settled_twice(row: Compared) -> Finding | None:
    if not row.settled_before:
        return None
    return Finding(
        kind=SettlementExceptionKind.SETTLED_TWICE,
        detail=f"This {NOUNS[row.kind]} is in settlement {row.settled_before} already.",
    )


def imbalance(settlement: Settlement) -> Finding:
    known = settlement.net_minor + settlement.elsewhere_minor
    missing = settlement.amount_minor - known
    return Finding(
        kind=SettlementExceptionKind.UNBALANCED,
        detail=f"{in_figures(settlement.amount_minor, settlement.currency)} went to the bank; the "
        f"rows come to {in_figures(known, settlement.currency)}, a difference of "
        f"{in_figures(missing, settlement.currency)}.",
    )


def distinct(rows: Iterable[ToldRow]) -> list[ToldRow]:
    """Each thing once: pages shift while they are read, and a list may repeat itself."""
    return list({(row.kind, row.entity_id): row for row in rows}.values())


def next_settlement_check(*, checks: int, now: datetime) -> datetime | None:
    """When to read the rows of a settlement again that does not balance; None after a month."""
    if checks >= CHECKS_MAX:
        return None
    gap = CHECK_GAPS[checks] if checks < len(CHECK_GAPS) else timedelta(days=1)
    return now + gap
