-- Buyers sign in by code to see their own orders. They are no members: nothing that staff may is
-- reachable from here, and a code or session of one company is none of another.
create table identity.buyer_code (
    org_id       uuid        not null,
    id           uuid        not null,
    browser_hash bytea       not null unique,
    customer_id  uuid,
    code_hash    bytea,
    tries_left   int         not null check (tries_left >= 0),
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    primary key (org_id, id)
);
create index buyer_code_by_age on identity.buyer_code (org_id, expires_at);
select kernel.tenant_table('identity.buyer_code');

create table identity.buyer_session (
    org_id      uuid        not null,
    id          uuid        not null,
    customer_id uuid        not null,
    token_hash  bytea       not null unique,
    address     text        not null check (length(address) <= 60),
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    revoked_at  timestamptz,
    primary key (org_id, id)
);
create index buyer_session_by_customer on identity.buyer_session (org_id, customer_id);
create index buyer_session_by_age on identity.buyer_session (org_id, expires_at);
select kernel.tenant_table('identity.buyer_session');

create function identity.find_company(p_slug text)
returns table (org_id uuid, name text) language sql stable security definer set search_path = '' as $$
    select o.org_id, o.name from identity.organisation o where o.slug = p_slug
$$;

create function identity.find_buyer_code(p_browser_hash bytea)
returns table (org_id uuid) language sql stable security definer set search_path = '' as $$
    select c.org_id from identity.buyer_code c where c.browser_hash = p_browser_hash
$$;

create function identity.find_buyer_session(p_token_hash bytea, p_now timestamptz)
returns table (org_id uuid, customer_id uuid)
language sql stable security definer set search_path = '' as $$
    select s.org_id, s.customer_id from identity.buyer_session s
     where s.token_hash = p_token_hash and s.revoked_at is null and s.expires_at > p_now
$$;

revoke execute on function
    identity.find_company, identity.find_buyer_code, identity.find_buyer_session from public;
grant execute on function
    identity.find_company, identity.find_buyer_code, identity.find_buyer_session to tandem_app;
