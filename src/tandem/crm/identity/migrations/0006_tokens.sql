-- Tokens for programs that work for a person: a session without a cookie, entered by access tokens of
-- a quarter of an hour, renewed by refresh tokens that count once. They die with their session.

create table identity.session_token (
    org_id     uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    token_hash bytea       not null,
    session_id uuid        not null,
    expires_at timestamptz not null,
    primary key (org_id, token_hash),
    foreign key (org_id, session_id) references identity.session (org_id, id) on delete cascade
);
create index session_token_by_session on identity.session_token (org_id, session_id);
create index session_token_by_age on identity.session_token (org_id, expires_at);
select kernel.tenant_table('identity.session_token');

create table identity.refresh_token (
    org_id      uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    token_hash  bytea       not null,
    session_id  uuid        not null,
    parent_hash bytea,
    created_at  timestamptz not null,
    used_at     timestamptz,
    primary key (org_id, token_hash),
    foreign key (org_id, session_id) references identity.session (org_id, id) on delete cascade
);
create index refresh_token_by_session on identity.refresh_token (org_id, session_id);
create index refresh_token_by_parent on identity.refresh_token (org_id, parent_hash);
select kernel.tenant_table('identity.refresh_token');

-- Which session an access token enters; whether that is open, find_session says.
create function identity.session_of_access(p_token_hash bytea, p_now timestamptz)
returns bytea language sql stable security definer set search_path = '' as $$
    select s.token_hash
      from identity.session_token a
      join identity.session s on s.org_id = a.org_id and s.id = a.session_id
     where a.org_id = identity.installation() and a.token_hash = p_token_hash
       and a.expires_at > p_now
$$;
revoke execute on function identity.session_of_access from public;
grant execute on function identity.session_of_access to tandem_app;
