-- A person asks to be forgotten: announced, done when due, and certified.
create table customers.erasure (
    org_id             uuid        not null,
    id                 uuid        not null,
    customer_id        uuid        not null,
    state              text        not null default 'waiting'
                       check (state in ('waiting', 'done', 'cancelled')),
    reason             text        not null default '',
    requested_at       timestamptz not null,
    requested_label    text        not null,
    due_at             timestamptz not null,
    done_at            timestamptz,
    certificate        jsonb,
    certificate_sha256 text        not null default '',
    primary key (org_id, id),
    check ((state = 'done') = (certificate is not null))
);
create index erasure_due on customers.erasure (org_id, due_at) where state = 'waiting';
create unique index erasure_once on customers.erasure (org_id, customer_id) where state = 'waiting';
select kernel.tenant_table('customers.erasure');
