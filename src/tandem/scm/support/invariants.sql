-- name: a complaint that rests has no running clock for its resolution
select org_id, number, status
  from support.complaint
 where status in ('waiting_customer', 'resolved', 'closed') and resolution_due_at is not null;

-- name: a complaint that is worked on has a running clock for its resolution
select org_id, number, status
  from support.complaint
 where status in ('open', 'acknowledged', 'in_progress', 'reopened') and resolution_due_at is null;

-- name: resolved and closed complaints say when
select org_id, number, status
  from support.complaint
 where (status in ('resolved', 'closed') and resolved_at is null)
    or (status = 'closed') <> (closed_at is not null);

-- name: a complaint that was answered waits for no first answer
select org_id, number
  from support.complaint
 where responded_at is not null and response_due_at is not null;

-- name: only complaints that were resolved are rated
select org_id, number
  from support.complaint
 where rating is not null and rated_at is null;

-- name: every complaint's history begins with its opening and ends in its state
select c.org_id, c.number, c.status
  from support.complaint c
 where c.status is distinct from (
       select s.after from support.step s
        where s.org_id = c.org_id and s.complaint_id = c.id and s.kind = 'status'
        order by s.id desc limit 1);

-- name: a link that works has its issue, and each side of it once
select org_id, id, state
  from support.jira_link
 where state in ('linked', 'conflict') and (issue_id is null or issue_key = '');

-- name: a message from Jira has its comment
select m.org_id, m.id
  from support.message m
  join support.jira_link l on l.org_id = m.org_id and l.complaint_id = m.complaint_id
 where m.origin = 'jira' and l.state in ('linked', 'conflict') and m.created_at >= l.linked_at
   and not exists (select 1 from support.jira_message j
                    where j.org_id = m.org_id and j.message_id = m.id);

-- name: what was told to Jira as a comment is marked with the comment it became
select o.org_id, o.id
  from support.jira_outbox o
  join support.jira_link l on l.org_id = o.org_id and l.id = o.link_id
 where o.op = 'comment' and o.state = 'done' and o.error = '' and l.state in ('linked', 'conflict')
   and not exists (select 1 from support.jira_message j
                    where j.org_id = o.org_id and j.link_id = o.link_id
                      and j.message_id = o.subject_id);
