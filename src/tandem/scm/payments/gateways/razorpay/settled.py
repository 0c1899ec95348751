"""Razorpay's settlements as they come over the wire, and what they say in our words."""

from datetime import UTC, datetime

import msgspec

from tandem.scm.payments.domain import RowKind, SettlementStatus, ToldRow, ToldSettlement

DESCRIPTION_LENGTH_MAX = 300


class WireSettlement(msgspec.Struct, kw_only=True):
    """`fees` and `tax` are 0 for a normal settlement: the rows have them."""

    id: str
    amount: int
    status: str = "created"
    utr: str | None = None
    created_at: int


class WireSettled(msgspec.Struct, kw_only=True):
    """`payment_id` is null for a payment itself; `fee` contains `tax`."""

    entity_id: str
    type: str
    amount: int
    debit: int = 0
    credit: int = 0
    currency: str = "INR"
    fee: int | None = None
    tax: int | None = None
    created_at: int
    settlement_id: str | None = None
    payment_id: str | None = None
    order_id: str | None = None
    method: str | None = None
    description: str | None = None
    dispute_id: str | None = None


class WireSettlements(msgspec.Struct, kw_only=True):
    items: list[WireSettlement]


class WireSettledRows(msgspec.Struct, kw_only=True):
    items: list[WireSettled]


STATUSES = {status.value: status for status in SettlementStatus}
KINDS = {kind.value: kind for kind in RowKind}


def settlement_of(told: WireSettlement) -> ToldSettlement:
    return ToldSettlement(
        provider_settlement_id=told.id,
        status=STATUSES.get(told.status, SettlementStatus.CREATED),
        amount_minor=told.amount,
        utr=(told.utr or "")[:64],
        made_at=datetime.fromtimestamp(told.created_at, UTC),
    )


def row_of(told: WireSettled) -> ToldRow:
    kind = KINDS.get(told.type, RowKind.OTHER)
    return ToldRow(
        provider_settlement_id=told.settlement_id or "",
        kind=kind,
        entity_id=told.entity_id,
        currency=told.currency,
        amount_minor=told.amount,
        credit_minor=told.credit,
        debit_minor=told.debit,
        fee_minor=told.fee or 0,
        tax_minor=told.tax or 0,
        provider_payment_id=told.entity_id if kind is RowKind.PAYMENT else told.payment_id or "",
        provider_order_id=told.order_id or "",
        method=(told.method or "")[:30],
        description=(told.description or "").replace("\x00", "")[:DESCRIPTION_LENGTH_MAX],
        provider_dispute_id=(told.dispute_id or "")[:64],
        happened_at=datetime.fromtimestamp(told.created_at, UTC),
    )
