-- Which version of what is set by hand on a shelf somebody read. Its counts move by the ledger and
-- leave the version alone, so that a sale spoils nobody's form.
alter table inventory.level add column version int not null default 1 check (version > 0);
