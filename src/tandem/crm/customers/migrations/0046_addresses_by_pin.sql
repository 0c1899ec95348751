-- Whoever may be one person is looked for among those of one PIN code, of one street and of one name.
-- Columns, because row-level security lets no index serve an expression that might leak (`->>`, lower).
alter table customers.address
    add column postal_code text generated always as (address ->> 'postal_code') stored,
    add column street      text generated always as (lower(address ->> 'line1')) stored;
create index address_by_pin on customers.address (org_id, postal_code);
create index address_by_street on customers.address (org_id, street);

alter table customers.customer
    add column folded_name text generated always as (lower(name)) stored;
create index customer_by_plain_name on customers.customer (org_id, folded_name);
drop index customers.customer_by_folded_name;
