-- A segment is a list somebody keeps by hand, or everybody a rule finds, looked up again and again.
create table customers.segment (
    org_id          uuid        not null,
    id              uuid        not null,
    name            text        not null check (length(name) between 1 and 80),
    description     text        not null default '',
    kind            text        not null check (kind in ('static', 'dynamic')),
    rule            jsonb,
    member_count    int         not null default 0,
    refreshed_at    timestamptz,
    refresh_due_at  timestamptz,
    refresh_ms      int         not null default 0,
    error           text        not null default '',
    version         int         not null default 1,
    retired_at      timestamptz,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    primary key (org_id, id),
    check ((kind = 'dynamic') = (rule is not null))
);
create unique index segment_by_name on customers.segment (org_id, lower(name)) where retired_at is null;
create index segment_due on customers.segment (org_id, refresh_due_at)
    where kind = 'dynamic' and retired_at is null;
select kernel.tenant_table('customers.segment');

create table customers.segment_member (
    org_id      uuid        not null,
    segment_id  uuid        not null,
    customer_id uuid        not null,
    entered_at  timestamptz not null,
    primary key (org_id, segment_id, customer_id),
    foreign key (org_id, segment_id) references customers.segment (org_id, id) on delete cascade,
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
create index segment_member_by_customer on customers.segment_member (org_id, customer_id);
select kernel.tenant_table('customers.segment_member');
