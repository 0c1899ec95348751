-- One act on many records: who asked for it, how far it is, and what became of each record. A row says
-- enough to be taken back, and no more of the record than its number.
create table kernel.bulk_job (
    org_id      uuid        not null,
    id          uuid        not null,
    kind        text        not null check (length(kind) between 1 and 40),
    act         text        not null check (length(act) between 1 and 40),
    args        jsonb       not null,
    said        text        not null,
    state       text        not null check (state in ('running', 'done', 'undoing', 'undone')),
    is_undoable boolean     not null,
    total       int         not null check (total > 0),
    changed     int         not null default 0,
    same        int         not null default 0,
    refused     int         not null default 0,
    undone      int         not null default 0,
    kept        int         not null default 0,
    asker       jsonb       not null,
    asked_by    uuid,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    primary key (org_id, id)
);
create index bulk_job_of_asker on kernel.bulk_job (org_id, asked_by, id desc);
create index bulk_job_by_age on kernel.bulk_job (org_id, created_at);
select kernel.tenant_table('kernel.bulk_job');

create table kernel.bulk_row (
    org_id    uuid not null,
    job_id    uuid not null,
    record_id uuid not null,
    status    text not null default 'waiting'
              check (status in ('waiting', 'changed', 'same', 'refused', 'undone', 'kept')),
    label     text not null default '',
    code      text not null default '',
    said      text not null default '',
    before    jsonb,
    after     jsonb,
    primary key (org_id, job_id, record_id),
    foreign key (org_id, job_id) references kernel.bulk_job (org_id, id) on delete cascade
);
create index bulk_row_by_status on kernel.bulk_row (org_id, job_id, status, record_id);
select kernel.tenant_table('kernel.bulk_row');
