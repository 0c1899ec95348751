"""Writing a batch of new orders with all their lines, however many they are."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.db import Query, Tx

INSERT_ORDERS = Query(
    """
    insert into orders.order
           (org_id, id, number, public_token, customer_id, customer_name, customer_email,
            customer_phone, customer_gstin, channel, currency, payment_method, status,
            ship_to, bill_to, place_of_supply, discount_minor, taxable_minor, tax_minor,
            total_minor, placed_at, expires_at, promised_on, note, owner_id, team_id,
            territory_id, is_sez, round_off_minor, updated_at)
    select :org_id, id, number, public_token, customer_id, customer_name, customer_email,
           customer_phone, customer_gstin, channel, currency, payment_method, status,
           ship_to::jsonb, bill_to::jsonb, place_of_supply, discount_minor, taxable_minor,
           tax_minor, total_minor, :now::timestamptz, expires_at, promised_on, note, owner_id,
           team_id, territory_id, is_sez, round_off_minor, :now::timestamptz
      from unnest(:orders::orders.new_order[])
    """
)

INSERT_LINES = Query(
    """
    insert into orders.line
           (org_id, order_id, line_no, id, variant_id, sku, title, hsn, unit, quantity,
            unit_price_minor, price_includes_tax, discount_minor, taxable_minor, tax_class,
            tax_rate, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor, weight_grams)
    select :org_id, order_id, line_no, id, variant_id, sku, title, hsn, unit, quantity,
           unit_price_minor, price_includes_tax, discount_minor, taxable_minor, tax_class,
           tax_rate, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor, weight_grams
      from unnest(:lines::orders.new_line[])
    """
)

# In the order of the migration's types, which follows their statements above.
_BEFORE_ADDRESSES = attrgetter(
    "id",
    "number",
    "public_token",
    "customer_id",
    "customer_name",
    "customer_email",
    "customer_phone",
    "customer_gstin",
    "channel",
    "currency",
    "payment_method",
    "status",
)
_AFTER_ADDRESSES = attrgetter(
    "place_of_supply",
    "discount_minor",
    "taxable_minor",
    "tax_minor",
    "total_minor",
    "expires_at",
    "promised_on",
    "note",
    "owner_id",
    "team_id",
    "territory_id",
    "is_sez",
    "round_off_minor",
)
_OF_LINE = attrgetter(
    "line_no",
    "id",
    "variant_id",
    "sku",
    "title",
    "hsn",
    "unit",
    "quantity",
    "unit_price_minor",
    "price_includes_tax",
    "discount_minor",
    "taxable_minor",
    "tax_class",
    "tax_rate",
    "cgst_minor",
    "sgst_minor",
    "igst_minor",
    "cess_minor",
    "total_minor",
    "weight_grams",
)


async def insert(tx: Tx, orders: Sequence[OrderSnapshot], now: datetime) -> None:
    """At the transaction's end: nobody who places them reads them before."""
    await tx.later(INSERT_ORDERS, now=now, orders=[_row(order) for order in orders])
    lines = [(order.id, *_OF_LINE(line)) for order in orders for line in order.lines]
    await tx.later(INSERT_LINES, lines=lines)


def _row(order: OrderSnapshot) -> tuple[Any, ...]:
    addresses = (_json(order.ship_to), _json(order.bill_to))
    return (*_BEFORE_ADDRESSES(order), *addresses, *_AFTER_ADDRESSES(order))


def _json(address: Address) -> str:
    return msgspec.json.encode(address).decode()
