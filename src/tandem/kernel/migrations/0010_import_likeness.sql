-- Rows that would add somebody who may be known already: told before the file is taken in.
alter table kernel.import_job add column alike int not null default 0;
alter table kernel.import_row drop constraint import_row_status_check;
alter table kernel.import_row add constraint import_row_status_check
    check (status in ('bad', 'alike', 'created', 'updated', 'reverted', 'kept'));
