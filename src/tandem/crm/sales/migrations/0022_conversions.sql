-- What became of a lead: everything one conversion made, linked or filled, so that it can be undone.
-- The id is the caller's, if they gave one: the same id converts once.
create table sales.conversion (
    org_id         uuid        not null,
    id             uuid        not null,
    lead_id        uuid        not null,
    customer_id    uuid        not null,
    account_id     uuid,
    opportunity_id uuid,
    before         jsonb       not null,
    refs           jsonb       not null,
    alike          jsonb       not null default '[]',
    converted_at   timestamptz not null,
    actor_label    text        not null,
    undone_at      timestamptz,
    undone_label   text        not null default '',
    undone         jsonb       not null default '[]',
    primary key (org_id, id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
);
create unique index conversion_of_lead on sales.conversion (org_id, lead_id)
    where undone_at is null;
create index conversion_history on sales.conversion (org_id, lead_id, converted_at);
select kernel.tenant_table('sales.conversion');

-- An opportunity's history has no DELETE for anybody. What a conversion made by mistake, and nobody
-- touched, goes whole; this is the only way.
create function sales.withdraw_opportunity(p_id uuid, p_version int) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    v_org constant uuid := current_setting('app.org_id')::uuid;
begin
    perform 1 from sales.opportunity
      where org_id = v_org and id = p_id and version = p_version and status = 'open'
        for update;
    if not found then
        return false;
    end if;
    delete from sales.stage_change where org_id = v_org and opportunity_id = p_id;
    delete from sales.opportunity where org_id = v_org and id = p_id;
    return true;
end $$;
revoke all on function sales.withdraw_opportunity(uuid, int) from public;
grant execute on function sales.withdraw_opportunity(uuid, int) to tandem_app;
