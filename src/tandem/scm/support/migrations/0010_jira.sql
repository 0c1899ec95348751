-- How to reach a Jira site, what goes where, and whether it may be called just now.
create table support.jira_connection (
    org_id              uuid        not null,
    id                  uuid        not null,
    name                text        not null check (length(name) between 1 and 80),
    kind                text        not null,
    site_url            text        not null,
    api_url             text        not null,
    token_url           text        not null,
    email               text        not null,
    secrets             kernel.sealed not null,
    state               text        not null,
    account_id          text        not null default '',
    account_name        text        not null default '',
    policy              jsonb       not null,
    mappings            jsonb       not null,
    failures            int         not null default 0 check (failures >= 0),
    blocked_until       timestamptz,
    blocked_reason      text        not null default '',
    last_answer_at      timestamptz,
    reconciled_at       timestamptz,
    refreshing_until    timestamptz,
    version             int         not null default 1,
    created_at          timestamptz not null,
    updated_at          timestamptz not null,
    primary key (org_id, id),
    unique (org_id, name),
    check (state in ('draft', 'active', 'paused', 'unauthorized'))
);
-- Complaints go to one site at a time.
create unique index jira_connection_active on support.jira_connection (org_id)
 where state in ('active', 'unauthorized');
select kernel.tenant_table('support.jira_connection');

-- One issue per complaint. Whoever talks to Jira about it holds the lease; every recording checks
-- that it still does.
create table support.jira_link (
    org_id        uuid        not null,
    id            uuid        not null,
    complaint_id  uuid        not null,
    connection_id uuid        not null,
    state         text        not null,
    issue_id      text,
    issue_key     text        not null default '',
    project_key   text        not null default '',
    is_desk       boolean     not null default false,
    shadow        jsonb       not null default '{}',
    seen_updated  timestamptz,
    wants_pull    boolean     not null default false,
    tries         int         not null default 0,
    next_at       timestamptz,
    lease         uuid,
    leased_until  timestamptz,
    error         text        not null default '',
    created_at    timestamptz not null,
    linked_at     timestamptz,
    synced_at     timestamptz,
    primary key (org_id, id),
    unique (org_id, complaint_id),
    unique (org_id, connection_id, issue_id),
    foreign key (org_id, complaint_id) references support.complaint (org_id, id),
    foreign key (org_id, connection_id) references support.jira_connection (org_id, id),
    check (state in ('creating', 'failed', 'linked', 'conflict', 'orphaned')),
    check (state not in ('linked', 'conflict') or issue_id is not null)
);
create index jira_link_due on support.jira_link (org_id, next_at) where next_at is not null;
create index jira_link_of_connection on support.jira_link (org_id, connection_id, id);
select kernel.tenant_table('support.jira_link');

-- What is to be told to Jira, in order per issue.
create table support.jira_outbox (
    org_id     uuid        not null,
    id         uuid        not null,
    link_id    uuid        not null,
    op         text        not null,
    subject_id uuid,
    state      text        not null default 'waiting',
    tries      int         not null default 0,
    next_at    timestamptz not null,
    error      text        not null default '',
    created_at timestamptz not null,
    done_at    timestamptz,
    primary key (org_id, id),
    foreign key (org_id, link_id) references support.jira_link (org_id, id),
    check (op in ('fields', 'status', 'comment', 'edit', 'file', 'erase')),
    check (state in ('waiting', 'done', 'dead', 'dropped'))
);
create index jira_outbox_of_link on support.jira_outbox (org_id, link_id, id);
create index jira_outbox_open on support.jira_outbox (org_id, id) where state in ('waiting', 'dead');
-- A comment or file is sent once; a change that waits already says all there is to say.
create unique index jira_outbox_once on support.jira_outbox (org_id, link_id, op, subject_id)
 where op in ('comment', 'file');
create unique index jira_outbox_waiting
    on support.jira_outbox (org_id, link_id, op, subject_id) nulls not distinct
 where op not in ('comment', 'file') and state in ('waiting', 'dead');
select kernel.tenant_table('support.jira_outbox');

-- Webhooks that were accepted: a hint per row, never the text somebody wrote.
create table support.jira_inbox (
    org_id        uuid        not null,
    id            uuid        not null,
    connection_id uuid        not null,
    link_id       uuid,
    webhook_id    text        not null,
    issue_id      text        not null,
    event         text        not null,
    updated       timestamptz,
    state         text        not null default 'waiting',
    note          text        not null default '',
    received_at   timestamptz not null,
    done_at       timestamptz,
    primary key (org_id, id),
    unique (org_id, connection_id, webhook_id),
    foreign key (org_id, connection_id) references support.jira_connection (org_id, id),
    foreign key (org_id, link_id) references support.jira_link (org_id, id),
    check (state in ('waiting', 'done', 'ignored', 'dead', 'dropped'))
);
create index jira_inbox_of_link on support.jira_inbox (org_id, link_id, id);
create index jira_inbox_open on support.jira_inbox (org_id, id) where state in ('waiting', 'dead');
select kernel.tenant_table('support.jira_inbox');

-- Which comment is which message, and which attachment is which file.
create table support.jira_message (
    org_id         uuid not null,
    link_id        uuid not null,
    message_id     uuid not null,
    comment_id     text not null,
    sha256         text not null,
    message_sha256 text not null,
    primary key (org_id, link_id, message_id),
    unique (org_id, link_id, comment_id),
    foreign key (org_id, link_id) references support.jira_link (org_id, id),
    foreign key (org_id, message_id) references support.message (org_id, id)
);
select kernel.tenant_table('support.jira_message');

create table support.jira_file (
    org_id        uuid not null,
    link_id       uuid not null,
    attachment_id text not null,
    file_id       uuid,
    note          text not null default '',
    primary key (org_id, link_id, attachment_id),
    foreign key (org_id, link_id) references support.jira_link (org_id, id),
    foreign key (org_id, file_id) references support.file (org_id, id)
);
select kernel.tenant_table('support.jira_file');

-- Disagreements that people can see.
create table support.jira_conflict (
    org_id     uuid        not null,
    id         uuid        not null,
    link_id    uuid        not null,
    kind       text        not null,
    ours       text        not null,
    theirs     text        not null,
    note       text        not null default '',
    found_at   timestamptz not null,
    decided_at timestamptz,
    decision   text        not null default '',
    primary key (org_id, id),
    foreign key (org_id, link_id) references support.jira_link (org_id, id)
);
create unique index jira_conflict_open on support.jira_conflict (org_id, link_id, kind)
 where decided_at is null;
create index jira_conflict_of_link on support.jira_conflict (org_id, link_id, id);
select kernel.tenant_table('support.jira_conflict');
