create schema payments;

-- The wish to be paid for an order. At most one is live at a time, whatever runs in parallel.
create table payments.intent (
    org_id            uuid        not null,
    id                uuid        not null,
    order_id          uuid        not null,
    order_number      text        not null,
    receipt           text        not null check (length(receipt) between 1 and 40),
    amount_minor      bigint      not null check (amount_minor > 0),
    currency          text        not null check (currency ~ '^[A-Z]{3}$'),
    status            text        not null check (status in
                          ('requested', 'opening', 'open', 'refused', 'superseded', 'closed', 'paid')),
    provider          text,
    mode              text        check (mode in ('test', 'live')),
    provider_order_id text,
    summary           jsonb       not null,
    error             text        not null default '',
    tries             int         not null default 0,
    due_at            timestamptz,
    checks            int         not null default 0,
    check_at          timestamptz,
    created_at        timestamptz not null,
    opened_at         timestamptz,
    closed_at         timestamptz,
    close_reason      text        not null default '',
    expires_at        timestamptz,
    primary key (org_id, id),
    unique (org_id, provider, provider_order_id),
    check (status <> 'open' or (provider is not null and mode is not null
                                and provider_order_id is not null and opened_at is not null))
);
create unique index intent_live on payments.intent (org_id, order_id)
    where status in ('requested', 'opening', 'open');
create index intent_by_order on payments.intent (org_id, order_id, created_at);
create index intent_to_open on payments.intent (org_id, due_at)
    where status in ('requested', 'opening');
create index intent_to_check on payments.intent (org_id, check_at) where check_at is not null;
select kernel.tenant_table('payments.intent');

create table payments.payment (
    org_id               uuid        not null,
    id                   uuid        not null,
    order_id             uuid        not null,
    order_number         text        not null,
    intent_id            uuid,
    provider             text        not null,
    provider_payment_id  text        not null check (length(provider_payment_id) between 1 and 64),
    mode                 text        not null check (mode in ('test', 'live')),
    method               text        not null default '',
    status               text        not null check (status in
                             ('created', 'attempted', 'failed', 'authorized', 'auto_refunded',
                              'captured', 'partially_refunded', 'refunded')),
    standing             text        not null check (standing in ('unjudged', 'counted', 'misfit')),
    amount_minor         bigint      check (amount_minor >= 0),
    currency             text,
    captured_minor       bigint      not null default 0 check (captured_minor >= 0),
    refunded_minor       bigint      not null default 0 check (refunded_minor >= 0),
    fee_minor            bigint,
    tax_minor            bigint,
    error                text        not null default '',
    created_at           timestamptz not null,
    failed_at            timestamptz,
    authorized_at        timestamptz,
    captured_at          timestamptz,
    capture_requested_at timestamptz,
    tries                int         not null default 0,
    due_at               timestamptz,
    version              int         not null default 1,
    primary key (org_id, id),
    unique (org_id, provider, provider_payment_id),
    foreign key (org_id, intent_id) references payments.intent (org_id, id),
    check (captured_minor = 0 or status in ('captured', 'partially_refunded', 'refunded'))
);
create index payment_by_order on payments.payment (org_id, order_id, id);
create index payment_newest on payments.payment (org_id, created_at desc, id desc);
create index payment_to_capture on payments.payment (org_id, due_at) where status = 'authorized';
select kernel.tenant_table('payments.payment');

create table payments.refund (
    org_id             uuid        not null,
    id                 uuid        not null,
    payment_id         uuid        not null,
    order_id           uuid        not null,
    amount_minor       bigint      not null check (amount_minor > 0),
    currency           text        not null,
    reason             text        not null,
    status             text        not null check (status in
                           ('requested', 'submitted', 'pending', 'failed', 'processed')),
    is_ours            boolean     not null,
    idempotency_key    text        not null check (length(idempotency_key) between 10 and 64),
    provider_refund_id text,
    retries_id         uuid,
    error              text        not null default '',
    requested_at       timestamptz not null,
    processed_at       timestamptz,
    tries              int         not null default 0,
    due_at             timestamptz,
    primary key (org_id, id),
    unique (org_id, idempotency_key),
    foreign key (org_id, payment_id) references payments.payment (org_id, id),
    foreign key (org_id, retries_id) references payments.refund (org_id, id)
);
create unique index refund_by_provider on payments.refund (org_id, provider_refund_id, payment_id);
create index refund_by_payment on payments.refund (org_id, payment_id, id);
create index refund_by_order on payments.refund (org_id, order_id, id);
create unique index refund_retried_once on payments.refund (org_id, retries_id);
create index refund_to_send on payments.refund (org_id, due_at)
    where status in ('requested', 'submitted', 'pending');
select kernel.tenant_table('payments.refund');

-- The ledger: everything told about a payment, once each, for ever. A payment's row is what these
-- amount to. An event without a payment row is held until the payment is known.
create table payments.payment_event (
    org_id              uuid        not null,
    id                  uuid        not null,
    provider            text        not null,
    provider_payment_id text        not null,
    source              text        not null check (source in
                            ('webhook', 'return', 'fetch', 'answer', 'door', 'operator')),
    event_id            text        not null check (length(event_id) between 1 and 200),
    kind                text        not null,
    fact                jsonb       not null,
    occurred_at         timestamptz not null,
    received_at         timestamptz not null,
    primary key (org_id, id),
    unique (org_id, source, event_id)
);
create index payment_event_by_payment
    on payments.payment_event (org_id, provider, provider_payment_id, id);
select kernel.tenant_table('payments.payment_event', append_only => true);

create table payments.exception (
    org_id       uuid        not null,
    id           uuid        not null,
    order_id     uuid        not null,
    order_number text        not null,
    payment_id   uuid,
    subject_id   uuid        not null,
    kind         text        not null,
    detail       text        not null,
    raised_at    timestamptz not null,
    resolved_at  timestamptz,
    resolution   text        not null default '',
    note         text        not null default '',
    primary key (org_id, id),
    unique (org_id, kind, subject_id),
    foreign key (org_id, payment_id) references payments.payment (org_id, id)
);
create index exception_open on payments.exception (org_id, raised_at desc, id desc)
    where resolved_at is null;
create index exception_newest on payments.exception (org_id, raised_at desc, id desc);
select kernel.tenant_table('payments.exception');
