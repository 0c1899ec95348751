-- Reports on a schedule. `next_at` is the slot that is worked on next; whoever moves it on has
-- written the run before it in the same transaction.
create table analytics.subscription (
    org_id          uuid        not null,
    id              uuid        not null,
    owner_id        uuid        not null,
    draft           jsonb       not null,
    recipients      uuid[]      not null check (cardinality(recipients) between 0 and 50),
    is_active       boolean     not null,
    stopped_because text        not null default '',
    next_at         timestamptz not null,
    version         int         not null default 1,
    created_at      timestamptz not null,
    primary key (org_id, id)
);
create index subscription_due on analytics.subscription (org_id, next_at) where is_active;
select kernel.tenant_table('analytics.subscription');

-- The run key: one run for a slot of a subscription, however many workers see that it is due.
create table analytics.report_run (
    org_id          uuid        not null,
    id              uuid        not null,
    subscription_id uuid        not null,
    slot            timestamptz not null,
    missed          int         not null default 0,
    created_at      timestamptz not null,
    primary key (org_id, id),
    unique (org_id, subscription_id, slot)
);
select kernel.tenant_table('analytics.report_run');

-- `due_at` is when it is tried (again); the message and the file commit with the state.
create table analytics.report_delivery (
    org_id          uuid        not null,
    id              uuid        not null,
    run_id          uuid        not null,
    recipient_id    uuid        not null,
    state           text        not null check (state in
                    ('waiting', 'sent', 'empty', 'gone', 'not_allowed', 'failed')),
    reason          text        not null default '',
    export_id       uuid,
    row_count       bigint,
    as_of           timestamptz,
    policy_hash     text        not null default '',
    sha256          text        not null default '',
    attempts        int         not null default 0,
    due_at          timestamptz not null,
    done_at         timestamptz,
    primary key (org_id, id),
    unique (org_id, run_id, recipient_id),
    foreign key (org_id, run_id) references analytics.report_run (org_id, id)
);
create index report_delivery_due on analytics.report_delivery (org_id, due_at)
 where state = 'waiting';
select kernel.tenant_table('analytics.report_delivery');
