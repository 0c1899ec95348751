-- Imports are one machine for every kind of record now; those of customers go on there.
insert into kernel.import_job
       (org_id, id, kind, blob_id, filename, columns, mapping, key, state, row_count, done_rows,
        created, updated, failed, reverted, error, added_label, added_by, created_at, updated_at)
select org_id, id, 'customers', blob_id, filename, columns, mapping, key, state, row_count,
       done_rows, created, updated, failed, reverted, error, added_label, added_by, created_at,
       updated_at
  from customers.import_job;

insert into kernel.import_row
       (org_id, job_id, row_no, status, cells, errors, record_id, version, before)
select org_id, job_id, row_no, status, cells, errors, customer_id, version, before
  from customers.import_row;

drop table customers.import_row;
drop table customers.import_job;
