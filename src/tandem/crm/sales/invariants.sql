-- name: an opportunity stands in a stage of its own pipeline, and has that stage's kind
select o.org_id, o.id
  from sales.opportunity o
  join sales.stage s on s.org_id = o.org_id and s.id = o.stage_id
 where s.pipeline_id <> o.pipeline_id or s.kind <> o.status;

-- name: an opportunity's history ends where it stands
select o.org_id, o.id
  from sales.opportunity o
 where o.stage_id is distinct from (
     select c.to_stage_id from sales.stage_change c
      where c.org_id = o.org_id and c.opportunity_id = o.id
      order by c.id desc limit 1);

-- name: a lead is what its status means
select l.org_id, l.id
  from sales.lead l
  join sales.lead_status s on s.org_id = l.org_id and s.id = l.status_id
 where s.kind <> l.kind;

-- name: a contact that is a lead's key stands on that lead, or on one merged into it
select k.org_id, k.lead_id
  from sales.lead_key k
 where not exists (
     select from sales.lead l
      where l.org_id = k.org_id and (l.id = k.lead_id or l.merged_into_id = k.lead_id)
        and k.value = case k.kind when 'email' then l.email else l.phone end);

-- name: no touch of a lead is counted that is not there
select l.org_id, l.id
  from sales.lead l
 where l.touch_count < (select count(*) from sales.lead_touch t
                         where t.org_id = l.org_id and t.lead_id = l.id);

-- name: a deal whose amount follows its lines is worth what they come to, unless a quote made it
select o.org_id, o.id
  from sales.opportunity o
 where o.amount_source = 'lines' and o.order_id is null and o.status = 'open'
   and o.amount_minor is distinct from (
       select sum(l.taxable_minor) from sales.opportunity_line l
        where l.org_id = o.org_id and l.opportunity_id = o.id)
   and not exists (select from sales.quote q
                    where q.org_id = o.org_id and q.opportunity_id = o.id
                      and q.state = 'accepted');

-- name: a quote comes to what its lines come to
select q.org_id, q.id
  from sales.quote q
 where q.taxable_minor <> coalesce((
           select sum(l.taxable_minor) from sales.quote_line l
            where l.org_id = q.org_id and l.quote_id = q.id), 0);

-- name: a quote has at most one version that the buyer can answer
select q.org_id, q.number
  from sales.quote q
 where q.state in ('sent', 'viewed', 'accepted')
 group by q.org_id, q.number
having count(*) > 1;

-- name: quotes are numbered without a gap
select q.org_id
  from sales.quote q
 group by q.org_id
having count(distinct q.number) <> max(substr(q.number, 5)::int) - 1000;

-- name: an automation in use hears of what it waits for
select a.org_id, a.id
  from sales.automation a
 where a.is_active and not exists (
       select from kernel.event_tap t
        where t.org_id = a.org_id and t.subscriber = 'automations.react');
