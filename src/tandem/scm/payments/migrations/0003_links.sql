-- Asking for what is due of an order outside of its pay page: a payment link, or a UPI QR code for
-- the door. At most one is live for an order, so that nobody pays the same twice.
create table payments.link (
    org_id            uuid        not null,
    id                uuid        not null,
    kind              text        not null check (kind in ('link', 'upi_qr')),
    order_id          uuid        not null,
    order_number      text        not null,
    reference         text        not null check (length(reference) between 1 and 40),
    amount_minor      bigint      not null check (amount_minor > 0),
    currency          text        not null check (currency ~ '^[A-Z]{3}$'),
    order_total_minor bigint      not null check (order_total_minor > 0),
    accepts_partial   boolean     not null default false,
    paid_minor        bigint      not null default 0 check (paid_minor between 0 and amount_minor),
    status            text        not null check (status in
                          ('requested', 'opening', 'open', 'closing', 'paid', 'expired',
                           'cancelled', 'refused')),
    provider          text,
    mode              text        check (mode in ('test', 'live')),
    provider_link_id  text,
    url               text        not null default '',
    customer          jsonb       not null,
    error             text        not null default '',
    created_at        timestamptz not null,
    opened_at         timestamptz,
    expires_at        timestamptz not null,
    closed_at         timestamptz,
    reminded_at       timestamptz,
    reminders         int         not null default 0,
    tries             int         not null default 0,
    due_at            timestamptz,
    version           int         not null default 1,
    primary key (org_id, id),
    unique (org_id, provider, provider_link_id),
    unique (org_id, reference),
    check (accepts_partial = false or kind = 'link'),
    check (status not in ('open', 'closing', 'paid')
           or (provider is not null and mode is not null and provider_link_id is not null))
);
create unique index link_live on payments.link (org_id, order_id)
    where status in ('requested', 'opening', 'open', 'closing');
create index link_newest on payments.link (org_id, created_at desc, id desc);
create index link_due on payments.link (org_id, due_at) where due_at is not null;
select kernel.tenant_table('payments.link');

alter table payments.payment
    add column link_id uuid,
    add foreign key (org_id, link_id) references payments.link (org_id, id);
create index payment_by_link on payments.payment (org_id, link_id) where link_id is not null;
