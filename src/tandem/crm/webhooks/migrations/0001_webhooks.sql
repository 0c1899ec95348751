create schema webhooks;

create table webhooks.endpoint (
    org_id          uuid          not null,
    id              uuid          not null,
    url             text          not null check (length(url) between 10 and 2000),
    description     text          not null check (length(description) <= 200),
    topics          text[]        not null check (cardinality(topics) between 1 and 200),
    secret          kernel.sealed not null,
    previous_secret kernel.sealed,
    previous_until  timestamptz,
    is_active       boolean       not null default true,
    disabled_reason text          not null default '',
    failing_since   timestamptz,
    due_at          timestamptz   not null,
    claimed_until   timestamptz   not null default '-infinity',
    created_at      timestamptz   not null,
    created_by      uuid,
    version         int           not null default 1,
    primary key (org_id, id)
);
create index endpoint_due on webhooks.endpoint (org_id, due_at) where is_active;
select kernel.tenant_table('webhooks.endpoint');

-- One row for each event and address. Waiting rows of an address go out in the order of `seq`.
create table webhooks.message (
    org_id      uuid        not null,
    id          uuid        not null,
    seq         bigint      generated always as identity,
    endpoint_id uuid        not null,
    event_id    uuid        not null,
    topic       text        not null,
    body        text        not null,
    state       text        not null default 'waiting'
        check (state in ('waiting', 'sent', 'failed', 'dropped')),
    attempts    int         not null default 0,
    last_status int,
    last_error  text        not null default '',
    created_at  timestamptz not null,
    done_at     timestamptz,
    primary key (org_id, id),
    unique (org_id, endpoint_id, event_id),
    foreign key (org_id, endpoint_id) references webhooks.endpoint (org_id, id) on delete cascade
);
create index message_waiting on webhooks.message (org_id, endpoint_id, seq)
    where state = 'waiting';
create index message_by_time on webhooks.message (org_id, endpoint_id, seq desc);
create index message_by_age on webhooks.message (org_id, created_at);
select kernel.tenant_table('webhooks.message');

create table webhooks.attempt (
    org_id      uuid        not null,
    id          uuid        not null,
    message_id  uuid        not null,
    at          timestamptz not null,
    status      int,
    error       text        not null,
    duration_ms int         not null,
    primary key (org_id, id),
    foreign key (org_id, message_id) references webhooks.message (org_id, id) on delete cascade
);
create index attempt_by_message on webhooks.attempt (org_id, message_id, id);
select kernel.tenant_table('webhooks.attempt', append_only => true);
