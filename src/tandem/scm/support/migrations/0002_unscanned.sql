-- Files that wait for the virus scanner are looked for every few seconds.
create index file_unscanned on support.file (org_id, id) where scan = 'pending';
