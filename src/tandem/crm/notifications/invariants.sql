-- name: a provider is heard about messages that it carried, and about no other
select r.org_id, r.id, r.provider_id
  from notifications.receipt r
 where r.state in ('applied', 'stale')
   and not exists (select 1 from notifications.carriage c
                    where c.org_id = r.org_id and c.message_id = r.message_id
                      and c.provider_id = r.provider_id);

-- name: a secret that left our hands is kept nowhere
select org_id, id, state
  from notifications.message
 where is_secret and (text <> '' or html <> '')
   and state in ('sent', 'delivered', 'bounced', 'complained', 'failed', 'skipped');

-- name: what was left out never left
select org_id, id, reason
  from notifications.message
 where state in ('held', 'skipped') and handed_over_at is not null;

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

-- name: nobody has switched off what is mandatory
select org_id, subject_kind, subject_id, category
  from notifications.preference
 where category in ('account', 'orders', 'security') and pace <> 'now';

-- name: what was mailed to a member was due
select org_id, id, due_at, mailed_at
  from notifications.digest_entry
 where mailed_at < due_at;

-- name: what a template says now was published, and its draft was not
select org_id, id, state
  from notifications.template_version
 where (state = 'published' and published_at is null) or (state = 'draft' and published_at is not null);
