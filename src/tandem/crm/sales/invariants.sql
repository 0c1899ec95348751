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
