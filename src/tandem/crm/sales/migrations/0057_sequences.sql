-- A few mails from one rep to one lead, some days apart, until the lead answers.
create table sales.mail_sequence (
    org_id       uuid        not null,
    id           uuid        not null,
    name         text        not null check (length(name) between 1 and 80),
    steps        jsonb       not null
                 check (jsonb_typeof(steps) = 'array' and jsonb_array_length(steps) between 1 and 10),
    reply_to     text        not null default '' check (length(reply_to) <= 254),
    asks_consent boolean     not null default false,
    is_active    boolean     not null default true,
    version      int         not null default 1,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (org_id, id)
);
create unique index mail_sequence_name on sales.mail_sequence (org_id, lower(name));
select kernel.tenant_table('sales.mail_sequence');

-- `sent` mails were handed to the ledger; the next one is due at `due_at`.
create table sales.sequence_run (
    org_id      uuid        not null,
    id          uuid        not null,
    sequence_id uuid        not null,
    lead_id     uuid        not null,
    sender_id   uuid        not null,
    state       text        not null check (state in ('running', 'finished', 'stopped')),
    reason      text        not null default '',
    sent        int         not null default 0,
    due_at      timestamptz,
    started_at  timestamptz not null,
    ended_at    timestamptz,
    actor_label text        not null,
    primary key (org_id, id),
    foreign key (org_id, sequence_id) references sales.mail_sequence (org_id, id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id),
    check ((state = 'running') = (due_at is not null)),
    check ((state = 'running') = (ended_at is null))
);
create unique index sequence_run_one on sales.sequence_run (org_id, lead_id)
    where state = 'running';
create index sequence_run_due on sales.sequence_run (org_id, due_at) where state = 'running';
create index sequence_run_of on sales.sequence_run (org_id, sequence_id, id);
create index sequence_run_lead on sales.sequence_run (org_id, lead_id, id);
select kernel.tenant_table('sales.sequence_run');

-- Whoever is in a sequence was touched: a file that is taken back leaves them.
create or replace function sales.withdraw_leads(p_ids uuid[]) returns setof uuid
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
                        where x.org_id = v_org and x.merged_into_id = held.id)
       and not exists (select from sales.sequence_run x
                        where x.org_id = v_org and x.lead_id = held.id);
    delete from sales.score_event where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead_event where org_id = v_org and lead_id = any(v_gone);
    delete from sales.assignment_wait where org_id = v_org and lead_id = any(v_gone);
    delete from sales.assignment_log where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead_touch where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead_key where org_id = v_org and lead_id = any(v_gone);
    delete from sales.lead where org_id = v_org and id = any(v_gone);
    return query select unnest(v_gone);
end $$;
