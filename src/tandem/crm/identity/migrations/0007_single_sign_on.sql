-- Signing in where a company keeps its people (OpenID Connect). A provider vouches for members of its
-- own company only: what it says opens that company and no other.

create table identity.sign_in_provider (
    org_id        uuid          not null,
    id            uuid          not null,
    name          text          not null check (length(name) between 1 and 60),
    issuer        text          not null check (length(issuer) <= 500),
    client_id     text          not null check (length(client_id) between 1 and 200),
    client_secret kernel.sealed not null,
    domains       text[]        not null default '{}',
    is_enforced   boolean       not null default false,
    spare_user_id uuid,
    tested_at     timestamptz,
    created_at    timestamptz   not null,
    version       int           not null default 1,
    primary key (org_id, id),
    unique (org_id),
    constraint enforced_only_with_a_way_in check (not is_enforced or spare_user_id is not null),
    foreign key (org_id, spare_user_id) references identity.user_account (org_id, id)
);
select kernel.tenant_table('identity.sign_in_provider');

create table identity.claimed_domain (
    org_id      uuid not null,
    domain      text not null unique check (domain = lower(domain) and length(domain) <= 253),
    provider_id uuid not null,
    primary key (org_id, domain),
    foreign key (org_id, provider_id) references identity.sign_in_provider (org_id, id)
        on delete cascade
);
select kernel.tenant_table('identity.claimed_domain');

create table identity.sign_in_link (
    org_id      uuid        not null,
    provider_id uuid        not null,
    subject     text        not null check (length(subject) between 1 and 255),
    user_id     uuid        not null,
    created_at  timestamptz not null,
    primary key (org_id, provider_id, subject),
    unique (org_id, provider_id, user_id),
    foreign key (org_id, provider_id) references identity.sign_in_provider (org_id, id)
        on delete cascade,
    foreign key (org_id, user_id) references identity.user_account (org_id, id) on delete cascade
);
select kernel.tenant_table('identity.sign_in_link');

-- Which company's sign-in an address belongs to; it says nothing of whether anybody has it.
create function identity.provider_of_domain(p_domain text)
returns table (company_id uuid, provider_id uuid)
language sql stable security definer set search_path = '' as $$
    select d.org_id, d.provider_id from identity.claimed_domain d where d.domain = p_domain
$$;

create function identity.company_of_provider(p_provider_id uuid)
returns table (company_id uuid) language sql stable security definer set search_path = '' as $$
    select p.org_id from identity.sign_in_provider p where p.id = p_provider_id
$$;

-- With the provider through which a company must be entered; none for the one who keeps the spare key.
drop function identity.memberships(uuid);
create function identity.memberships(p_person_id uuid)
returns table (company_id uuid, user_id uuid, company_name text, name text, provider_id uuid)
language sql stable security definer set search_path = '' as $$
    select u.org_id, u.id, o.name, u.name, v.id
      from identity.user_account u
      join identity.person p on p.id = u.person_id
      join identity.organisation o on o.org_id = u.org_id
      left join identity.sign_in_provider v
        on v.org_id = u.org_id and v.is_enforced and v.spare_user_id <> u.id
     where u.person_id = p_person_id and u.is_active
       and (p.address_proved_at is not null or p.enrolled_by = u.org_id)
     order by o.name, u.org_id
     limit 100
$$;
revoke execute on function
    identity.memberships, identity.provider_of_domain, identity.company_of_provider from public;
grant execute on function
    identity.memberships, identity.provider_of_domain, identity.company_of_provider to tandem_app;
