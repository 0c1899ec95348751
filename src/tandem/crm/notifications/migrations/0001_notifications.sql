create schema notifications;

-- One row per message and channel. `dedupe` names the occasion, so that saying it twice is saying it
-- once. A secret body (a code) is emptied as soon as the message has left our hands.
create table notifications.message (
    org_id       uuid        not null,
    id           uuid        not null,
    dedupe       text        not null check (length(dedupe) between 1 and 200),
    channel      text        not null check (channel in ('email', 'sms')),
    template     text        not null,
    order_id     uuid,
    recipient    text        not null,
    sender_name  text        not null,
    subject      text        not null,
    text         text        not null,
    html         text        not null,
    is_secret    boolean     not null,
    not_after    timestamptz,
    state        text        not null
        check (state in ('queued', 'sending', 'sent', 'failed', 'unknown')),
    attempts     int         not null default 0,
    due_at       timestamptz not null,
    lease_until  timestamptz,
    handed_over_at timestamptz,
    look_ups     int         not null default 0,
    provider_message_id text,
    receipt      text        not null default '',
    error        text        not null default '',
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (org_id, id),
    unique (org_id, dedupe, channel),
    constraint only_who_sends_holds_a_lease
        check ((state = 'sending') = (lease_until is not null))
);
create unique index message_by_provider_id on notifications.message (org_id, provider_message_id)
    where provider_message_id is not null;
create index message_due on notifications.message (org_id, due_at) where state = 'queued';
create index message_in_hand on notifications.message (org_id, lease_until)
    where state = 'sending';
create index message_unknown on notifications.message (org_id, updated_at)
    where state = 'unknown';
create index message_troubled on notifications.message (org_id, id)
    where state in ('failed', 'unknown');
create index message_by_order on notifications.message (org_id, order_id, id);
select kernel.tenant_table('notifications.message');

-- What every try came to. Without addresses and words.
create table notifications.attempt (
    org_id     uuid        not null,
    id         uuid        not null,
    message_id uuid        not null,
    number     int         not null,
    outcome    text        not null,
    detail     text        not null,
    at         timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, message_id) references notifications.message (org_id, id)
);
create index attempt_by_message on notifications.attempt (org_id, message_id, id);
select kernel.tenant_table('notifications.attempt', append_only => true);
