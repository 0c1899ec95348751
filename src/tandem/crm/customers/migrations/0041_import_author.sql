-- Who is told when an import could not go on. Imports from before there was anybody to tell stay silent.
alter table customers.import_job add column added_by uuid;
