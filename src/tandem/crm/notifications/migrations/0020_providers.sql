-- Who carries a company's messages. Without rows of a channel the installation's own way is taken.
-- `config` is what anybody may see; everything secret is one sealed value.
create table notifications.provider (
    org_id         uuid          not null,
    id             uuid          not null,
    name           text          not null check (length(name) between 1 and 80),
    channel        text          not null check (channel in ('email', 'sms', 'whatsapp')),
    kind           text          not null check (kind in ('smtp', 'ses', 'sendgrid', 'mailgun',
                                     'postmark', 'twilio', 'msg91', 'whatsapp')),
    config         jsonb         not null,
    secrets        kernel.sealed not null,
    rank           int           not null check (rank between 1 and 100),
    weight         int           not null check (weight between 1 and 100),
    is_active      boolean       not null default true,
    is_stand_in    boolean       not null default false,
    failures       int           not null default 0 check (failures >= 0),
    openings       int           not null default 0 check (openings >= 0),
    closed_because text          not null default ''
        check (closed_because in ('', 'trouble', 'keys', 'busy')),
    closed_until   timestamptz,
    probe_until    timestamptz,
    last_error     text          not null default '',
    last_error_at  timestamptz,
    last_taken_at  timestamptz,
    version        int           not null default 1,
    created_at     timestamptz   not null,
    updated_at     timestamptz   not null,
    primary key (org_id, id),
    unique (org_id, name),
    constraint whoever_rests_says_why_and_until_when
        check ((closed_because = '') = (closed_until is null))
);
create index provider_by_channel on notifications.provider (org_id, channel, rank)
    where is_active;
select kernel.tenant_table('notifications.provider');

-- Each try of a message at one provider, written before the step after which it may have it: who is
-- asked what became of it, and whose reports about it count.
create table notifications.carriage (
    org_id      uuid        not null,
    id          uuid        not null,
    message_id  uuid        not null,
    provider_id uuid        not null,
    at          timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, message_id) references notifications.message (org_id, id)
);
create index carriage_by_message on notifications.carriage (org_id, message_id, id);
select kernel.tenant_table('notifications.carriage', append_only => true);
