-- A file somebody asked for, or that a schedule made for them. Only `asker_id` opens it, until
-- `expires_at`; its bytes lie in `parts` passing files, the row stays as the record of it.
create table analytics.export (
    org_id      uuid        not null,
    id          uuid        not null,
    asker_id    uuid        not null,
    title       text        not null check (length(title) between 1 and 120),
    draft       jsonb       not null,
    file        text        not null check (file in ('csv', 'xlsx')),
    state       text        not null check (state in ('waiting', 'running', 'done', 'failed', 'expired')),
    row_count   bigint,
    done_rows   bigint      not null default 0,
    size_bytes  bigint,
    parts       int         not null default 0,
    suffix      text        not null default '',
    sha256      text        not null default '',
    as_of       timestamptz,
    policy_hash text        not null default '',
    error       text        not null default '',
    attempts    int         not null default 0,
    lease_until timestamptz,
    created_at  timestamptz not null,
    done_at     timestamptz,
    expires_at  timestamptz not null,
    primary key (org_id, id)
);
create index export_of_asker on analytics.export (org_id, asker_id, id);
create index export_open on analytics.export (org_id, expires_at) where state <> 'expired';
select kernel.tenant_table('analytics.export');
