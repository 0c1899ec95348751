create schema catalog;

create table catalog.product (
    org_id      uuid        not null,
    id          uuid        not null,
    title       text        not null check (length(title) between 1 and 200),
    description text        not null default '',
    brand       text        not null default '',
    category    text        not null default '',
    version     int         not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    primary key (org_id, id)
);
create index product_by_title on catalog.product (org_id, title, id);
select kernel.tenant_table('catalog.product');

-- `title` is the whole title an order line copies: the product's, and the label where there is one.
create table catalog.variant (
    org_id             uuid        not null,
    id                 uuid        not null,
    product_id         uuid        not null,
    sku                text        not null check (length(sku) between 1 and 64),
    title              text        not null,
    label              text        not null default '',
    hsn                text        not null check (hsn ~ '^([0-9]{4}|[0-9]{6}|[0-9]{8})$'),
    unit               text        not null,
    tax_class          text        not null,
    barcode            text,
    price_minor        bigint      not null check (price_minor >= 0),
    price_includes_tax boolean     not null,
    currency           text        not null check (currency ~ '^[A-Z]{3}$'),
    weight_grams       int         not null check (weight_grams >= 0),
    length_mm          int         not null check (length_mm >= 0),
    width_mm           int         not null check (width_mm >= 0),
    height_mm          int         not null check (height_mm >= 0),
    is_active          boolean     not null default true,
    version            int         not null default 1,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    search_text        text        not null generated always as
                       (lower(title || ' ' || sku || ' ' || coalesce(barcode, ''))) stored,
    primary key (org_id, id),
    unique (org_id, sku),
    foreign key (org_id, product_id) references catalog.product (org_id, id)
);
create index variant_by_product on catalog.variant (org_id, product_id);
create index variant_by_title on catalog.variant (org_id, title, id);
create index variant_by_barcode on catalog.variant (org_id, barcode) where barcode is not null;
select kernel.tenant_table('catalog.variant');

-- Row-level security keeps LIKE from using an index, because LIKE could leak rows of others. These
-- two functions see the index and name the caller's organisation themselves.
create function catalog.matching_variants(p_longest text, p_patterns text[], p_text text, p_limit int)
returns table (variant_id uuid)
language sql stable security definer set search_path = '' as $$
    select v.id
      from catalog.variant v
     where v.org_id = current_setting('app.org_id')::uuid
       and v.is_active
       and v.search_text like p_longest
       and v.search_text like all (p_patterns)
     order by case when lower(v.sku) = p_text or v.barcode = p_text then 0
                   when starts_with(lower(v.sku), p_text) then 1
                   when starts_with(v.search_text, p_text) then 2
                   when position(' ' || p_text in v.search_text) > 0 then 3
                   else 4 end,
              v.title, v.id
     limit p_limit
$$;

do $guarded$
declare
    home name;
begin
    create extension if not exists pg_trgm;
    select nspname into home
      from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
     where extname = 'pg_trgm';
    execute format(
        'create index variant_by_trigram on catalog.variant using gin (search_text %I.gin_trgm_ops)',
        home);
    execute format(
        $sql$
        create function catalog.similar_variants(p_text text, p_limit int)
        returns table (variant_id uuid)
        language sql stable security definer
        set search_path = '' set pg_trgm.word_similarity_threshold = 0.5 as $body$
            select v.id
              from catalog.variant v
             where v.org_id = current_setting('app.org_id')::uuid
               and v.is_active
               and p_text operator(%1$I.<%%) v.search_text
             order by p_text operator(%1$I.<<->) v.search_text, v.title, v.id
             limit p_limit
        $body$
        $sql$, home);
exception when insufficient_privilege or feature_not_supported or undefined_file then
    -- A server without the extension finds what was typed right, and nothing else.
    raise notice 'pg_trgm is not to be had: product search forgives no typing errors';
    create function catalog.similar_variants(p_text text, p_limit int)
    returns table (variant_id uuid)
    language sql stable security definer set search_path = '' as $body$
        select null::uuid where false
    $body$;
end
$guarded$;

revoke execute on all functions in schema catalog from public;
grant execute on function catalog.matching_variants, catalog.similar_variants to tandem_app;
