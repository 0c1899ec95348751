-- A person is one human with one address, whatever companies they work for; `user_account` is their
-- membership in one of them. Persons, sessions and what people sign in with belong to no company:
-- they stand in the organisation of the installation, behind the same wall, out of every company's
-- sight (docs/adr/0010-persons-belong-to-the-installation.md).

create function identity.installation() returns uuid language sql immutable as $$
    select '00000000-0000-0000-0000-000000000000'::uuid
$$;

-- Until somebody proves the address (a mailed link or code), whoever enrolled them may hold their
-- password: so an unproved person can enter that one company only, and what was set before the proof
-- ends with it.
create table identity.person (
    org_id          uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    id              uuid        not null unique,
    email           text        not null unique
        check (email = lower(email) and length(email) between 3 and 254),
    password_hash   text,
    password_set_at timestamptz,
    enrolled_by     uuid,
    address_proved_at timestamptz,
    last_company_id uuid,
    created_at      timestamptz not null,
    version         int         not null default 1,
    primary key (org_id, id)
);
select kernel.tenant_table('identity.person');

-- One person for each address; of several passwords the oldest account's stays.
insert into identity.person (id, email, password_hash, password_set_at, enrolled_by, created_at)
select distinct on (email) id, email, password_hash, created_at, org_id, created_at
  from identity.user_account
 order by email, created_at, id;

alter table identity.user_account add column person_id uuid references identity.person (id);
update identity.user_account u set person_id = p.id from identity.person p where p.email = u.email;
alter table identity.user_account alter column person_id set not null;
create unique index user_account_by_person on identity.user_account (person_id, org_id);

drop function identity.find_login(text);
drop function identity.find_session(bytea, timestamptz);
alter table identity.user_account drop column password_hash;

-- Everybody signs in once more: a session is a person's now, and works for one membership.
drop table identity.session;
create table identity.session (
    org_id          uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    id              uuid        not null,
    person_id       uuid        not null references identity.person (id),
    company_id      uuid        not null,
    user_id         uuid        not null,
    token_hash      bytea       not null unique,
    method          text        not null,
    has_two_factors boolean     not null,
    created_at      timestamptz not null,
    proved_at       timestamptz not null,
    last_seen_at    timestamptz not null,
    expires_at      timestamptz not null,
    revoked_at      timestamptz,
    address         text        not null check (length(address) <= 60),
    user_agent      text        not null check (length(user_agent) <= 300),
    primary key (org_id, id),
    foreign key (company_id, user_id) references identity.user_account (org_id, id)
);
create index session_by_person on identity.session (org_id, person_id, id);
create index session_by_user on identity.session (company_id, user_id);
create index session_by_age on identity.session (org_id, expires_at);
select kernel.tenant_table('identity.session');

-- The companies that a person may enter. Asked by the installation's own work only.
create function identity.memberships(p_person_id uuid)
returns table (company_id uuid, user_id uuid, company_name text, name text)
language sql stable security definer set search_path = '' as $$
    select u.org_id, u.id, o.name, u.name
      from identity.user_account u
      join identity.person p on p.id = u.person_id
      join identity.organisation o on o.org_id = u.org_id
     where u.person_id = p_person_id and u.is_active
       and (p.address_proved_at is not null or p.enrolled_by = u.org_id)
     order by o.name, u.org_id
     limit 100
$$;

-- A session is as good as its membership: without that, or with it inactive, there is none.
create function identity.find_session(p_token_hash bytea, p_now timestamptz)
returns table (org_id uuid, user_id uuid, session_id uuid, person_id uuid, name text, grants text[],
               last_seen_at timestamptz, proved_at timestamptz, has_two_factors boolean)
language sql stable security definer set search_path = '' as $$
    select s.company_id, s.user_id, s.id, s.person_id, u.name, r.grants,
           s.last_seen_at, s.proved_at, s.has_two_factors
      from identity.session s
      join identity.user_account u
        on u.org_id = s.company_id and u.id = s.user_id and u.person_id = s.person_id
       and u.is_active
      join identity.role r on r.org_id = u.org_id and r.key = u.role_key
     where s.token_hash = p_token_hash and s.revoked_at is null and s.expires_at > p_now
$$;

revoke execute on all functions in schema identity from public;
grant execute on function
    identity.memberships, identity.find_session, identity.installation to tandem_app;
