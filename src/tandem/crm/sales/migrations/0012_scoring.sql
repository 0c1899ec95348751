-- Points for what a lead is (fit) and for each thing it does (behaviour).
create table sales.score_rule (
    org_id         uuid        not null,
    id             uuid        not null,
    name           text        not null check (length(name) between 1 and 80),
    area           text        not null check (area in ('fit', 'behaviour')),
    rule           jsonb       not null,
    points         int         not null check (points between -1000 and 1000 and points <> 0),
    half_life_days int         check (half_life_days between 1 and 3650),
    expires_days   int         check (expires_days between 1 and 3650),
    times_max      int         check (times_max between 1 and 100),
    is_active      boolean     not null default true,
    version        int         not null default 1,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    primary key (org_id, id),
    check (area = 'behaviour' or (half_life_days is null and expires_days is null and times_max is null))
);
create unique index score_rule_name on sales.score_rule (org_id, lower(name));
select kernel.tenant_table('sales.score_rule');

create table sales.score_setting (
    org_id     uuid  not null,
    thresholds jsonb not null,
    version    int   not null default 1,
    primary key (org_id)
);
select kernel.tenant_table('sales.score_setting');

-- What leads did, each once however often it is told.
create table sales.lead_event (
    org_id  uuid        not null,
    id      uuid        not null,
    lead_id uuid        not null,
    kind    text        not null check (length(kind) between 1 and 40),
    dedupe  text        not null check (length(dedupe) between 1 and 200),
    facts   jsonb       not null default '{}',
    at      timestamptz not null,
    primary key (org_id, id),
    unique (org_id, dedupe),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
);
create index lead_event_of on sales.lead_event (org_id, lead_id, at desc, id);
select kernel.tenant_table('sales.lead_event');

-- The history of points. A rule gives points for one event once; what is taken back (the rule
-- changed, the lead no longer fits) is ended, and stays to be read.
create table sales.score_event (
    org_id         uuid        not null,
    id             uuid        not null,
    lead_id        uuid        not null,
    rule_id        uuid        not null,
    rule_version   int         not null,
    area           text        not null check (area in ('fit', 'behaviour')),
    event_key      text        not null,
    points         int         not null,
    reason         text        not null,
    half_life_days int,
    at             timestamptz not null,
    expires_at     timestamptz,
    ended_at       timestamptz,
    primary key (org_id, id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id),
    foreign key (org_id, rule_id) references sales.score_rule (org_id, id)
);
create unique index score_event_once on sales.score_event (org_id, lead_id, rule_id, event_key)
    where ended_at is null;
select kernel.tenant_table('sales.score_event');
