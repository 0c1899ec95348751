-- What the gateway paid out to the bank, and row by row for what.
create table payments.settlement (
    org_id                 uuid        not null,
    id                     uuid        not null,
    provider               text        not null,
    mode                   text        not null check (mode in ('test', 'live')),
    provider_settlement_id text        not null check (length(provider_settlement_id) between 1 and 64),
    status                 text        not null check (status in ('created', 'processed', 'failed')),
    utr                    text        not null default '',
    currency               text        not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor           bigint      not null,
    payments_minor         bigint      not null default 0,
    refunds_minor          bigint      not null default 0,
    other_minor            bigint      not null default 0,
    fee_minor              bigint      not null default 0,
    tax_minor              bigint      not null default 0,
    net_minor              bigint      not null default 0,
    elsewhere_minor        bigint      not null default 0,
    rows_count             int         not null default 0,
    elsewhere_count        int         not null default 0,
    is_balanced            boolean     not null generated always as
                               (rows_count + elsewhere_count > 0
                                and net_minor + elsewhere_minor = amount_minor) stored,
    made_at                timestamptz not null,
    first_seen_at          timestamptz not null,
    checked_at             timestamptz,
    checks                 int         not null default 0,
    check_at               timestamptz,
    version                int         not null default 1,
    primary key (org_id, id),
    unique (org_id, provider, provider_settlement_id)
);
create index settlement_newest on payments.settlement (org_id, made_at desc, id desc);
create index settlement_to_check on payments.settlement (org_id, check_at) where check_at is not null;
select kernel.tenant_table('payments.settlement');

-- One row per thing settled: a payment, a refund, a transfer, an adjustment. The gateway may correct
-- a row; it never has the same thing twice in one settlement.
create table payments.settlement_row (
    org_id              uuid        not null,
    id                  uuid        not null,
    settlement_id       uuid        not null,
    kind                text        not null check (kind in
                            ('payment', 'refund', 'transfer', 'adjustment', 'other')),
    entity_id           text        not null check (length(entity_id) between 1 and 64),
    currency            text        not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor        bigint      not null,
    credit_minor        bigint      not null,
    debit_minor         bigint      not null,
    fee_minor           bigint      not null,
    tax_minor           bigint      not null,
    provider_payment_id text        not null default '',
    provider_order_id   text        not null default '',
    method              text        not null default '',
    description         text        not null default '',
    happened_at         timestamptz not null,
    payment_id          uuid,
    refund_id           uuid,
    primary key (org_id, id),
    unique (org_id, settlement_id, kind, entity_id),
    foreign key (org_id, settlement_id) references payments.settlement (org_id, id),
    foreign key (org_id, payment_id) references payments.payment (org_id, id),
    foreign key (org_id, refund_id) references payments.refund (org_id, id)
);
create index settlement_row_in_order
    on payments.settlement_row (org_id, settlement_id, happened_at, id);
create index settlement_row_by_entity on payments.settlement_row (org_id, kind, entity_id);
create index settlement_row_by_payment on payments.settlement_row (org_id, payment_id)
    where payment_id is not null;
select kernel.tenant_table('payments.settlement_row');

-- What does not fit: found by comparison, gone by itself once it fits, or explained by a person.
create table payments.settlement_exception (
    org_id        uuid        not null,
    id            uuid        not null,
    settlement_id uuid,
    row_id        uuid,
    payment_id    uuid,
    order_id      uuid,
    order_number  text        not null default '',
    subject_id    uuid        not null,
    entity_id     text        not null,
    kind          text        not null check (kind in
                      ('unknown_entity', 'amount_differs', 'fee_differs', 'settled_twice',
                       'unbalanced', 'never_settled')),
    detail        text        not null,
    raised_at     timestamptz not null,
    resolved_at   timestamptz,
    resolution    text        not null default '',
    note          text        not null default '',
    primary key (org_id, id),
    unique (org_id, kind, subject_id),
    foreign key (org_id, settlement_id) references payments.settlement (org_id, id),
    foreign key (org_id, row_id) references payments.settlement_row (org_id, id),
    foreign key (org_id, payment_id) references payments.payment (org_id, id)
);
create index settlement_exception_newest
    on payments.settlement_exception (org_id, raised_at desc, id desc);
create index settlement_exception_open
    on payments.settlement_exception (org_id, settlement_id) where resolved_at is null;
select kernel.tenant_table('payments.settlement_exception');

-- How far the gateway's settlements have been fetched.
create table payments.settlement_watch (
    org_id     uuid        not null,
    provider   text        not null,
    mode       text        not null check (mode in ('test', 'live')),
    fetched_at timestamptz not null,
    primary key (org_id, provider, mode)
);
select kernel.tenant_table('payments.settlement_watch');

create index payment_captured on payments.payment (org_id, captured_at)
    where captured_at is not null;
