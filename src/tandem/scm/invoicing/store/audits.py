"""Reading a whole series again: its numbers, its links and its content."""

from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.invoicing.domain.seals import SEALED_HEAD, SEALED_LINE

SERIES = Query(
    """
    select count(*) as issued, coalesce(min(seq), 0) as first_seq,
           coalesce(max(seq), 0) as last_seq,
           (select next_value - 1
              from kernel.number_series
             where org_id = :org_id and kind = 'invoicing.' || :series and period = :fy)
               as taken
      from invoicing.invoice
     where org_id = :org_id and series = :series and fy = :fy
    """
)

GAPS = Query(
    """
    select seq + 1 as first_missing, next_seq - 1 as last_missing
      from (select seq, coalesce(lead(seq) over (order by seq), :taken::bigint + 1) as next_seq
              from (select 0::bigint as seq
                     union all
                    select seq
                      from invoicing.invoice
                     where org_id = :org_id and series = :series and fy = :fy) numbers) pairs
     where next_seq > seq + 1
     order by seq
     limit 100
    """
)

BROKEN_LINKS = Query(
    """
    select number
      from (select seq, number, prev_hash,
                   lag(hash, 1, repeat('0', 64)) over (order by seq) as expected
              from invoicing.invoice
             where org_id = :org_id and series = :series and fy = :fy) chain
     where prev_hash <> expected
     order by seq
     limit 100
    """
)

CONTENT = Query(
    """
    select i.id, i.kind, i.series, i.fy, i.seq, i.number, i.original_id, i.original_number,
           i.credit_no, i.order_id, i.order_number, i.customer_id, i.refund_id, i.reason,
           i.issued_at, i.issued_on, i.seller, i.buyer, i.ship_to, i.place_of_supply,
           i.supply_kind, i.clause, i.is_inter_state, i.payment_method, i.paid_minor, i.currency,
           i.taxable_minor, i.cgst_minor, i.sgst_minor, i.igst_minor, i.cess_minor,
           i.round_off_minor, i.total_minor, i.irn, i.prev_hash, i.hash
      from invoicing.invoice i
     where i.org_id = :org_id and i.series = :series and i.fy = :fy and i.seq > :after_seq
     order by i.seq
     limit :count
    """
)

LINES = Query(
    """
    select invoice_id, id, line_no, order_line_id, original_line_id, sku, title, hsn, unit,
           quantity, unit_price_minor, price_includes_tax, discount_minor, tax_class, tax_rate,
           taxable_minor, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor
      from invoicing.invoice_line
     where org_id = :org_id and invoice_id = any(:invoice_ids::uuid[])
     order by invoice_id, line_no
    """
)


async def read_series(tx: Tx, *, series: str, fy: str) -> dict[str, Any]:
    return dict((await tx.records(SERIES, series=series, fy=fy))[0])


async def list_gaps(tx: Tx, *, series: str, fy: str, taken: int) -> list[tuple[int, int]]:
    rows = await tx.records(GAPS, series=series, fy=fy, taken=taken)
    return [(row["first_missing"], row["last_missing"]) for row in rows]


async def list_broken_links(tx: Tx, *, series: str, fy: str) -> list[str]:
    rows = await tx.records(BROKEN_LINKS, series=series, fy=fy)
    return [row["number"] for row in rows]


async def read_sealed(
    tx: Tx, *, series: str, fy: str, after_seq: int, count: int
) -> list[dict[str, Any]]:
    """Rows exactly as stored, each with its `lines`: what the hash was made of."""
    heads = await tx.records(CONTENT, series=series, fy=fy, after_seq=after_seq, count=count)
    lines: dict[UUID, list[dict[str, Any]]] = {head["id"]: [] for head in heads}
    for row in await tx.records(LINES, invoice_ids=list(lines)):
        lines[row["invoice_id"]].append({name: row[name] for name in SEALED_LINE})
    sealed = [*SEALED_HEAD, "prev_hash", "hash"]
    return [{**{name: head[name] for name in sealed}, "lines": lines[head["id"]]} for head in heads]
