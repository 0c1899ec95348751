create schema sales;

create table sales.pipeline (
    org_id      uuid        not null,
    id          uuid        not null,
    name        text        not null check (length(name) between 1 and 80),
    position    int         not null,
    archived_at timestamptz,
    version     int         not null default 1,
    created_at  timestamptz not null,
    primary key (org_id, id),
    unique (org_id, name)
);
select kernel.tenant_table('sales.pipeline');

create table sales.stage (
    org_id          uuid not null,
    id              uuid not null,
    pipeline_id     uuid not null,
    name            text not null check (length(name) between 1 and 80),
    kind            text not null check (kind in ('open', 'won', 'lost')),
    position        int  not null,
    probability     int  not null check (probability between 0 and 100),
    required_fields text[] not null default '{}',
    wip_limit       int  check (wip_limit > 0),
    expected_days   int  check (expected_days > 0),
    version         int  not null default 1,
    primary key (org_id, id),
    foreign key (org_id, pipeline_id) references sales.pipeline (org_id, id),
    check (kind <> 'won' or probability = 100),
    check (kind <> 'lost' or probability = 0)
);
create index stage_of_pipeline on sales.stage (org_id, pipeline_id, position);
select kernel.tenant_table('sales.stage');

create table sales.opportunity (
    org_id             uuid        not null,
    id                 uuid        not null,
    number             text        not null,
    title              text        not null check (length(title) between 1 and 200),
    customer_id        uuid,
    customer_name      text        not null default '',
    pipeline_id        uuid        not null,
    stage_id           uuid        not null,
    status             text        not null check (status in ('open', 'won', 'lost')),
    amount_minor       bigint      check (amount_minor between 0 and 9007199254740992),
    currency           text        not null check (currency ~ '^[A-Z]{3}$'),
    fx_rate            numeric     not null check (fx_rate > 0),
    manual_probability int         check (manual_probability between 0 and 100),
    close_on           date,
    next_step          text        not null default '' check (length(next_step) <= 500),
    source             text        not null default '' check (length(source) <= 60),
    rank               text        not null collate "C",
    lost_reason        text        not null default '',
    lost_note          text        not null default '' check (length(lost_note) <= 1000),
    competitor         text        not null default '' check (length(competitor) <= 120),
    owner_id           uuid,
    team_id            uuid,
    territory_id       uuid,
    order_id           uuid,
    stage_entered_at   timestamptz not null,
    closed_at          timestamptz,
    version            int         not null default 1,
    created_at         timestamptz not null,
    primary key (org_id, id),
    unique (org_id, number),
    foreign key (org_id, pipeline_id) references sales.pipeline (org_id, id),
    foreign key (org_id, stage_id) references sales.stage (org_id, id),
    check ((status = 'open') = (closed_at is null)),
    check (status <> 'lost' or lost_reason <> '')
);
create unique index opportunity_place on sales.opportunity (org_id, stage_id, rank);
create index opportunity_of_customer on sales.opportunity (org_id, customer_id, id);
create index opportunity_of_owner on sales.opportunity (org_id, owner_id, id);
create index opportunity_closing on sales.opportunity (org_id, close_on) where status = 'open';
select kernel.tenant_table('sales.opportunity');

-- Every stage an opportunity was in, for ever; the first row is where it began.
create table sales.stage_change (
    org_id         uuid        not null,
    id             uuid        not null,
    opportunity_id uuid        not null,
    from_stage_id  uuid,
    to_stage_id    uuid        not null,
    at             timestamptz not null,
    actor_label    text        not null,
    note           text        not null default '',
    primary key (org_id, id),
    foreign key (org_id, opportunity_id) references sales.opportunity (org_id, id)
);
create index stage_change_of on sales.stage_change (org_id, opportunity_id, id);
select kernel.tenant_table('sales.stage_change', append_only => true);
