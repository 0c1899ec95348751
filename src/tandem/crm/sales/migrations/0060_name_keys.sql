-- Whoever is written in under the name of a lead known already is told of, however it is spelled.
alter table sales.lead
    add column name_key  text generated always as (kernel.name_key(name)) stored,
    add column sound_key text generated always as (kernel.sound_key(name)) stored;
create index lead_by_name_key on sales.lead (org_id, name_key) where name_key <> '';
create index lead_by_sound on sales.lead (org_id, sound_key) where sound_key <> '';
