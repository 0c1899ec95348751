-- A funnel that was kept: a question. Everybody in the company may ask it, and gets their own answer.
create table analytics.funnel (
    org_id      uuid        not null,
    id          uuid        not null,
    name        text        not null check (length(name) between 1 and 80),
    owner_id    uuid,
    query       jsonb       not null,
    version     int         not null default 1,
    created_at  timestamptz not null,
    primary key (org_id, id)
);
select kernel.tenant_table('analytics.funnel');
