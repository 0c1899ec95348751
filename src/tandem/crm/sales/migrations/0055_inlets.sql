-- Ways by which leads come from outside by themselves: an advertiser's lead forms, or a mailbox. The
-- address is a public token; whoever knows it may send.
create table sales.inlet (
    org_id      uuid        not null,
    id          uuid        not null,
    name        text        not null check (length(name) between 1 and 80),
    kind        text        not null check (kind in ('ads', 'email')),
    source      text        not null default '' check (length(source) <= 60),
    campaign_id uuid,
    owner_id    uuid,
    team_id     uuid,
    fields      jsonb       not null default '{}' check (jsonb_typeof(fields) = 'object'),
    token       text        not null,
    is_active   boolean     not null default true,
    version     int         not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    primary key (org_id, id)
);
create unique index inlet_name on sales.inlet (org_id, lower(name));
select kernel.tenant_table('sales.inlet');

-- Everything that came. What was sent is kept only while nobody took it in: then the lead has it.
create table sales.arrival (
    org_id      uuid        not null,
    id          uuid        not null,
    inlet_id    uuid        not null,
    dedupe      text        not null check (length(dedupe) between 1 and 200),
    state       text        not null
                check (state in ('taken', 'known', 'failed', 'ignored', 'dismissed')),
    reason      text        not null default '',
    facts       jsonb,
    body        text,
    lead_id     uuid,
    attempts    int         not null default 1,
    received_at timestamptz not null,
    settled_at  timestamptz,
    primary key (org_id, id),
    unique (org_id, inlet_id, dedupe),
    foreign key (org_id, inlet_id) references sales.inlet (org_id, id) on delete cascade,
    check ((state = 'failed') = (body is not null and facts is not null)),
    check ((state in ('taken', 'known')) = (lead_id is not null))
);
create index arrival_newest on sales.arrival (org_id, inlet_id, id desc);
create index arrival_failed on sales.arrival (org_id, received_at) where state = 'failed';
select kernel.tenant_table('sales.arrival');
