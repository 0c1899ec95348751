-- Whose leads become whose. Rules are asked in order of position; the first that holds for a lead and
-- has somebody eligible gives it away.
create table sales.assignment_rule (
    org_id       uuid        not null,
    id           uuid        not null,
    position     int         not null,
    name         text        not null check (length(name) between 1 and 80),
    condition    jsonb       check (jsonb_typeof(condition) = 'object'),
    strategy     text        not null
                 check (strategy in ('round_robin', 'least_busy', 'territory', 'owner')),
    user_ids     uuid[]      not null default '{}' check (cardinality(user_ids) <= 200),
    team_id      uuid,
    territory_id uuid,
    owner_id     uuid,
    load_cap     int         check (load_cap between 0 and 10000),
    keeps_hours  boolean     not null default false,
    is_active    boolean     not null default true,
    version      int         not null default 1,
    created_at   timestamptz not null,
    primary key (org_id, id),
    check (strategy <> 'owner' or owner_id is not null)
);
create unique index assignment_rule_name on sales.assignment_rule (org_id, lower(name));
create index assignment_rule_order on sales.assignment_rule (org_id, position, id);
select kernel.tenant_table('sales.assignment_rule');

-- Who had the last one of each rule. Whoever gives a lead away by rules holds all cursors of the
-- company, so that turns and caps are exact over every rule.
create table sales.assignment_state (
    org_id       uuid   not null,
    rule_id      uuid   not null,
    last_user_id uuid,
    given        bigint not null default 0,
    primary key (org_id, rule_id),
    foreign key (org_id, rule_id) references sales.assignment_rule (org_id, id) on delete cascade
);
select kernel.tenant_table('sales.assignment_state');

create table sales.assignment_log (
    org_id        uuid        not null,
    id            uuid        not null,
    lead_id       uuid        not null,
    at            timestamptz not null,
    how           text        not null check (how in ('captured', 'by_hand', 'taken_up')),
    rule_id       uuid,
    rule_name     text        not null default '',
    owner_id      uuid,
    owner_name    text        not null default '',
    from_owner_id uuid,
    actor_label   text        not null,
    tried         jsonb       not null default '[]',
    primary key (org_id, id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
);
create index assignment_log_of on sales.assignment_log (org_id, lead_id, id);
select kernel.tenant_table('sales.assignment_log', append_only => true);

-- Leads that nobody was eligible for; taken up again when somebody is.
create table sales.assignment_wait (
    org_id  uuid        not null,
    lead_id uuid        not null,
    since   timestamptz not null,
    primary key (org_id, lead_id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
);
create index assignment_wait_since on sales.assignment_wait (org_id, since, lead_id);
select kernel.tenant_table('sales.assignment_wait');

-- When somebody works and how many open leads they carry; without a row, always and without limit.
create table sales.rep (
    org_id   uuid  not null,
    user_id  uuid  not null,
    hours    jsonb check (jsonb_typeof(hours) = 'object'),
    lead_cap int   check (lead_cap between 0 and 10000),
    primary key (org_id, user_id)
);
select kernel.tenant_table('sales.rep');

create table sales.absence (
    org_id   uuid        not null,
    id       uuid        not null,
    user_id  uuid        not null,
    from_at  timestamptz not null,
    until_at timestamptz not null,
    note     text        not null default '' check (length(note) <= 200),
    primary key (org_id, id),
    check (until_at > from_at)
);
create index absence_of on sales.absence (org_id, user_id, until_at);
select kernel.tenant_table('sales.absence');

create index lead_load on sales.lead (org_id, owner_id) where kind in ('open', 'qualified');
