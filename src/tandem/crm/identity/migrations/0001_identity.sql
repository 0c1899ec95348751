create schema identity;

create table identity.organisation (
    org_id     uuid        not null primary key,
    name       text        not null check (length(name) between 1 and 200),
    slug       text        not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,60}$'),
    time_zone  text        not null default 'Asia/Kolkata',
    currency   text        not null default 'INR' check (currency ~ '^[A-Z]{3}$'),
    country    text        not null default 'IN',
    settings   jsonb       not null default '{}',
    version    int         not null default 1,
    created_at timestamptz not null
);
select kernel.tenant_table('identity.organisation');

create table identity.role (
    org_id uuid   not null,
    key    text   not null,
    name   text   not null,
    grants text[] not null,
    primary key (org_id, key)
);
select kernel.tenant_table('identity.role');

create table identity.user_account (
    org_id        uuid        not null,
    id            uuid        not null,
    email         text        not null check (email = lower(email) and length(email) <= 254),
    name          text        not null check (length(name) between 1 and 100),
    password_hash text,
    role_key      text        not null,
    is_active     boolean     not null default true,
    version       int         not null default 1,
    created_at    timestamptz not null,
    primary key (org_id, id),
    unique (org_id, email),
    foreign key (org_id, role_key) references identity.role (org_id, key)
);
create index user_account_by_email on identity.user_account (email);
select kernel.tenant_table('identity.user_account');

create table identity.session (
    org_id       uuid        not null,
    id           uuid        not null,
    user_id      uuid        not null,
    token_hash   bytea       not null unique,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null,
    revoked_at   timestamptz,
    address      text        not null,
    user_agent   text        not null,
    primary key (org_id, id),
    foreign key (org_id, user_id) references identity.user_account (org_id, id)
);
create index session_by_user on identity.session (org_id, user_id);
select kernel.tenant_table('identity.session');

create table identity.api_key (
    org_id       uuid        not null,
    id           uuid        not null,
    name         text        not null check (length(name) between 1 and 100),
    prefix       text        not null,
    secret_hash  bytea       not null unique,
    grants       text[]      not null,
    created_by   uuid,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    primary key (org_id, id)
);
select kernel.tenant_table('identity.api_key');

-- Before anybody is known, these are the only windows through the wall, each as narrow as its key.
create function identity.find_login(p_email text)
returns table (org_id uuid, user_id uuid, password_hash text)
language sql stable security definer set search_path = '' as $$
    select u.org_id, u.id, u.password_hash
      from identity.user_account u
     where u.email = p_email and u.is_active
     order by u.created_at, u.id
     limit 20
$$;

create function identity.find_session(p_token_hash bytea, p_now timestamptz)
returns table (org_id uuid, user_id uuid, session_id uuid, name text, grants text[],
               last_seen_at timestamptz, expires_at timestamptz)
language sql stable security definer set search_path = '' as $$
    select s.org_id, s.user_id, s.id, u.name, r.grants, s.last_seen_at, s.expires_at
      from identity.session s
      join identity.user_account u on u.org_id = s.org_id and u.id = s.user_id and u.is_active
      join identity.role r on r.org_id = u.org_id and r.key = u.role_key
     where s.token_hash = p_token_hash and s.revoked_at is null and s.expires_at > p_now
$$;

create function identity.find_api_key(p_secret_hash bytea, p_now timestamptz)
returns table (org_id uuid, key_id uuid, name text, grants text[])
language sql stable security definer set search_path = '' as $$
    select k.org_id, k.id, k.name, k.grants
      from identity.api_key k
     where k.secret_hash = p_secret_hash and k.revoked_at is null
       and (k.expires_at is null or k.expires_at > p_now)
$$;

create function identity.organisation_ids()
returns table (org_id uuid) language sql stable security definer set search_path = '' as $$
    select o.org_id from identity.organisation o order by o.created_at, o.org_id
$$;

revoke execute on all functions in schema identity from public;
grant execute on all functions in schema identity to tandem_app;
