-- name: every number up to a series' counter has its document
select s.org_id, s.kind, s.period, s.next_value - 1 as counter, count(i.seq) as issued, max(i.seq)
  from kernel.number_series s
  left join invoicing.invoice i
    on i.org_id = s.org_id and 'invoicing.' || i.series = s.kind and i.fy = s.period
 where s.kind like 'invoicing.%'
 group by s.org_id, s.kind, s.period, s.next_value
having count(i.seq) <> s.next_value - 1 or coalesce(max(i.seq), 0) <> s.next_value - 1;

-- name: every document has a counter above it
select i.org_id, i.series, i.fy, max(i.seq)
  from invoicing.invoice i
  left join kernel.number_series s
    on s.org_id = i.org_id and s.kind = 'invoicing.' || i.series and s.period = i.fy
 group by i.org_id, i.series, i.fy, s.next_value
having s.next_value is null or max(i.seq) >= s.next_value;

-- name: the lines of a document make its totals, kind by kind
select i.org_id, i.number
  from invoicing.invoice i
  left join invoicing.invoice_line l on l.org_id = i.org_id and l.invoice_id = i.id
 group by i.org_id, i.id, i.number
having coalesce(sum(l.taxable_minor), 0) <> i.taxable_minor
    or coalesce(sum(l.cgst_minor), 0) <> i.cgst_minor
    or coalesce(sum(l.sgst_minor), 0) <> i.sgst_minor
    or coalesce(sum(l.igst_minor), 0) <> i.igst_minor
    or coalesce(sum(l.cess_minor), 0) <> i.cess_minor;

-- name: credit notes never exceed their invoice's line in quantity or any kind of amount
select o.org_id, o.invoice_id, o.line_no
  from invoicing.invoice_line o
  join invoicing.invoice_line c on c.org_id = o.org_id and c.original_line_id = o.id
 group by o.org_id, o.id
having sum(c.quantity) > o.quantity or sum(c.taxable_minor) > o.taxable_minor
    or sum(c.cgst_minor) > o.cgst_minor or sum(c.sgst_minor) > o.sgst_minor
    or sum(c.igst_minor) > o.igst_minor or sum(c.cess_minor) > o.cess_minor;

-- name: credit notes never exceed their invoice's total
select o.org_id, o.number, o.total_minor, sum(c.total_minor)
  from invoicing.invoice o
  join invoicing.invoice c on c.org_id = o.org_id and c.original_id = o.id
 group by o.org_id, o.id, o.number, o.total_minor
having sum(c.total_minor) > o.total_minor;

-- name: a credit note's lines stand against lines of its own invoice, at their rate
select c.org_id, n.number, c.line_no
  from invoicing.invoice_line c
  join invoicing.invoice n on n.org_id = c.org_id and n.id = c.invoice_id
  left join invoicing.invoice_line o
    on o.org_id = c.org_id and o.id = c.original_line_id and o.invoice_id = n.original_id
 where n.kind = 'CRN' and (o.id is null or o.tax_rate <> c.tax_rate);

-- name: each document is chained to the one before it
select org_id, number
  from (select org_id, series, number, prev_hash,
               lag(hash, 1, repeat('0', 64)) over (partition by org_id, series, fy order by seq)
                   as expected
          from invoicing.invoice) chain
 where prev_hash <> expected;
