"""Issued documents: written once, read in many ways, never changed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import within_order
from tandem.scm.invoicing.domain.crediting import Credited
from tandem.scm.invoicing.domain.documents import Amounts, Invoice, InvoiceHead
from tandem.scm.invoicing.domain.numbers import Kind

LOCK_ORDER = Query(
    """
    select pg_advisory_xact_lock(
               hashtextextended(concat('invoicing', :org_id::uuid, :order_id::uuid), 0))
    """
)

FIND_OF_ORDER = Query(
    """
    select id
      from invoicing.invoice
     where org_id = :org_id and order_id = :order_id and kind = 'INV'
    """
)

FIND_OF_REFUND = Query(
    "select id from invoicing.invoice where org_id = :org_id and refund_id = :refund_id"
)

FIND_BY_NUMBER = Query(
    """
    select id
      from invoicing.invoice
     where org_id = :org_id and number = :number
     order by fy desc
     limit 1
    """
)

FIND_BY_IRN = Query(
    "select id from invoicing.invoice where org_id = :org_id and irn = :irn and irn <> '' limit 1"
)

GET = Query(
    """
    select id, kind, series, fy, seq, number, original_id, original_number, credit_no, order_id,
           order_number, customer_id, refund_id, reason, issued_at, issued_on, seller, buyer,
           ship_to, place_of_supply, supply_kind, clause, is_inter_state, payment_method,
           paid_minor, currency, taxable_minor, cgst_minor, sgst_minor, igst_minor, cess_minor,
           round_off_minor, total_minor, irn, prev_hash, hash,
           (select json_agg(json_build_object(
                       'id', l.id, 'line_no', l.line_no, 'order_line_id', l.order_line_id,
                       'original_line_id', l.original_line_id, 'sku', l.sku, 'title', l.title,
                       'hsn', l.hsn, 'unit', l.unit, 'quantity', l.quantity,
                       'unit_price_minor', l.unit_price_minor,
                       'price_includes_tax', l.price_includes_tax,
                       'discount_minor', l.discount_minor, 'tax_class', l.tax_class,
                       'tax_rate', l.tax_rate, 'taxable_minor', l.taxable_minor,
                       'cgst_minor', l.cgst_minor, 'sgst_minor', l.sgst_minor,
                       'igst_minor', l.igst_minor, 'cess_minor', l.cess_minor,
                       'total_minor', l.total_minor) order by l.line_no)
              from invoicing.invoice_line l
             where l.org_id = i.org_id and l.invoice_id = i.id) as lines
      from invoicing.invoice i
     where org_id = :org_id and id = :id
    """
)

_LISTED = """
    select id, kind, series, fy, seq, number, original_id, original_number, credit_no, order_id,
           order_number, customer_id, refund_id, reason, issued_at, issued_on, buyer,
           place_of_supply, supply_kind, clause, is_inter_state, payment_method, paid_minor,
           currency, taxable_minor, cgst_minor, sgst_minor, igst_minor, cess_minor,
           round_off_minor, total_minor, irn, prev_hash, hash
      from invoicing.invoice
     where org_id = :org_id
       and (:kind::text is null or kind = :kind)
       and (:issued_from::date is null or issued_on >= :issued_from)
       and (:issued_to::date is null or issued_on <= :issued_to)
       and (:number::text is null or position(lower(:number) in lower(number)) > 0)
"""
_LISTED += f"       and {within_order('order_id')}"
_NEWEST_FIRST = """
       and (:after_at::timestamptz is null or (issued_at, id) < (:after_at, :after_id::uuid))
     order by issued_at desc, id desc
     limit :count
"""
_OLDEST_FIRST = """
       and (:after_at::timestamptz is null or (issued_at, id) > (:after_at, :after_id::uuid))
     order by issued_at, id
     limit :count
"""

_OF_ORDER = """
       and order_id = :order_id
       and (:customer_id::uuid is null or customer_id = :customer_id)
"""
_OF_CUSTOMER = "and customer_id = :customer_id"

# One statement for each index: a plan that fits every filter would fit none of them.
LISTS: Mapping[tuple[str, bool], Query] = {
    ("", False): Query(_LISTED + _NEWEST_FIRST),
    ("", True): Query(_LISTED + _OLDEST_FIRST),
    ("order_id", False): Query(_LISTED + _OF_ORDER + _NEWEST_FIRST),
    ("order_id", True): Query(_LISTED + _OF_ORDER + _OLDEST_FIRST),
    ("customer_id", False): Query(_LISTED + _OF_CUSTOMER + _NEWEST_FIRST),
    ("customer_id", True): Query(_LISTED + _OF_CUSTOMER + _OLDEST_FIRST),
}

CREDITED = Query(
    """
    select l.original_line_id as line_id, sum(l.quantity)::bigint as quantity,
           sum(l.taxable_minor)::bigint as taxable_minor, sum(l.cgst_minor)::bigint as cgst_minor,
           sum(l.sgst_minor)::bigint as sgst_minor, sum(l.igst_minor)::bigint as igst_minor,
           sum(l.cess_minor)::bigint as cess_minor
      from invoicing.invoice i
      join invoicing.invoice_line l on l.org_id = i.org_id and l.invoice_id = i.id
     where i.org_id = :org_id and i.original_id = :original_id
     group by l.original_line_id
    """
)

CREDIT_NOTES = Query(
    """
    select id, credit_no, round_off_minor, total_minor
      from invoicing.invoice
     where org_id = :org_id and original_id = :original_id
     order by credit_no
    """
)

HASH_BEFORE = Query(
    """
    select hash
      from invoicing.invoice
     where org_id = :org_id and series = :series and fy = :fy and seq = :seq::bigint - 1
    """
)

INSERT = Query(
    """
    with document as (
        insert into invoicing.invoice
               (org_id, id, kind, series, fy, seq, number, original_id, original_number, credit_no,
                order_id, order_number, customer_id, refund_id, reason, issued_at, issued_on,
                seller, buyer, ship_to, place_of_supply, supply_kind, clause, is_inter_state,
                payment_method, paid_minor, currency, taxable_minor, cgst_minor, sgst_minor,
                igst_minor, cess_minor, round_off_minor, total_minor, irn, prev_hash, hash)
        values (:org_id, :id, :kind, :series, :fy, :seq, :number, :original_id, :original_number,
                :credit_no, :order_id, :order_number, :customer_id, :refund_id, :reason,
                :issued_at, :issued_on, :seller, :buyer, :ship_to, :place_of_supply, :supply_kind,
                :clause, :is_inter_state, :payment_method, :paid_minor, :currency, :taxable_minor,
                :cgst_minor, :sgst_minor, :igst_minor, :cess_minor, :round_off_minor,
                :total_minor, :irn, :prev_hash, :hash)
    )
    insert into invoicing.invoice_line
           (org_id, id, invoice_id, line_no, order_line_id, original_line_id, sku, title, hsn,
            unit, quantity, unit_price_minor, price_includes_tax, discount_minor, tax_class,
            tax_rate, taxable_minor, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor)
    select :org_id, id, :id, line_no, order_line_id, original_line_id, sku, title, hsn, unit,
           quantity, unit_price_minor, price_includes_tax, discount_minor, tax_class, tax_rate,
           taxable_minor, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor
      from jsonb_to_recordset(:lines::jsonb) as line
           (id uuid, line_no int, order_line_id uuid, original_line_id uuid, sku text, title text,
            hsn text, unit text, quantity int, unit_price_minor bigint, price_includes_tax boolean,
            discount_minor bigint, tax_class text, tax_rate text, taxable_minor bigint,
            cgst_minor bigint, sgst_minor bigint, igst_minor bigint, cess_minor bigint,
            total_minor bigint)
    """
)


class CreditNoteFacts(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    credit_no: int
    round_off_minor: int
    total_minor: int


async def lock_order(tx: Tx, order_id: UUID) -> None:
    """One at a time per order, until the transaction ends: issued rows cannot be locked.

    The app's role has no UPDATE on them, which `for update` would need.
    """
    await tx.run(LOCK_ORDER, order_id=order_id)


async def find_of_order(tx: Tx, order_id: UUID) -> Invoice | None:
    found = await tx.value(FIND_OF_ORDER, order_id=order_id)
    return await find(tx, found) if found else None


async def find_of_refund(tx: Tx, refund_id: UUID) -> Invoice | None:
    found = await tx.value(FIND_OF_REFUND, refund_id=refund_id)
    return await find(tx, found) if found else None


async def find_by_irn(tx: Tx, irn: str) -> UUID | None:
    found: UUID | None = await tx.value(FIND_BY_IRN, irn=irn)
    return found


async def find_by_number(tx: Tx, number: str) -> UUID | None:
    found: UUID | None = await tx.value(FIND_BY_NUMBER, number=number)
    return found


async def find(tx: Tx, invoice_id: UUID) -> Invoice | None:
    return await tx.one_or_none(GET, Invoice, id=invoice_id)


async def list_heads(
    tx: Tx,
    *,
    oldest_first: bool,
    kind: Kind | None,
    order_id: UUID | None,
    customer_id: UUID | None,
    issued_from: date | None,
    issued_to: date | None,
    number: str | None,
    after: tuple[datetime, UUID] | None,
    count: int,
) -> list[InvoiceHead]:
    by, owner = "", {}
    if order_id is not None:
        by, owner = "order_id", {"order_id": order_id, "customer_id": customer_id}
    elif customer_id is not None:
        by, owner = "customer_id", {"customer_id": customer_id}
    return await tx.many(
        LISTS[by, oldest_first],
        InvoiceHead,
        **owner,
        kind=kind,
        issued_from=issued_from,
        issued_to=issued_to,
        number=number,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        count=count,
        **tx.actor.reach("invoicing.read").params(),
    )


async def credited_lines(tx: Tx, invoice_id: UUID) -> dict[UUID, Credited]:
    """What earlier credit notes took, by the invoice's line."""
    rows = await tx.records(CREDITED, original_id=invoice_id)
    return {
        row["line_id"]: Credited(
            quantity=row["quantity"],
            amounts=Amounts(**{name: row[name] for name in Amounts.__struct_fields__}),
        )
        for row in rows
    }


async def list_credit_notes(tx: Tx, invoice_id: UUID) -> list[CreditNoteFacts]:
    return await tx.many(CREDIT_NOTES, CreditNoteFacts, original_id=invoice_id)


async def hash_before(tx: Tx, *, series: str, fy: str, seq: int) -> str | None:
    found: str | None = await tx.value(HASH_BEFORE, series=series, fy=fy, seq=seq)
    return found


async def insert(tx: Tx, columns: Mapping[str, Any]) -> None:
    """One statement for the document and its lines."""
    await tx.run(INSERT, **columns)
