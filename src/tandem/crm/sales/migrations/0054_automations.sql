-- When something happens to a lead or a deal, and what is asked of it holds, something is done.
create table sales.automation (
    org_id     uuid        not null,
    id         uuid        not null,
    name       text        not null check (length(name) between 1 and 80),
    trigger    text        not null
               check (trigger in ('lead_came', 'lead_came_again', 'lead_moved', 'lead_crossed',
                                  'lead_assigned', 'deal_opened', 'deal_moved', 'deal_won',
                                  'deal_lost')),
    only_to    text        not null default '' check (length(only_to) <= 80),
    condition  jsonb       check (jsonb_typeof(condition) = 'object'),
    actions    jsonb       not null
               check (jsonb_typeof(actions) = 'array' and jsonb_array_length(actions) between 1 and 10),
    is_active  boolean     not null default true,
    version    int         not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (org_id, id)
);
create unique index automation_name on sales.automation (org_id, lower(name));
select kernel.tenant_table('sales.automation');

-- What each of them did, once for an event. Stopped: it had acted on the record often enough.
create table sales.automation_run (
    org_id        uuid        not null,
    id            uuid        not null,
    automation_id uuid        not null,
    event_id      uuid        not null,
    subject_kind  text        not null check (subject_kind in ('lead', 'opportunity')),
    subject_id    uuid        not null,
    number        text        not null,
    outcome       text        not null check (outcome in ('done', 'failed', 'stopped')),
    note          text        not null default '',
    at            timestamptz not null,
    primary key (org_id, id),
    unique (org_id, automation_id, event_id),
    foreign key (org_id, automation_id) references sales.automation (org_id, id) on delete cascade
);
create index automation_run_of on sales.automation_run (org_id, automation_id, at desc, id desc);
create index automation_run_beside
    on sales.automation_run (org_id, subject_id, automation_id, at);
select kernel.tenant_table('sales.automation_run');
