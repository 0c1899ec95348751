-- name: every waiting delivery belongs to an event
select d.org_id, d.id, d.event_id
  from kernel.delivery d
  left join kernel.event e on e.org_id = d.org_id and e.id = d.event_id
 where e.id is null;

-- name: an idempotency key that was kept has its answer
select org_id, key
  from kernel.idempotency
 where status = 0;

-- name: every audit row follows the one before it, and none is missing
select org_id, seq, id, reason from kernel.audit_breaks();
