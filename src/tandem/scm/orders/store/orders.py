"""One order whole: read, locked, moved."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.kernel.db import Query, Tx, named

_ORDER = (
    "id, number, public_token, customer_id, customer_name, customer_email, customer_phone, "
    "customer_gstin, channel, currency, payment_method, status, payment_status, "
    "fulfilment_status, is_on_hold, hold_reason, ship_to, bill_to, place_of_supply, "
    "discount_minor, taxable_minor, tax_minor, total_minor, authorized_minor, paid_minor, "
    "refunded_minor, placed_at, expires_at, promised_on, note, version, owner_id, team_id, "
    "territory_id, is_sez, round_off_minor"
)
_LINE = (
    "id, line_no, variant_id, sku, title, hsn, unit, quantity, unit_price_minor, "
    "price_includes_tax, discount_minor, taxable_minor, tax_class, tax_rate, cgst_minor, "
    "sgst_minor, igst_minor, cess_minor, total_minor, weight_grams, quantity_shipped, "
    "quantity_delivered, quantity_returned, quantity_cancelled"
)
_ORDER_NAMES = _ORDER.split(", ")
_LINE_NAMES = _LINE.split(", ")

# One statement for both: a round trip costs more than repeating the order beside each line.
_FIND = f"""
    select {", ".join(f"o.{name}" for name in _ORDER_NAMES)},
           {", ".join(f"l.{name}" for name in _LINE_NAMES)}
      from orders.order o
      left join orders.line l on l.org_id = o.org_id and l.order_id = o.id
     where o.org_id = :org_id
"""
_BY_LINE = " order by l.line_no"

FIND = Query(_FIND + " and o.id = :id" + _BY_LINE)
FIND_BY_NUMBER = Query(_FIND + " and o.number = :number" + _BY_LINE)

LOCK = Query(
    f"""
    select {_ORDER}
      from orders.order
     where org_id = :org_id and id = :id
     order by id
       for no key update
    """
)

LOCK_OVERDUE = Query(
    """
    select id
      from orders.order
     where org_id = :org_id and expires_at <= :now
     order by expires_at, id
     limit :limit
       for no key update skip locked
    """
)

LINES = Query(
    f"""
    select {_LINE}
      from orders.line
     where org_id = :org_id and order_id = :order_id
     order by line_no
    """
)

MOVE = Query(
    """
    update orders.order
       set status = :status, payment_status = :payment_status,
           fulfilment_status = :fulfilment_status, expires_at = :expires_at,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

EXPIRE_MANY = Query(
    """
    update orders.order
       set status = 'expired', expires_at = null, version = version + 1, updated_at = :now,
           payment_status = case when authorized_minor > 0 and paid_minor = 0
                                 then 'voided' else payment_status end
     where org_id = :org_id and id = any(:ids::uuid[])
    returning id, number
    """
)

PLACE_DRAFT = Query(
    """
    update orders.order
       set status = :status, expires_at = :expires_at, promised_on = :promised_on,
           placed_at = :now, version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

SET_SUMS = Query(
    """
    update orders.order
       set authorized_minor = :authorized_minor, paid_minor = :paid_minor,
           refunded_minor = :refunded_minor, payment_status = :payment_status,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

SET_QUANTITIES = Query(
    """
    update orders.line as line
       set quantity_shipped = counted.shipped, quantity_delivered = counted.delivered,
           quantity_returned = counted.returned, quantity_cancelled = counted.cancelled
      from unnest(:line_nos::int[], :shipped::int[], :delivered::int[], :returned::int[],
                  :cancelled::int[])
           as counted (line_no, shipped, delivered, returned, cancelled)
     where line.org_id = :org_id and line.order_id = :order_id
       and line.line_no = counted.line_no
    """
)

ANNOTATE = Query(
    """
    update orders.order
       set note = :note, is_on_hold = :is_on_hold, hold_reason = :hold_reason,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)


async def find(tx: Tx, order_id: UUID) -> OrderSnapshot | None:
    return await _whole(tx, FIND, id=order_id)


async def find_by_number(tx: Tx, number: str) -> OrderSnapshot | None:
    return await _whole(tx, FIND_BY_NUMBER, number=number)


async def lock(tx: Tx, order_id: UUID) -> OrderSnapshot | None:
    rows = await tx.records(LOCK, id=order_id)
    if not rows:
        return None
    # Read after the lock was had: what others changed while we waited for it counts.
    lines = await tx.records(LINES, order_id=order_id)
    return _snapshot(dict(rows[0]), [OrderLine(**line) for line in named(lines)])


async def lock_overdue(tx: Tx, now: datetime, limit: int) -> list[UUID]:
    """Unpaid orders whose time is over, those nobody else is working on."""
    return [row["id"] for row in await tx.records(LOCK_OVERDUE, now=now, limit=limit)]


async def expire_many(tx: Tx, order_ids: Sequence[UUID], now: datetime) -> dict[UUID, str]:
    """Id → number of each expired order."""
    rows = await tx.records(EXPIRE_MANY, ids=list(order_ids), now=now)
    return {row["id"]: row["number"] for row in rows}


async def move(tx: Tx, order: OrderSnapshot, now: datetime) -> None:
    """Write the three axes as they stand in `order`."""
    await tx.run(
        MOVE,
        id=order.id,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        expires_at=order.expires_at,
        now=now,
    )


async def place_draft(
    tx: Tx,
    order_id: UUID,
    *,
    status: str,
    expires_at: datetime | None,
    promised_on: date | None,
    now: datetime,
) -> None:
    await tx.run(
        PLACE_DRAFT,
        id=order_id,
        status=status,
        expires_at=expires_at,
        promised_on=promised_on,
        now=now,
    )


async def set_sums(tx: Tx, order: OrderSnapshot, now: datetime) -> None:
    await tx.run(
        SET_SUMS,
        id=order.id,
        authorized_minor=order.authorized_minor,
        paid_minor=order.paid_minor,
        refunded_minor=order.refunded_minor,
        payment_status=order.payment_status,
        now=now,
    )


async def set_quantities(tx: Tx, order_id: UUID, lines: Sequence[OrderLine]) -> None:
    await tx.run(
        SET_QUANTITIES,
        order_id=order_id,
        line_nos=[line.line_no for line in lines],
        shipped=[line.quantity_shipped for line in lines],
        delivered=[line.quantity_delivered for line in lines],
        returned=[line.quantity_returned for line in lines],
        cancelled=[line.quantity_cancelled for line in lines],
    )


async def annotate(tx: Tx, order: OrderSnapshot, now: datetime) -> None:
    await tx.run(
        ANNOTATE,
        id=order.id,
        note=order.note,
        is_on_hold=order.is_on_hold,
        hold_reason=order.hold_reason,
        now=now,
    )


async def _whole(tx: Tx, query: Query, **key: object) -> OrderSnapshot | None:
    rows = await tx.records(query, **key)
    if not rows:
        return None
    width = len(_ORDER_NAMES)
    lines = [_line(row[width:]) for row in rows if row[width] is not None]
    return _snapshot(dict(zip(_ORDER_NAMES, rows[0][:width], strict=True)), lines)


def _line(values: Sequence[Any]) -> OrderLine:
    return OrderLine(**dict(zip(_LINE_NAMES, values, strict=True)))


def _snapshot(order: Mapping[str, Any], lines: list[OrderLine]) -> OrderSnapshot:
    return msgspec.convert({**order, "lines": lines}, OrderSnapshot)
