-- A journey: its draft, and which published version people begin.
create table marketing.journey (
    org_id           uuid        not null,
    id               uuid        not null,
    name             text        not null check (length(name) between 1 and 120),
    state            text        not null
        check (state in ('draft', 'running', 'paused', 'ended')),
    plan             jsonb       not null,
    published        int,
    owner_id         uuid,
    is_enrolling     boolean     not null default false,
    enrolled_through uuid,
    version          int         not null default 1,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    primary key (org_id, id),
    check (state = 'draft' or published is not null or state = 'ended')
);
create index journey_by_state on marketing.journey (org_id, state, id);
select kernel.tenant_table('marketing.journey');

-- What was published, for ever: whoever began one finishes it, unless moved on purpose.
create table marketing.journey_version (
    org_id       uuid        not null,
    journey_id   uuid        not null,
    number       int         not null,
    plan         jsonb       not null,
    published_by text        not null,
    published_at timestamptz not null,
    primary key (org_id, journey_id, number),
    foreign key (org_id, journey_id) references marketing.journey (org_id, id)
);
select kernel.tenant_table('marketing.journey_version', append_only => true);

-- One person on their way.
create table marketing.journey_run (
    org_id      uuid        not null,
    id          uuid        not null,
    journey_id  uuid        not null,
    number      int         not null,
    customer_id uuid        not null,
    node        text,
    is_waiting  boolean     not null,
    wakes_at    timestamptz,
    waits_for   text,
    waits_since timestamptz,
    deadline    timestamptz,
    happened    boolean     not null default false,
    steps       int         not null,
    began_at    timestamptz not null,
    ended_at    timestamptz,
    ending      text        check (ending in ('done', 'goal', 'left', 'stopped')),
    primary key (org_id, id),
    foreign key (org_id, journey_id, number)
        references marketing.journey_version (org_id, journey_id, number),
    constraint who_is_under_way_wakes_some_day check ((ended_at is null) = (wakes_at is not null)),
    constraint who_has_ended_ended_somehow check ((ended_at is null) = (ending is null))
);
create unique index journey_run_once_at_a_time on marketing.journey_run
    (org_id, journey_id, customer_id) where ended_at is null;
create index journey_run_of on marketing.journey_run (org_id, journey_id, customer_id, began_at desc);
create index journey_run_due on marketing.journey_run (org_id, wakes_at, id) where ended_at is null;
create index journey_run_waiting on marketing.journey_run (org_id, customer_id, waits_for)
    where waits_for is not null;
create index journey_run_by_customer on marketing.journey_run (org_id, customer_id, id);
select kernel.tenant_table('marketing.journey_run');

-- Every step that somebody took, once: the number is the next of their run.
create table marketing.journey_step (
    org_id     uuid        not null,
    run_id     uuid        not null,
    number     int         not null,
    journey_id uuid        not null,
    node       text        not null,
    outcome    text        not null,
    detail     text        not null,
    at         timestamptz not null,
    primary key (org_id, run_id, number),
    foreign key (org_id, run_id) references marketing.journey_run (org_id, id)
);
create index journey_step_by_node on marketing.journey_step (org_id, journey_id, node, outcome);
select kernel.tenant_table('marketing.journey_step', append_only => true);
