-- name: no payment has given back more than it took
select org_id, id, captured_minor, refunded_minor
  from payments.payment
 where refunded_minor > captured_minor;

-- name: a captured payment's refunded sum is the sum of its processed refunds
select p.org_id, p.id, p.refunded_minor, coalesce(sum(r.amount_minor), 0) as processed_minor
  from payments.payment p
  left join payments.refund r
    on r.org_id = p.org_id and r.payment_id = p.id and r.status = 'processed'
 where p.status in ('captured', 'partially_refunded', 'refunded')
 group by p.org_id, p.id, p.refunded_minor
having p.refunded_minor <> coalesce(sum(r.amount_minor), 0);

-- name: our own refunds that have not failed never exceed what was captured
select p.org_id, p.id, p.captured_minor, sum(r.amount_minor) as spoken_for_minor
  from payments.payment p
  join payments.refund r on r.org_id = p.org_id and r.payment_id = p.id
 where r.is_ours and r.status <> 'failed'
 group by p.org_id, p.id, p.captured_minor
having sum(r.amount_minor) > p.captured_minor;

-- name: every payment of a gateway rests on at least one ledger entry
select p.org_id, p.id, p.provider_payment_id
  from payments.payment p
 where not exists (
       select 1 from payments.payment_event e
        where e.org_id = p.org_id and e.provider = p.provider
          and e.provider_payment_id = p.provider_payment_id);

-- name: a payment's status follows from its sums
select org_id, id, status, captured_minor, refunded_minor
  from payments.payment
 where status in ('captured', 'partially_refunded', 'refunded')
   and status <> case when refunded_minor = 0 then 'captured'
                      when refunded_minor < captured_minor then 'partially_refunded'
                      else 'refunded' end;

-- name: a payment that reached its money has been judged
select org_id, id, status, standing
  from payments.payment
 where status in ('captured', 'partially_refunded', 'refunded') and standing = 'unjudged';

-- name: every misfit is in the inbox of exceptions
select p.org_id, p.id
  from payments.payment p
 where p.standing = 'misfit'
   and not exists (select 1 from payments.exception x
                    where x.org_id = p.org_id and x.payment_id = p.id);

-- name: a settlement's sums are those of its rows
select s.org_id, s.id, s.net_minor, s.fee_minor, sum(r.credit_minor - r.debit_minor) as rows_minor
  from payments.settlement s
  left join payments.settlement_row r on r.org_id = s.org_id and r.settlement_id = s.id
 group by s.org_id, s.id
having s.rows_count <> count(r.id)
    or s.net_minor <> coalesce(sum(r.credit_minor - r.debit_minor), 0)
    or s.fee_minor <> coalesce(sum(r.fee_minor), 0)
    or s.tax_minor <> coalesce(sum(r.tax_minor), 0)
    or s.payments_minor <> coalesce(sum(r.amount_minor) filter (where r.kind = 'payment'), 0)
    or s.refunds_minor <> coalesce(sum(r.amount_minor) filter (where r.kind = 'refund'), 0);

-- name: a processed settlement whose rows are not its amount is in the inbox or will be looked at
select s.org_id, s.id, s.amount_minor, s.net_minor, s.elsewhere_minor
  from payments.settlement s
 where s.status = 'processed' and not s.is_balanced and s.check_at is null
   and not exists (select 1 from payments.settlement_exception x
                    where x.org_id = s.org_id and x.settlement_id = s.id
                      and x.kind = 'unbalanced');

-- name: what was settled twice, and found to be ours, is in the inbox
select b.org_id, b.id, b.entity_id
  from payments.settlement_row a
  join payments.settlement_row b
    on b.org_id = a.org_id and b.kind = a.kind and b.entity_id = a.entity_id and b.id > a.id
  join payments.settlement sa on sa.org_id = a.org_id and sa.id = a.settlement_id
  join payments.settlement sb on sb.org_id = b.org_id and sb.id = b.settlement_id
 where a.kind in ('payment', 'refund') and sa.status = 'processed' and sb.status = 'processed'
   and not exists (select 1 from payments.settlement_exception x
                    where x.org_id = b.org_id and x.kind = 'settled_twice'
                      and x.subject_id = b.id);

-- name: a link is paid as far as the payments that count for it
select l.org_id, l.id, l.status, l.paid_minor, coalesce(sum(p.captured_minor), 0) as captured_minor
  from payments.link l
  left join payments.payment p
    on p.org_id = l.org_id and p.link_id = l.id and p.standing = 'counted'
 group by l.org_id, l.id
having l.paid_minor <> coalesce(sum(p.captured_minor), 0)
    or (l.status = 'paid') <> (l.paid_minor = l.amount_minor);

-- name: what a payment lost to disputes is the sum of its lost ones
select p.id
  from payments.payment p
  left join payments.dispute d on d.org_id = p.org_id and d.payment_id = p.id
 group by p.org_id, p.id, p.charged_back_minor
having p.charged_back_minor <> coalesce(sum(coalesce(nullif(d.deducted_minor, 0), d.amount_minor))
                                            filter (where d.status = 'lost'), 0);

-- name: an undecided dispute stands in the inbox of exceptions
select d.id
  from payments.dispute d
 where d.decided_at is null
   and not exists (select 1 from payments.exception x
                    where x.org_id = d.org_id and x.kind = 'disputed' and x.subject_id = d.id);
