-- A file of records: uploaded, looked through, taken in by a job, and taken back where untouched.
-- `kind` says what its rows become; one kind never sees another's jobs.
create table kernel.import_job (
    org_id       uuid        not null,
    id           uuid        not null,
    kind         text        not null check (length(kind) between 1 and 40),
    blob_id      uuid        not null,
    filename     text        not null,
    columns      text[]      not null,
    mapping      jsonb       not null default '{}',
    key          text        not null default '',
    state        text        not null default 'uploaded'
                 check (state in ('uploaded', 'checking', 'checked', 'running', 'done',
                                  'reverting', 'reverted', 'failed')),
    row_count    int         not null,
    done_rows    int         not null default 0,
    created      int         not null default 0,
    updated      int         not null default 0,
    failed       int         not null default 0,
    reverted     int         not null default 0,
    error        text        not null default '',
    added_label  text        not null,
    added_by     uuid,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (org_id, id)
);
create index import_job_of_kind on kernel.import_job (org_id, kind, id desc);
select kernel.tenant_table('kernel.import_job');

create table kernel.import_row (
    org_id    uuid  not null,
    job_id    uuid  not null,
    row_no    int   not null,
    status    text  not null check (status in ('bad', 'created', 'updated', 'reverted', 'kept')),
    cells     jsonb not null default '[]',
    errors    jsonb not null default '[]',
    record_id uuid,
    version   int,
    before    jsonb,
    primary key (org_id, job_id, row_no),
    foreign key (org_id, job_id) references kernel.import_job (org_id, id) on delete cascade
);
create index import_row_by_status on kernel.import_row (org_id, job_id, status, row_no);
select kernel.tenant_table('kernel.import_row');
