-- A buyer's bank asks for a payment back. What was told of it lies in payments.payment_event.
create table payments.dispute (
    org_id              uuid        not null,
    id                  uuid        not null,
    payment_id          uuid        not null,
    order_id            uuid        not null,
    order_number        text        not null,
    provider            text        not null,
    provider_payment_id text        not null,
    provider_dispute_id text        not null check (length(provider_dispute_id) between 1 and 64),
    status              text        not null check (status in
                            ('open', 'under_review', 'action_required', 'closed', 'won', 'lost')),
    phase               text        not null,
    reason              text        not null,
    amount_minor        bigint      not null check (amount_minor >= 0),
    currency            text        not null check (currency ~ '^[A-Z]{3}$'),
    deducted_minor      bigint      not null check (deducted_minor >= 0),
    respond_by          timestamptz,
    opened_at           timestamptz not null,
    told_at             timestamptz not null,
    decided_at          timestamptz,
    evidence_note       text        not null default '' check (length(evidence_note) <= 5000),
    version             int         not null default 1,
    primary key (org_id, id),
    unique (org_id, provider, provider_dispute_id),
    foreign key (org_id, payment_id) references payments.payment (org_id, id),
    check ((decided_at is not null) = (status in ('closed', 'won', 'lost')))
);
create index dispute_newest on payments.dispute (org_id, opened_at desc, id desc);
create index dispute_by_payment on payments.dispute (org_id, payment_id, id);
create index dispute_by_order on payments.dispute (org_id, order_id, id);
create index dispute_open on payments.dispute (org_id, opened_at desc, id desc)
    where decided_at is null;
select kernel.tenant_table('payments.dispute');

-- How the payment's last dispute stands, empty without one, and what lost ones took of it.
alter table payments.payment
    add column dispute_status text not null default ''
        check (dispute_status in
               ('', 'open', 'under_review', 'action_required', 'closed', 'won', 'lost')),
    add column charged_back_minor bigint not null default 0 check (charged_back_minor >= 0);

-- The dispute an adjustment of a settlement is about.
alter table payments.settlement_row add column provider_dispute_id text not null default '';
