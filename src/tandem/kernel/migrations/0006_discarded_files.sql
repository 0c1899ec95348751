-- Files whose rows are gone and whose bytes are still to be deleted: what commits with the row is the
-- duty to delete, so no killed process can lose it. `cause_id` is what they were discarded for.
create table kernel.discarded_file (
    org_id   uuid        not null,
    sha256   text        not null,
    cause_id uuid        not null,
    since    timestamptz not null,
    primary key (org_id, sha256, cause_id)
);
create index discarded_file_by_cause on kernel.discarded_file (org_id, cause_id);
select kernel.tenant_table('kernel.discarded_file');

create index blob_by_content on kernel.blob (org_id, sha256);
