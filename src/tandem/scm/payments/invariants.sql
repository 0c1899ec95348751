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
