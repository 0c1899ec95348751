"""A company's sign-in provider, its domains, and whom it vouches for."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.sso import RECORD, Claim, Provider
from tandem.kernel.db import Database, Query, Tx

GET_PROVIDER = Query(
    """
    select id, name, issuer, client_id, domains, is_enforced, spare_user_id, tested_at, version,
           expects, told
      from identity.sign_in_provider
     where org_id = :org_id
    """
)

GET_SECRET = Query(
    """
    select client_secret::bytea from identity.sign_in_provider
     where org_id = :org_id and id = :id
    """
)

SAVE_PROVIDER = Query(
    """
    insert into identity.sign_in_provider
           (org_id, id, name, issuer, client_id, client_secret, domains, expects, created_at)
    values (:org_id, :id, :name, :issuer, :client_id, :client_secret, :domains, :expects, :now)
        on conflict (org_id) do update
       set name = excluded.name, issuer = excluded.issuer, client_id = excluded.client_id,
           client_secret = excluded.client_secret, domains = excluded.domains,
           expects = excluded.expects, tested_at = null, told = null,
           is_enforced = false, version = identity.sign_in_provider.version + 1
    """
)

ENFORCE = Query(
    """
    update identity.sign_in_provider
       set is_enforced = :is_enforced, spare_user_id = :spare_user_id, version = version + 1
     where org_id = :org_id
    """
)

TESTED = Query(
    """
    update identity.sign_in_provider set tested_at = :now, told = :told
     where org_id = :org_id and id = :id
    """
)

REMOVE_PROVIDER = Query("delete from identity.sign_in_provider where org_id = :org_id")

LIST_CLAIMS = Query(
    f"""
    select domain, '{RECORD}.' || domain as record_name, 'tandem-sign-in=' || token as record_text,
           proved_at, checked_at, missing_since
      from identity.claimed_domain
     where org_id = :org_id
     order by domain
    """
)

DROP_CLAIMS = Query(
    """
    delete from identity.claimed_domain
     where org_id = :org_id and domain <> all(:domains::text[])
    """
)

CLAIM_DOMAIN = Query(
    """
    insert into identity.claimed_domain (org_id, domain, provider_id, token)
    values (:org_id, :domain, :provider_id, :token)
        on conflict (org_id, domain) do nothing
    """
)

PROVED = Query(
    """
    update identity.claimed_domain
       set proved_at = coalesce(proved_at, :now), checked_at = :now, missing_since = null
     where org_id = :org_id and domain = :domain and 'tandem-sign-in=' || token = :text
    """
)

MISSING = Query(
    """
    update identity.claimed_domain
       set checked_at = :now, missing_since = coalesce(missing_since, :now),
           proved_at = case when coalesce(missing_since, :now) > :lapsed_before then proved_at end
     where org_id = :org_id and domain = :domain
    """
)

DUE_CLAIMS = Query(
    """
    select domain from identity.claimed_domain
     where org_id = :org_id and (checked_at is null or checked_at < :before)
     limit 1
    """
)

FORGET_LINKS = Query(
    "delete from identity.sign_in_link where org_id = :org_id and provider_id = :provider_id"
)

FIND_LINKED = Query(
    """
    select u.id as user_id, u.person_id
      from identity.sign_in_link l
      join identity.user_account u on u.org_id = l.org_id and u.id = l.user_id and u.is_active
     where l.org_id = :org_id and l.provider_id = :provider_id and l.subject = :subject
    """
)

IS_LINKED = Query(
    """
    select exists (select from identity.sign_in_link
                    where org_id = :org_id and provider_id = :provider_id and user_id = :user_id)
    """
)

FIND_MEMBER = Query(
    """
    select u.id as user_id, u.person_id
      from identity.user_account u
     where u.org_id = :org_id and u.email = :email and u.is_active
       and not exists (select from identity.sign_in_link l
                        where l.org_id = u.org_id and l.provider_id = :provider_id
                          and l.user_id = u.id)
    """
)

LINK = Query(
    """
    insert into identity.sign_in_link (org_id, provider_id, subject, user_id, created_at)
    values (:org_id, :provider_id, :subject, :user_id, :now)
        on conflict do nothing
    """
)

PROVIDER_OF_DOMAIN = Query(
    "select company_id, provider_id from identity.provider_of_domain(:domain)",
    beyond_org="nobody is signed in yet; the domain is the question",
)

COMPANY_OF_PROVIDER = Query(
    "select company_id from identity.company_of_provider(:provider_id)",
    beyond_org="nobody is signed in yet; the provider's id stands in the address",
)


class Member(msgspec.Struct, frozen=True):
    user_id: UUID
    person_id: UUID


class Claimed(msgspec.Struct, frozen=True):
    company_id: UUID
    provider_id: UUID


class _Company(msgspec.Struct):
    company_id: UUID


async def find_provider(tx: Tx) -> Provider | None:
    found = await tx.one_or_none(GET_PROVIDER, Provider)
    if found is None:
        return None
    return msgspec.structs.replace(found, claims=await tx.many(LIST_CLAIMS, Claim))


async def provider_of_domain(database: Database, domain: str) -> Claimed | None:
    rows = await database.look_up(PROVIDER_OF_DOMAIN, Claimed, domain=domain)
    return rows[0] if rows else None


async def company_of(database: Database, provider_id: UUID) -> UUID | None:
    rows = await database.look_up(COMPANY_OF_PROVIDER, _Company, provider_id=provider_id)
    return rows[0].company_id if rows else None


async def find_linked(tx: Tx, provider_id: UUID, subject: str) -> Member | None:
    return await tx.one_or_none(FIND_LINKED, Member, provider_id=provider_id, subject=subject)


async def find_member(tx: Tx, provider_id: UUID, email: str) -> Member | None:
    """Of this company, with this address, and not yet somebody else's at the provider."""
    return await tx.one_or_none(FIND_MEMBER, Member, provider_id=provider_id, email=email)


async def link(tx: Tx, provider_id: UUID, subject: str, user_id: UUID, *, now: datetime) -> bool:
    return bool(
        await tx.run(LINK, provider_id=provider_id, subject=subject, user_id=user_id, now=now)
    )
