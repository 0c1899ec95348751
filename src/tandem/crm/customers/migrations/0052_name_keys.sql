-- Whoever is added under the name of somebody known is warned of, however either is spelled.
alter table customers.customer
    add column name_key  text generated always as (kernel.name_key(name)) stored,
    add column sound_key text generated always as (kernel.sound_key(name)) stored;
create index customer_by_name_key on customers.customer (org_id, name_key);
create index customer_by_sound on customers.customer (org_id, sound_key);

alter table customers.account
    add column name_key  text generated always as (kernel.name_key(name)) stored,
    add column sound_key text generated always as (kernel.sound_key(name)) stored;
create index account_by_name_key on customers.account (org_id, name_key);
create index account_by_sound on customers.account (org_id, sound_key);
