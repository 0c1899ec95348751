-- Whose a customer is, what they are called by, and what the organisation itself wants to know.
alter table customers.customer
    add column owner_id       uuid,
    add column team_id        uuid,
    add column territory_id   uuid,
    add column tags           text[] not null default '{}' check (cardinality(tags) <= 50),
    add column custom         jsonb  not null default '{}' check (jsonb_typeof(custom) = 'object'),
    add column merged_into_id uuid,
    add column erased_at      timestamptz,
    add constraint nobody_is_merged_into_themselves check (merged_into_id <> id);
create index customer_by_owner on customers.customer (org_id, owner_id) where owner_id is not null;
create index customer_by_tag on customers.customer using gin (tags);
create index customer_merged on customers.customer (org_id, merged_into_id)
    where merged_into_id is not null;

-- Companies that people belong to. A person may work for several, in several roles.
create sequence customers.account_number start 10001;
grant usage on sequence customers.account_number to tandem_app;
create table customers.account (
    org_id       uuid        not null,
    id           uuid        not null,
    number       text        not null default 'A-' || nextval('customers.account_number'),
    name         text        not null check (length(name) between 1 and 200),
    domain       text        check (length(domain) between 3 and 253),
    gstin        text        check (gstin ~ '^[0-9]{2}[A-Z0-9]{13}$'),
    industry     text        not null default '',
    parent_id    uuid,
    owner_id     uuid,
    team_id      uuid,
    territory_id uuid,
    tags         text[]      not null default '{}' check (cardinality(tags) <= 50),
    custom       jsonb       not null default '{}' check (jsonb_typeof(custom) = 'object'),
    version      int         not null default 1,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (org_id, id),
    unique (org_id, number),
    foreign key (org_id, parent_id) references customers.account (org_id, id),
    check (parent_id <> id)
);
create index account_by_name on customers.account (org_id, lower(name), id);
create index account_by_domain on customers.account (org_id, domain) where domain is not null;
create index account_by_gstin on customers.account (org_id, gstin) where gstin is not null;
create index account_by_parent on customers.account (org_id, parent_id) where parent_id is not null;
select kernel.tenant_table('customers.account');

create table customers.account_contact (
    org_id      uuid        not null,
    account_id  uuid        not null,
    customer_id uuid        not null,
    role        text        not null check (length(role) between 1 and 60),
    is_primary  boolean     not null default false,
    since       timestamptz not null,
    primary key (org_id, account_id, customer_id, role),
    foreign key (org_id, account_id) references customers.account (org_id, id) on delete cascade,
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
create index account_contact_by_customer on customers.account_contact (org_id, customer_id);
create unique index account_contact_primary on customers.account_contact (org_id, account_id)
    where is_primary;
select kernel.tenant_table('customers.account_contact');

-- A key is never used again for another kind, not even after it was retired.
create table customers.custom_field (
    org_id      uuid        not null,
    id          uuid        not null,
    target      text        not null,
    key         text        not null check (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    kind        text        not null
                check (kind in ('text', 'number', 'flag', 'date', 'choice', 'choices')),
    label       text        not null check (length(label) between 1 and 60),
    options     text[]      not null default '{}' check (cardinality(options) <= 100),
    is_required boolean     not null default false,
    is_unique   boolean     not null default false,
    is_personal boolean     not null default true,
    position    int         not null,
    retired_at  timestamptz,
    created_at  timestamptz not null,
    primary key (org_id, id),
    unique (org_id, target, key)
);
select kernel.tenant_table('customers.custom_field');

create table customers.note (
    org_id       uuid        not null,
    id           uuid        not null,
    subject_kind text        not null check (subject_kind in ('customer', 'account')),
    subject_id   uuid        not null,
    text         text        not null check (length(text) between 1 and 10000),
    is_pinned    boolean     not null default false,
    author_id    uuid,
    author_label text        not null,
    created_at   timestamptz not null,
    primary key (org_id, id)
);
create index note_by_subject on customers.note (org_id, subject_id, id);
select kernel.tenant_table('customers.note');

create table customers.task (
    org_id        uuid        not null,
    id            uuid        not null,
    subject_kind  text        not null check (subject_kind in ('customer', 'account')),
    subject_id    uuid        not null,
    title         text        not null check (length(title) between 1 and 200),
    due_on        date,
    assignee_id   uuid,
    done_at       timestamptz,
    created_label text        not null,
    created_at    timestamptz not null,
    primary key (org_id, id)
);
create index task_by_subject on customers.task (org_id, subject_id, id);
create index task_open on customers.task (org_id, assignee_id, due_on) where done_at is null;
select kernel.tenant_table('customers.task');

create table customers.file (
    org_id       uuid        not null,
    id           uuid        not null,
    subject_kind text        not null check (subject_kind in ('customer', 'account')),
    subject_id   uuid        not null,
    blob_id      uuid        not null,
    filename     text        not null check (length(filename) between 1 and 200),
    media_type   text        not null,
    size_bytes   bigint      not null,
    added_label  text        not null,
    added_at     timestamptz not null,
    primary key (org_id, id)
);
create index file_by_subject on customers.file (org_id, subject_id, id);
select kernel.tenant_table('customers.file');

-- What an order is to its customer; fed by events, so that it may be a moment behind orders.
-- customer_id is null until the order itself was told of: events of other services may come first.
create table customers.purchase (
    org_id         uuid        not null,
    order_id       uuid        not null,
    customer_id    uuid,
    number         text        not null default '',
    placed_at      timestamptz,
    status         text        not null default 'placed'
                   check (status in ('placed', 'completed', 'cancelled', 'expired')),
    total_minor    bigint      not null default 0,
    currency       text        not null default 'INR',
    paid_minor     bigint      not null default 0,
    refunded_minor bigint      not null default 0,
    primary key (org_id, order_id)
);
create index purchase_by_customer on customers.purchase (org_id, customer_id, placed_at);
select kernel.tenant_table('customers.purchase');

-- The timeline: one line for whatever happened, once, however often it is told (`dedupe`).
create table customers.activity (
    org_id      uuid        not null,
    id          uuid        not null,
    customer_id uuid,
    order_id    uuid,
    kind        text        not null,
    dedupe      text        not null,
    occurred_at timestamptz not null,
    actor_label text        not null default '',
    facts       jsonb       not null default '{}',
    primary key (org_id, id),
    unique (org_id, dedupe),
    check (customer_id is not null or order_id is not null)
);
create index activity_by_customer on customers.activity (org_id, customer_id, occurred_at desc, id desc);
create index activity_of_kind on customers.activity (org_id, customer_id, kind, occurred_at);
create index activity_waiting on customers.activity (org_id, order_id) where customer_id is null;
select kernel.tenant_table('customers.activity');

-- As in 0001, and without those who were merged into somebody else.
create or replace function customers.matching_customers(
    p_text text, p_longest text, p_patterns text[], p_starts text[],
    p_after_name text, p_after_id uuid, p_limit int)
returns table (customer_id uuid)
language sql stable security definer set search_path = '' as $$
    with found as (
        select c.id, c.name, c.merged_into_id
          from customers.customer c
         where c.org_id = current_setting('app.org_id')::uuid
           and c.search_text like p_longest
           and c.search_text like all (p_patterns)
        union
        select c.id, c.name, c.merged_into_id
          from customers.customer c
         where c.org_id = current_setting('app.org_id')::uuid and c.number = p_text
        union
        select c.id, c.name, c.merged_into_id
          from customers.customer c
         where c.org_id = current_setting('app.org_id')::uuid and c.gstin = p_text
        union
        select c.id, c.name, c.merged_into_id
          from unnest(p_starts) as wanted (start)
          join customers.contact_point p
            on p.org_id = current_setting('app.org_id')::uuid
           and p.value collate "C" >= wanted.start
           and p.value collate "C" < wanted.start || U&'\+10FFFF'
          join customers.customer c on c.org_id = p.org_id and c.id = p.customer_id
    )
    select id from found
     where merged_into_id is null and (name, id) > (p_after_name, p_after_id)
     order by name, id
     limit p_limit
$$;
