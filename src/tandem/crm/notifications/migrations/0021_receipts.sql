-- What providers told, once each. `waiting`: nobody knows the message yet (a report may be quicker
-- than our own note of the hand-over). What was told is kept until it has been applied.
create table notifications.receipt (
    org_id      uuid        not null,
    id          uuid        not null,
    provider_id uuid        not null,
    event_key   text        not null check (length(event_key) between 1 and 120),
    what        text        not null,
    message_id  uuid,
    report      jsonb       not null,
    state       text        not null
        check (state in ('waiting', 'applied', 'stale', 'unclaimed', 'malformed')),
    received_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, provider_id, event_key)
);
create index receipt_waiting on notifications.receipt (org_id, received_at)
    where state = 'waiting';
create index receipt_by_message on notifications.receipt (org_id, message_id, id)
    where message_id is not null;
create index receipt_by_age on notifications.receipt (org_id, received_at);
select kernel.tenant_table('notifications.receipt');

-- When somebody last wrote to us by WhatsApp: for a day they may be answered in any words. The
-- number is a hash of company and phone.
create table notifications.talk (
    org_id     uuid        not null,
    phone_hash bytea       not null,
    at         timestamptz not null,
    primary key (org_id, phone_hash)
);
select kernel.tenant_table('notifications.talk');
