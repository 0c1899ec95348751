"""A month's documents, grouped as a return wants them."""

from datetime import date

from tandem.kernel.db import Query, Tx
from tandem.scm.invoicing.domain.gstr1 import Consumers, Goods, Issued, Named, Untaxed

MONTH = "i.org_id = :org_id and i.issued_on between :first and :last"
SIGN = "case i.kind when 'CRN' then -1 else 1 end"

# A credit note stands in the table that its invoice stood in, whatever is left of it.
TABLE = """case when i.supply_kind like 'EXP%' then 'exp'
                when i.supply_kind <> 'B2C' then 'b2b'
                when coalesce(o.is_inter_state, i.is_inter_state)
                     and coalesce(o.total_minor, i.total_minor) > (
                         select t.amount_minor
                           from invoicing.threshold t
                          where t.org_id in (i.org_id, '00000000-0000-0000-0000-000000000000')
                            and t.name = 'large_consumer_sale'
                            and t.valid_from <= coalesce(o.issued_on, i.issued_on)
                          order by t.valid_from desc, t.org_id desc
                          limit 1) then 'b2cl'
                else 'b2cs' end"""
LINES = """invoicing.invoice i
      left join invoicing.invoice o on o.org_id = i.org_id and o.id = i.original_id
      join invoicing.invoice_line l on l.org_id = i.org_id and l.invoice_id = i.id"""

# Nothing untaxed at home has a rate; what leaves the country or goes to a zone may have none.
IS_TAXED = "(l.tax_rate <> '0' or i.supply_kind in ('SEZWP', 'SEZWOP', 'EXPWP', 'EXPWOP'))"

ODD = Query(
    f"""
    select i.number
      from invoicing.invoice i
     where {MONTH}
       and (i.currency <> 'INR'
            or (i.supply_kind like 'SEZ%' and i.buyer ->> 'gstin' is null))
     order by i.issued_at, i.id
     limit 20
    """
)

NAMED = Query(
    f"""
    select {TABLE} as "table", i.kind, i.number, i.issued_on, i.total_minor,
           i.buyer ->> 'gstin' as gstin, i.place_of_supply, i.supply_kind, i.is_inter_state,
           l.tax_rate, sum(l.taxable_minor)::bigint as taxable_minor,
           sum(l.cgst_minor)::bigint as cgst_minor, sum(l.igst_minor)::bigint as igst_minor,
           sum(l.cess_minor)::bigint as cess_minor
      from {LINES}
     where {MONTH} and {TABLE} <> 'b2cs' and {IS_TAXED}
     group by 1, i.kind, i.number, i.issued_on, i.total_minor, i.buyer, i.place_of_supply,
              i.supply_kind, i.is_inter_state, l.tax_rate, i.seq
     order by i.kind desc, i.seq, l.tax_rate::numeric
     limit :count
    """
)

CONSUMERS = Query(
    f"""
    select i.place_of_supply, i.is_inter_state, l.tax_rate,
           sum({SIGN} * l.taxable_minor)::bigint as taxable_minor,
           sum({SIGN} * l.cgst_minor)::bigint as cgst_minor,
           sum({SIGN} * l.igst_minor)::bigint as igst_minor,
           sum({SIGN} * l.cess_minor)::bigint as cess_minor
      from {LINES}
     where {MONTH} and {TABLE} = 'b2cs' and {IS_TAXED}
     group by i.place_of_supply, i.is_inter_state, l.tax_rate
     order by i.place_of_supply, i.is_inter_state, l.tax_rate::numeric
    """
)

UNTAXED = Query(
    f"""
    select i.is_inter_state, i.supply_kind <> 'B2C' as is_business,
           coalesce(sum({SIGN} * l.taxable_minor) filter (where l.tax_class = 'exempt'), 0)::bigint
               as exempt_minor,
           coalesce(sum({SIGN} * l.taxable_minor) filter (where l.tax_class <> 'exempt'), 0)::bigint
               as nil_minor
      from {LINES}
     where {MONTH} and not {IS_TAXED}
     group by 1, 2
     order by 1 desc, 2 desc
    """
)

GOODS = Query(
    f"""
    select i.supply_kind <> 'B2C' as is_business, l.hsn, l.unit, l.tax_rate,
           sum({SIGN} * l.quantity)::bigint as quantity,
           sum({SIGN} * l.taxable_minor)::bigint as taxable_minor,
           sum({SIGN} * l.cgst_minor)::bigint as cgst_minor,
           sum({SIGN} * l.igst_minor)::bigint as igst_minor,
           sum({SIGN} * l.cess_minor)::bigint as cess_minor
      from {LINES}
     where {MONTH}
     group by 1, l.hsn, l.unit, l.tax_rate
     order by 1, l.hsn, l.unit, l.tax_rate::numeric
    """
)

ISSUED = Query(
    f"""
    select i.kind, (array_agg(i.number order by i.seq))[1] as first_number,
           (array_agg(i.number order by i.seq desc))[1] as last_number, count(*) as count
      from invoicing.invoice i
     where {MONTH}
     group by i.kind
     order by i.kind desc
    """
)


async def list_odd(tx: Tx, *, first: date, last: date) -> list[str]:
    """Numbers of documents that no table takes: another currency, a zone's buyer unregistered."""
    return [row["number"] for row in await tx.records(ODD, first=first, last=last)]


async def list_named(tx: Tx, *, first: date, last: date, count: int) -> list[Named]:
    return await tx.many(NAMED, Named, first=first, last=last, count=count)


async def list_consumers(tx: Tx, *, first: date, last: date) -> list[Consumers]:
    return await tx.many(CONSUMERS, Consumers, first=first, last=last)


async def list_untaxed(tx: Tx, *, first: date, last: date) -> list[Untaxed]:
    return await tx.many(UNTAXED, Untaxed, first=first, last=last)


async def list_goods(tx: Tx, *, first: date, last: date) -> list[Goods]:
    return await tx.many(GOODS, Goods, first=first, last=last)


async def list_issued(tx: Tx, *, first: date, last: date) -> list[Issued]:
    return await tx.many(ISSUED, Issued, first=first, last=last)
