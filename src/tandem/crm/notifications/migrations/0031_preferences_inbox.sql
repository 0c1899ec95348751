-- What somebody wants to hear, by which way and how often. The company's own rows are everybody's
-- defaults; a person's go before them; without either the suite's defaults hold.
create table notifications.preference (
    org_id       uuid        not null,
    subject_kind text        not null check (subject_kind in ('company', 'user', 'customer')),
    subject_id   uuid        not null,
    category     text        not null,
    channel      text        not null check (channel in ('email', 'sms', 'whatsapp', 'inapp')),
    pace         text        not null check (pace in ('off', 'now', 'hourly', 'daily', 'weekly')),
    updated_at   timestamptz not null,
    primary key (org_id, subject_kind, subject_id, category, channel),
    constraint the_company_is_its_own_subject
        check (subject_kind <> 'company' or subject_id = org_id)
);
select kernel.tenant_table('notifications.preference');

-- A member's own hours: when mail must not come, and when a digest is wanted.
create table notifications.person_hours (
    org_id      uuid        not null,
    user_id     uuid        not null,
    zone        text        not null,
    quiet_from  text        not null default '' check (quiet_from ~ '^(\d\d:\d\d)?$'),
    quiet_until text        not null default '' check (quiet_until ~ '^(\d\d:\d\d)?$'),
    digest_at   text        not null default '09:00' check (digest_at ~ '^\d\d:\d\d$'),
    digest_day  int         not null default 0 check (digest_day between 0 and 6),
    updated_at  timestamptz not null,
    primary key (org_id, user_id)
);
select kernel.tenant_table('notifications.person_hours');

-- What staff find under the bell. `dedupe` names the occasion: it is told once to each.
create table notifications.inbox_item (
    org_id      uuid        not null,
    id          uuid        not null,
    user_id     uuid        not null,
    kind        text        not null,
    title       text        not null check (length(title) between 1 and 200),
    body        text        not null check (length(body) <= 2000),
    link        text        not null check (link = '' or link like '/%'),
    dedupe      text        not null check (length(dedupe) between 1 and 200),
    created_at  timestamptz not null,
    seen_at     timestamptz,
    read_at     timestamptz,
    archived_at timestamptz,
    primary key (org_id, id),
    unique (org_id, user_id, dedupe)
);
create index inbox_item_of on notifications.inbox_item (org_id, user_id, id)
    where archived_at is null;
create index inbox_item_unread on notifications.inbox_item (org_id, user_id)
    where read_at is null and archived_at is null;
select kernel.tenant_table('notifications.inbox_item');

-- What waits to be mailed to a member, alone or with everything else of its hour. Emptied into one
-- message, in the transaction that plans it.
create table notifications.digest_entry (
    org_id     uuid        not null,
    id         uuid        not null,
    user_id    uuid        not null,
    kind       text        not null,
    title      text        not null,
    body       text        not null,
    link       text        not null,
    dedupe     text        not null,
    created_at timestamptz not null,
    due_at     timestamptz not null,
    mailed_at  timestamptz,
    primary key (org_id, id),
    unique (org_id, user_id, dedupe)
);
create index digest_entry_due on notifications.digest_entry (org_id, due_at, user_id)
    where mailed_at is null;
select kernel.tenant_table('notifications.digest_entry');

-- Who follows which record without having to look at it.
create table notifications.watcher (
    org_id       uuid        not null,
    subject_kind text        not null check (subject_kind in ('complaint', 'customer', 'deal', 'order')),
    subject_id   uuid        not null,
    user_id      uuid        not null,
    since        timestamptz not null,
    primary key (org_id, subject_kind, subject_id, user_id)
);
select kernel.tenant_table('notifications.watcher');
