-- What the organisation itself wants to know of its deals.
alter table sales.opportunity
    add column custom jsonb not null default '{}' check (jsonb_typeof(custom) = 'object');
