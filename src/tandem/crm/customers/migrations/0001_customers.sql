create schema customers;

-- Numbers may have gaps; a counter row would make every two orders of new customers wait in line.
create sequence customers.customer_number start 100001;
grant usage on sequence customers.customer_number to tandem_app;

create table customers.customer (
    org_id       uuid        not null,
    id           uuid        not null,
    number       text        not null default 'C-' || nextval('customers.customer_number'),
    name         text        not null check (length(name) between 1 and 200),
    company_name text        not null default '',
    gstin        text        check (gstin ~ '^[0-9]{2}[A-Z0-9]{13}$'),
    pan          text        check (pan ~ '^[A-Z]{5}[0-9]{4}[A-Z]$'),
    notes        text        not null default '',
    version      int         not null default 1,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    search_text  text        not null generated always as
                 (lower(name || ' ' || company_name)) stored,
    primary key (org_id, id),
    unique (org_id, number)
);
create index customer_by_name on customers.customer (org_id, name, id);
create index customer_by_gstin on customers.customer (org_id, gstin) where gstin is not null;
create index customer_by_folded_name on customers.customer (org_id, lower(name));
select kernel.tenant_table('customers.customer');

-- E-mails in lower case, phones in E.164. Two people may share one (a family's phone).
create table customers.contact_point (
    org_id      uuid        not null,
    customer_id uuid        not null,
    kind        text        not null check (kind in ('email', 'phone')),
    value       text        not null check (length(value) between 3 and 254),
    label       text        not null default '',
    position    int         not null,
    invalid_at  timestamptz,
    primary key (org_id, customer_id, kind, value),
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
create index contact_point_by_value on customers.contact_point (org_id, kind, value);
create index contact_point_by_start on customers.contact_point (org_id, value collate "C");
select kernel.tenant_table('customers.contact_point');

-- Whose an order with this e-mail or phone is: one customer, though several may share it. The
-- primary key decides between two orders that bring the same new buyer at the same moment.
create table customers.contact_key (
    org_id      uuid not null,
    kind        text not null,
    value       text not null,
    customer_id uuid not null,
    primary key (org_id, kind, value),
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
create index contact_key_by_customer on customers.contact_key (org_id, customer_id);
select kernel.tenant_table('customers.contact_key');

create table customers.address (
    org_id      uuid  not null,
    id          uuid  not null,
    customer_id uuid  not null,
    label       text  not null default '',
    position    int   not null,
    address     jsonb not null,
    primary key (org_id, id),
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
create index address_by_customer on customers.address (org_id, customer_id, position);
select kernel.tenant_table('customers.address');

-- Row-level security keeps LIKE from using an index, because LIKE could leak rows of others. This
-- function sees the index and names the caller's organisation itself. Words are looked for in the
-- names, by trigrams; contacts by how they start, because a trigram index of long e-mails would make
-- every order of a new buyer dearer.
create function customers.matching_customers(
    p_text text, p_longest text, p_patterns text[], p_starts text[],
    p_after_name text, p_after_id uuid, p_limit int)
returns table (customer_id uuid)
language sql stable security definer set search_path = '' as $$
    with found as (
        select c.id, c.name
          from customers.customer c
         where c.org_id = current_setting('app.org_id')::uuid
           and c.search_text like p_longest
           and c.search_text like all (p_patterns)
        union
        select c.id, c.name
          from customers.customer c
         where c.org_id = current_setting('app.org_id')::uuid and c.number = p_text
        union
        select c.id, c.name
          from customers.customer c
         where c.org_id = current_setting('app.org_id')::uuid and c.gstin = p_text
        union
        select c.id, c.name
          from unnest(p_starts) as wanted (start)
          join customers.contact_point p
            on p.org_id = current_setting('app.org_id')::uuid
           and p.value collate "C" >= wanted.start
           and p.value collate "C" < wanted.start || U&'\+10FFFF'
          join customers.customer c on c.org_id = p.org_id and c.id = p.customer_id
    )
    select id from found
     where (name, id) > (p_after_name, p_after_id)
     order by name, id
     limit p_limit
$$;
revoke execute on all functions in schema customers from public;
grant execute on function customers.matching_customers to tandem_app;

do $guarded$
declare
    home name;
begin
    create extension if not exists pg_trgm;
    select nspname into home
      from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
     where extname = 'pg_trgm';
    execute format(
        'create index customer_by_trigram on customers.customer using gin (search_text %I.gin_trgm_ops)',
        home);
exception when insufficient_privilege or feature_not_supported or undefined_file then
    raise notice 'pg_trgm is not to be had: customer search reads every row of the organisation';
end
$guarded$;
