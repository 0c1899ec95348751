-- Links that show a dashboard or an answer to whoever has them, as their owner may see it. The link
-- itself is signed; the row is what takes it back. `draft` is what it shows and is never changed.
create table analytics.report_link (
    org_id          uuid        not null,
    id              uuid        not null,
    owner_id        uuid        not null,
    draft           jsonb       not null,
    allowed_origins text[]      not null check (cardinality(allowed_origins) <= 20),
    expires_at      timestamptz not null,
    revoked_at      timestamptz,
    seen_at         timestamptz,
    created_at      timestamptz not null,
    primary key (org_id, id),
    check (expires_at > created_at)
);
create index report_link_of on analytics.report_link (org_id, owner_id, created_at);
select kernel.tenant_table('analytics.report_link');
