-- name: a secret that left our hands is kept nowhere
select org_id, id, state
  from notifications.message
 where is_secret and state in ('sent', 'failed') and (text <> '' or html <> '');

-- name: a message that was sent was handed over, and none is in two hands
select org_id, id, state
  from notifications.message
 where (state = 'sent' and handed_over_at is null) or (state = 'queued' and lease_until is not null);

-- name: no message was taken by its provider twice (a hand-over names the provider's id, a receipt none)
select org_id, message_id, count(*)
  from notifications.attempt
 where outcome = 'sent' and detail <> ''
 group by org_id, message_id
having count(*) > 1;
