-- Consent is a ledger: what was agreed to or withdrawn, under which notice, when and how it is known.
create table customers.consent_event (
    org_id         uuid        not null,
    id             uuid        not null,
    customer_id    uuid        not null,
    purpose        text        not null check (purpose ~ '^[a-z][a-z_]{0,39}$'),
    channel        text        not null check (channel in ('email', 'sms', 'whatsapp', 'push', 'post')),
    action         text        not null
                   check (action in ('ask', 'grant', 'withdraw', 'merge', 'undo_merge')),
    state          text        not null check (state in ('none', 'pending', 'granted', 'withdrawn')),
    notice_version text        not null default '',
    locale         text        not null default '',
    source         text        not null,
    ip             text        not null default '',
    evidence       text        not null default '',
    actor_label    text        not null default '',
    occurred_at    timestamptz not null,
    primary key (org_id, id)
);
create index consent_event_by_customer on customers.consent_event (org_id, customer_id, id);
select kernel.tenant_table('customers.consent_event', append_only => true);

-- What the ledger comes to now.
create table customers.consent (
    org_id         uuid        not null,
    customer_id    uuid        not null,
    purpose        text        not null,
    channel        text        not null,
    state          text        not null check (state in ('none', 'pending', 'granted', 'withdrawn')),
    notice_version text        not null default '',
    since          timestamptz not null,
    primary key (org_id, customer_id, purpose, channel),
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
select kernel.tenant_table('customers.consent');

-- A double opt-in waits for the answer to the link that was sent.
create table customers.consent_request (
    org_id         uuid        not null,
    id             uuid        not null,
    customer_id    uuid        not null,
    purpose        text        not null,
    channel        text        not null,
    notice_version text        not null,
    created_at     timestamptz not null,
    confirmed_at   timestamptz,
    primary key (org_id, id),
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
select kernel.tenant_table('customers.consent_request');

-- Addresses nobody writes to any more, known by their hash alone: they outlive the person's erasure.
create table customers.suppression (
    org_id       uuid        not null,
    channel      text        not null check (channel in ('email', 'sms', 'whatsapp', 'push', 'post')),
    address_hash bytea       not null check (length(address_hash) = 32),
    reason       text        not null
                 check (reason in ('unsubscribed', 'bounced', 'complained', 'erased', 'legal', 'by_hand')),
    detail       text        not null default '',
    since        timestamptz not null,
    primary key (org_id, channel, address_hash)
);
create index suppression_by_age on customers.suppression (org_id, since desc);
select kernel.tenant_table('customers.suppression');
