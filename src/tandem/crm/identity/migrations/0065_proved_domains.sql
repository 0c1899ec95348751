-- A domain counts only once its owner has shown it: a TXT record with the claim's token. Anybody may
-- claim; one company proves.
alter table identity.claimed_domain
    drop constraint claimed_domain_domain_key,
    add column token         text not null
        default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
        check (length(token) between 22 and 64),
    add column proved_at     timestamptz,
    add column checked_at    timestamptz,
    add column missing_since timestamptz;
create unique index one_company_proves_a_domain
    on identity.claimed_domain (domain) where proved_at is not null;

create or replace function identity.provider_of_domain(p_domain text)
returns table (company_id uuid, provider_id uuid)
language sql stable security definer set search_path = '' as $$
    select d.org_id, d.provider_id from identity.claimed_domain d
     where d.domain = p_domain and d.proved_at is not null
$$;

-- What nobody has shown to be theirs locks nobody in.
create or replace function identity.memberships(p_person_id uuid)
returns table (company_id uuid, user_id uuid, company_name text, name text, provider_id uuid)
language sql stable security definer set search_path = '' as $$
    select u.org_id, u.id, o.name, u.name, v.id
      from identity.user_account u
      join identity.person p on p.id = u.person_id
      join identity.organisation o on o.org_id = u.org_id
      left join identity.sign_in_provider v
        on v.org_id = u.org_id and v.is_enforced and v.spare_user_id <> u.id
       and exists (select from identity.claimed_domain d
                    where d.org_id = v.org_id and d.provider_id = v.id
                      and d.proved_at is not null)
     where u.person_id = p_person_id and u.is_active
       and (p.address_proved_at is not null or p.enrolled_by = u.org_id)
     order by o.name, u.org_id
     limit 100
$$;
