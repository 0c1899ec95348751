-- Two records that are one person. What it was like before is kept, so that a merge can be undone.
create table customers.merge (
    org_id       uuid        not null,
    id           uuid        not null,
    survivor_id  uuid        not null,
    loser_id     uuid        not null,
    before       jsonb       not null,
    moved        jsonb       not null,
    merged_at    timestamptz not null,
    actor_label  text        not null,
    undone_at    timestamptz,
    undone_label text        not null default '',
    primary key (org_id, id)
);
create index merge_by_survivor on customers.merge (org_id, survivor_id, id);
create unique index merge_standing on customers.merge (org_id, loser_id) where undone_at is null;
select kernel.tenant_table('customers.merge');

-- Pairs somebody looked at and found to be two people.
create table customers.not_same (
    org_id      uuid        not null,
    first_id    uuid        not null,
    second_id   uuid        not null,
    said_at     timestamptz not null,
    said_label  text        not null,
    primary key (org_id, first_id, second_id),
    check (first_id < second_id)
);
select kernel.tenant_table('customers.not_same');
