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
