-- name: an active address has its topics tapped
select e.org_id, e.id, topic
  from webhooks.endpoint e, unnest(e.topics) as topic
 where e.is_active and not exists (
       select from kernel.event_tap t
        where t.org_id = e.org_id and t.topic = topic and t.subscriber = 'webhooks.forward');

-- name: a message that was sent was tried
select m.org_id, m.id
  from webhooks.message m
 where m.state = 'sent' and m.attempts = 0;
