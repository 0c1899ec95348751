-- What was erased is also written down outside the database, so that a restored one can be told.
alter table customers.erasure add column kept_at timestamptz;
create index erasure_to_keep on customers.erasure (org_id, done_at)
    where state = 'done' and kept_at is null;
