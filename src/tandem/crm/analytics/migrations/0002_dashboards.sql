-- A dashboard somebody made. `shared_with` are roles' keys; its owner sees it always.
create table analytics.dashboard (
    org_id      uuid        not null,
    id          uuid        not null,
    name        text        not null check (length(name) between 1 and 80),
    owner_id    uuid,
    shared_with text[]      not null default '{}',
    tiles       jsonb       not null default '[]',
    version     int         not null default 1,
    created_at  timestamptz not null,
    primary key (org_id, id)
);
create index dashboard_of_owner on analytics.dashboard (org_id, owner_id);
select kernel.tenant_table('analytics.dashboard');
