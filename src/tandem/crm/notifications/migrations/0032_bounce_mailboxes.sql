-- How far a provider's bounce mailbox has been read. UIDs grow while the mailbox keeps its validity
-- (RFC 3501 section 2.3.1.1); with another one they begin anew, and what is read twice counts once.
create table notifications.bounce_mailbox (
    org_id       uuid        not null,
    provider_id  uuid        not null,
    uid_validity bigint      not null default 0,
    uid_seen     bigint      not null default 0 check (uid_seen >= 0),
    read_count   bigint      not null default 0,
    told_count   bigint      not null default 0,
    busy_until   timestamptz,
    looked_at    timestamptz,
    error        text        not null default '',
    primary key (org_id, provider_id),
    foreign key (org_id, provider_id) references notifications.provider (org_id, id) on delete cascade
);
select kernel.tenant_table('notifications.bounce_mailbox');
