-- Whoever tells us of parcels: a carrier or a tracking service, and what it signs with.
create table shipping.carrier_account (
    org_id     uuid          not null,
    id         uuid          not null,
    name       text          not null check (length(name) between 1 and 80),
    form       text          not null check (form in ('tandem', 'easypost')),
    secrets    kernel.sealed not null,
    heard_at   timestamptz,
    created_at timestamptz   not null,
    primary key (org_id, id),
    unique (org_id, name)
);
select kernel.tenant_table('shipping.carrier_account');
