-- The language somebody wants to be written to in, as `hi` or `en-IN`; empty: it is not known.
alter table customers.customer
    add column locale text not null default '' check (locale ~ '^([a-z]{2,3}(-[A-Z]{2})?)?$');
