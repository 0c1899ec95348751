-- Keys with terms: where from, how often, and never more than the one who made them may at the time.
alter table identity.api_key
    add column networks    text[]  not null default '{}' check (cardinality(networks) <= 20),
    add column per_minute  int     check (per_minute between 1 and 30000),
    add column is_client   boolean not null default false,
    add column replaces_id uuid,
    add constraint grants_are_named check (cardinality(grants) > 0);

-- What a client of OAuth holds for a quarter of an hour. It dies with its key.
create table identity.access_token (
    org_id     uuid        not null,
    id         uuid        not null,
    key_id     uuid        not null,
    token_hash bytea       not null unique,
    grants     text[]      not null check (cardinality(grants) > 0),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, key_id) references identity.api_key (org_id, id)
);
create index access_token_by_key on identity.access_token (org_id, key_id, expires_at);
select kernel.tenant_table('identity.access_token');

drop function identity.find_api_key(bytea, timestamptz);
create function identity.find_api_key(p_secret_hash bytea, p_now timestamptz)
returns table (org_id uuid, key_id uuid, name text, grants text[], maker_id uuid, access jsonb,
               networks text[], per_minute int, is_client boolean, last_used_at timestamptz,
               expires_at timestamptz)
language sql stable security definer set search_path = '' as $$
    select k.org_id, k.id, k.name, k.grants, k.created_by,
           case when k.created_by is not null
                then identity.access_of(k.org_id, k.created_by, p_now) end,
           k.networks, k.per_minute, k.is_client, k.last_used_at, k.expires_at
      from identity.api_key k
     where k.secret_hash = p_secret_hash and k.revoked_at is null
       and (k.expires_at is null or k.expires_at > p_now)
$$;

create function identity.find_access_token(p_token_hash bytea, p_now timestamptz)
returns table (org_id uuid, key_id uuid, name text, grants text[], maker_id uuid, access jsonb,
               networks text[], per_minute int, is_client boolean, last_used_at timestamptz,
               expires_at timestamptz)
language sql stable security definer set search_path = '' as $$
    select k.org_id, k.id, k.name, t.grants, k.created_by,
           case when k.created_by is not null
                then identity.access_of(k.org_id, k.created_by, p_now) end,
           k.networks, k.per_minute, false, k.last_used_at, t.expires_at
      from identity.access_token t
      join identity.api_key k on k.org_id = t.org_id and k.id = t.key_id
     where t.token_hash = p_token_hash and t.revoked_at is null and t.expires_at > p_now
       and k.revoked_at is null and (k.expires_at is null or k.expires_at > p_now)
$$;

revoke execute on function identity.find_api_key, identity.find_access_token from public;
grant execute on function identity.find_api_key, identity.find_access_token to tandem_app;
