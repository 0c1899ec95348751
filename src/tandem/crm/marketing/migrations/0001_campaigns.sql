create schema marketing;

-- One campaign: whom it is for, when it leaves, how fast, and when it stops itself.
create table marketing.campaign (
    org_id             uuid        not null,
    id                 uuid        not null,
    name               text        not null check (length(name) between 1 and 120),
    kind               text        not null check (kind in ('once', 'welcome', 'opt_in')),
    channel            text        not null check (channel in ('email', 'sms', 'whatsapp')),
    purpose            text        not null check (purpose ~ '^[a-z][a-z_]{0,39}$'),
    state              text        not null
        check (state in ('draft', 'scheduled', 'building', 'sending', 'paused', 'done',
                         'cancelled', 'expired')),
    state_reason       text        not null default '',
    include_ids        uuid[]      not null default '{}',
    exclude_ids        uuid[]      not null default '{}',
    is_live            boolean     not null default true,
    scheduled_at       timestamptz,
    skip_if_later_than interval,
    send_until         timestamptz,
    per_minute         int         check (per_minute between 1 and 100000),
    holdout_percent    int         not null default 0 check (holdout_percent between 0 and 50),
    from_address_id    uuid,
    tracks_clicks      boolean     not null default true,
    tracks_opens       boolean     not null default false,
    is_tracking_people boolean     not null default true,
    utm                jsonb       not null default '{}',
    stop_errors        int         not null default 20 check (stop_errors between 1 and 100),
    stop_bounces       int         not null default 10 check (stop_bounces between 1 and 100),
    stop_complaints    int         not null default 1 check (stop_complaints between 1 and 100),
    budget_minor       bigint      check (budget_minor between 0 and 9007199254740992),
    cost_minor         bigint      not null default 0
        check (cost_minor between 0 and 9007199254740992),
    currency           text        not null check (currency ~ '^[A-Z]{3}$'),
    owner_id           uuid,
    built_through      uuid,
    built_at           timestamptz,
    released_at        timestamptz,
    started_at         timestamptz,
    ended_at           timestamptz,
    alerted_at         timestamptz,
    version            int         not null default 1,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    primary key (org_id, id),
    check (state in ('draft', 'cancelled') or scheduled_at is not null),
    check ((state in ('done', 'cancelled', 'expired')) = (ended_at is not null))
);
create index campaign_at_work on marketing.campaign (org_id, scheduled_at, id)
    where state in ('scheduled', 'building', 'sending', 'paused');
select kernel.tenant_table('marketing.campaign');

-- What a campaign says; several share its people by weight.
create table marketing.campaign_variant (
    org_id              uuid not null,
    id                  uuid not null,
    campaign_id         uuid not null,
    position            int  not null,
    name                text not null check (length(name) between 1 and 60),
    weight              int  not null check (weight between 1 and 1000),
    template_version_id uuid,
    subject             text not null default '',
    text                text not null default '',
    html                text not null default '',
    primary key (org_id, id),
    unique (org_id, campaign_id, position),
    foreign key (org_id, campaign_id) references marketing.campaign (org_id, id)
);
select kernel.tenant_table('marketing.campaign_variant');

-- One row per person and channel, whatever becomes of it; the message is in notifications' ledger.
create table marketing.campaign_recipient (
    org_id      uuid        not null,
    campaign_id uuid        not null,
    customer_id uuid        not null,
    channel     text        not null,
    variant_id  uuid,
    state       text        not null
        check (state in ('planned', 'holdout', 'queued', 'held', 'sent', 'delivered', 'bounced',
                         'complained', 'failed', 'unknown', 'skipped')),
    reason      text        not null default '',
    message_id  uuid,
    trace       jsonb       not null default '[]',
    planned_at  timestamptz not null,
    decided_at  timestamptz,
    updated_at  timestamptz not null,
    primary key (org_id, campaign_id, customer_id, channel),
    foreign key (org_id, campaign_id) references marketing.campaign (org_id, id),
    foreign key (org_id, variant_id) references marketing.campaign_variant (org_id, id),
    check ((state = 'skipped') <= (reason <> ''))
);
create index recipient_by_state
    on marketing.campaign_recipient (org_id, campaign_id, state, customer_id);
create unique index recipient_by_message on marketing.campaign_recipient (org_id, message_id)
    where message_id is not null;
create index recipient_by_customer on marketing.campaign_recipient (org_id, customer_id);
select kernel.tenant_table('marketing.campaign_recipient');
