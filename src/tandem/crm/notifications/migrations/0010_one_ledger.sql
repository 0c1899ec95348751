-- One ledger for every message, of campaigns as of orders. `template` is the kind of message; `lane`
-- says who goes first; `feed` is a stream that can be throttled and paused (empty: none). Words are
-- there from the start, or made from `template_version_id` and `parameters` when it leaves.
alter table notifications.message
    drop constraint message_channel_check,
    drop constraint message_state_check,
    add constraint message_channel_check
        check (channel in ('email', 'sms', 'whatsapp', 'inapp', 'push', 'webhook')),
    add constraint message_state_check
        check (state in ('queued', 'held', 'sending', 'sent', 'delivered', 'bounced', 'complained',
                         'failed', 'unknown', 'skipped')),
    add column purpose      text        not null default 'service',
    add column customer_id  uuid,
    add column lane         text        not null default 'transactional'
        check (lane in ('otp', 'transactional', 'bulk')),
    add column feed         text        not null default '',
    add column template_version_id uuid,
    add column parameters   jsonb       not null default '{}',
    -- Why it is held or was skipped, as a word; `error` says it in a sentence.
    add column reason       text        not null default '',
    -- What the send policy asked and found the last time: [{rule, outcome, detail}].
    add column trace        jsonb       not null default '[]',
    add column decided_at   timestamptz,
    -- Tries that failed because nothing could be reached: they do not wear the message out.
    add column outages      int         not null default 0,
    -- How many alike were folded into this one.
    add column folded       int         not null default 0,
    add constraint what_is_held_or_skipped_says_why
        check (state not in ('held', 'skipped') or reason <> '');

drop index notifications.message_due;
drop index notifications.message_troubled;
create index message_waiting on notifications.message (org_id, lane, feed, due_at, id)
    where state in ('queued', 'held');
create index message_expiring on notifications.message (org_id, not_after)
    where state in ('queued', 'held') and not_after is not null;
create index message_troubled on notifications.message (org_id, state, id)
    where state in ('failed', 'unknown', 'bounced', 'complained');
create index message_by_customer on notifications.message (org_id, customer_id, id)
    where customer_id is not null;
create index message_by_feed on notifications.message (org_id, feed, id) where feed <> '';
-- How often somebody was written to lately (frequency caps).
create index message_decided on notifications.message (org_id, customer_id, decided_at)
    where customer_id is not null and decided_at is not null and purpose <> 'service';
-- How much of a kind went to one address within the minute (storms).
create index message_to on notifications.message (org_id, recipient, template, created_at);

-- A throttled, pausable stream. `spent` counts hand-overs by second for the last minute:
-- {"<epoch second>": count}.
create table notifications.feed (
    org_id     uuid        not null,
    key        text        not null check (length(key) between 1 and 120),
    per_minute int         check (per_minute between 1 and 1000000),
    is_paused  boolean     not null default false,
    reason     text        not null default '',
    spent      jsonb       not null default '{}',
    updated_at timestamptz not null,
    primary key (org_id, key)
);
select kernel.tenant_table('notifications.feed');

-- A channel that could not be reached is left alone until `shut_until`, then tried with one message.
create table notifications.gate (
    org_id     uuid        not null,
    channel    text        not null,
    failures   int         not null,
    shut_until timestamptz not null,
    reason     text        not null,
    updated_at timestamptz not null,
    primary key (org_id, channel)
);
select kernel.tenant_table('notifications.gate');
