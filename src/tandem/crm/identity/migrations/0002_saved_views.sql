-- A list's state that somebody gave a name: theirs alone, or everybody's.

create table identity.saved_view (
    org_id     uuid        not null,
    id         uuid        not null,
    user_id    uuid        not null,
    page       text        not null check (page ~ '^[a-z]{1,30}$'),
    name       text        not null check (length(name) between 1 and 60),
    query      text        not null check (length(query) <= 1000),
    is_shared  boolean     not null,
    created_at timestamptz not null,
    primary key (org_id, id)
);
create index saved_view_by_page on identity.saved_view (org_id, page, name, id);
select kernel.tenant_table('identity.saved_view');
