-- The log of who got which lead has no DELETE for anybody. A lead that a file brought by mistake and
-- nobody touched goes whole; this is the only way. Answers which went.
create function sales.withdraw_leads(p_ids uuid[]) returns setof uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_org  constant uuid := current_setting('app.org_id')::uuid;
    v_gone uuid[];
begin
    select coalesce(array_agg(held.id), '{}') into v_gone
      from (select l.id from sales.lead l
             where l.org_id = v_org and l.id = any(p_ids) and l.kind <> 'converted'
               and l.merged_into_id is null and l.erased_at is null and l.touch_count = 1
             order by l.id
               for update) as held
     where not exists (select from sales.lead_note x where x.org_id = v_org and x.lead_id = held.id)
       and not exists (select from sales.checklist_tick x
                        where x.org_id = v_org and x.lead_id = held.id)
       and not exists (select from sales.conversion x
                        where x.org_id = v_org and x.lead_id = held.id)
       and not exists (select from sales.form_submission x
                        where x.org_id = v_org and x.lead_id = held.id)
       and not exists (select from sales.lead x
                        where x.org_id = v_org and x.merged_into_id = held.id);
    delete from sales.score_event where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead_event where org_id = v_org and lead_id = any(v_gone);
    delete from sales.assignment_wait where org_id = v_org and lead_id = any(v_gone);
    delete from sales.assignment_log where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead_touch where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead_key where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead where org_id = v_org and id = any(v_gone);
    return query select unnest(v_gone);
end $$;
revoke all on function sales.withdraw_leads(uuid[]) from public;
grant execute on function sales.withdraw_leads(uuid[]) to tandem_app;
