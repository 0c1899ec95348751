"""Writing a batch of new orders with all their lines: one statement, however many they are."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.db import Query, Tx, columns

INSERT = Query(
    """
    with placed as (
        insert into orders.order
               (org_id, id, number, public_token, customer_id, customer_name, customer_email,
                customer_phone, customer_gstin, channel, currency, payment_method, status,
                ship_to, bill_to, place_of_supply, discount_minor, taxable_minor, tax_minor,
                total_minor, placed_at, expires_at, promised_on, note, updated_at)
        select :org_id, id, number, public_token, customer_id, customer_name, customer_email,
               customer_phone, customer_gstin, channel, currency, payment_method, status,
               ship_to::jsonb, bill_to::jsonb, place_of_supply, discount_minor, taxable_minor,
               tax_minor, total_minor, :now::timestamptz, expires_at, promised_on, note,
               :now::timestamptz
          from unnest(:id::uuid[], :number::text[], :public_token::text[], :customer_id::uuid[],
                      :customer_name::text[], :customer_email::text[], :customer_phone::text[],
                      :customer_gstin::text[], :channel::text[], :currency::text[],
                      :payment_method::text[], :status::text[], :ship_to::text[],
                      :bill_to::text[], :place_of_supply::text[], :discount_minor::bigint[],
                      :taxable_minor::bigint[], :tax_minor::bigint[], :total_minor::bigint[],
                      :expires_at::timestamptz[], :promised_on::date[], :note::text[])
               as new (id, number, public_token, customer_id, customer_name, customer_email,
                       customer_phone, customer_gstin, channel, currency, payment_method, status,
                       ship_to, bill_to, place_of_supply, discount_minor, taxable_minor,
                       tax_minor, total_minor, expires_at, promised_on, note)
    )
    insert into orders.line
           (org_id, order_id, line_no, id, variant_id, sku, title, hsn, unit, quantity,
            unit_price_minor, price_includes_tax, discount_minor, taxable_minor, tax_class,
            tax_rate, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor, weight_grams)
    select :org_id, order_id, line_no, id, variant_id, sku, title, hsn, unit, quantity,
           unit_price_minor, price_includes_tax, discount_minor, taxable_minor, tax_class,
           tax_rate, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor, weight_grams
      from unnest(:line_order_id::uuid[], :line_line_no::int[], :line_id::uuid[],
                  :line_variant_id::uuid[], :line_sku::text[], :line_title::text[],
                  :line_hsn::text[], :line_unit::text[], :line_quantity::int[],
                  :line_unit_price_minor::bigint[], :line_price_includes_tax::boolean[],
                  :line_discount_minor::bigint[], :line_taxable_minor::bigint[],
                  :line_tax_class::text[], :line_tax_rate::text[], :line_cgst_minor::bigint[],
                  :line_sgst_minor::bigint[], :line_igst_minor::bigint[],
                  :line_cess_minor::bigint[], :line_total_minor::bigint[],
                  :line_weight_grams::int[])
           as new (order_id, line_no, id, variant_id, sku, title, hsn, unit, quantity,
                   unit_price_minor, price_includes_tax, discount_minor, taxable_minor, tax_class,
                   tax_rate, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor,
                   weight_grams)
    """
)

ORDER_COLUMNS = (
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
    "place_of_supply",
    "discount_minor",
    "taxable_minor",
    "tax_minor",
    "total_minor",
    "expires_at",
    "promised_on",
    "note",
)
LINE_COLUMNS = (
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
    lines = [line for order in orders for line in order.lines]
    of_lines = columns(lines, *LINE_COLUMNS)
    await tx.run(
        INSERT,
        now=now,
        ship_to=[_json(order.ship_to) for order in orders],
        bill_to=[_json(order.bill_to) for order in orders],
        line_order_id=[order.id for order in orders for _ in order.lines],
        **columns(orders, *ORDER_COLUMNS),
        **{f"line_{name}": values for name, values in of_lines.items()},
    )


def _json(address: Address) -> str:
    return msgspec.json.encode(address).decode()
