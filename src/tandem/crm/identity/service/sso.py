"""Single sign-on: setting up a company's provider, going there, and coming back.

A provider belongs to a company and vouches for its members only. It is known by (issuer, subject);
the first time by an address that it verified, of a domain the company has shown to be its own.
Nobody is made a member by it. Its sessions open this company, and cannot change what the person
signs in with.
"""

import secrets as random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.identity.domain import hash_of, normal_email
from tandem.crm.identity.domain.persons import Membership
from tandem.crm.identity.domain.sessions import SignedIn, Visitor
from tandem.crm.identity.domain.sso import (
    DOMAINS_MAX,
    PUBLIC_MAIL,
    Claims,
    DomainNotProved,
    DomainTaken,
    Metadata,
    Pending,
    Provider,
    SsoRefused,
    read_claims,
    refused,
)
from tandem.crm.identity.domain.strength import (
    ACRS_MAX,
    HOURS_MAX,
    Expected,
    Told,
    read_told,
    what_is_missing,
)
from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.crm.identity.service import signing_in
from tandem.crm.identity.service.sessions import new_token
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import proofs as proofs_store
from tandem.crm.identity.store import sso as sso_store
from tandem.kernel import audit, secrets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Conflict, Invalid, NotFound
from tandem.kernel.ids import new_id

SSO = "sso"
SEALED_FOR = "identity.sign_in_provider"
PENDING_LIFE = timedelta(minutes=10)
CALLBACK = "/sso/callback"


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser goes, and the token that ties its coming back to it."""

    to: str
    token: str


class NotTested(Conflict):
    code = "not_tested"


async def find_provider(tx: Tx) -> Provider | None:
    tx.actor.require("identity.read")
    return await sso_store.find_provider(tx)


async def save_provider(
    tx: Tx,
    metadata: Metadata,
    *,
    name: str,
    client_id: str,
    client_secret: str,
    domains: Sequence[str],
    expects: Expected = Expected(),
    now: datetime,
) -> Provider:
    """Keep a provider that was just discovered. It is enforced only once it was tested.

    Its domains count once their owner has shown them (`domains.check`). Refuses those of everybody.
    """
    tx.actor.require("identity.settings")
    tx.actor.require_fresh(now)
    before = await sso_store.find_provider(tx)
    provider_id = before.id if before else new_id()
    if before and before.issuer != metadata.issuer:
        # Another provider's subjects are other people.
        await tx.run(sso_store.FORGET_LINKS, provider_id=provider_id)
    claimed = sorted({domain.strip().lower() for domain in domains})
    if shared := sorted(PUBLIC_MAIL & set(claimed)):
        raise Invalid(f"{shared[0]} belongs to everybody.", field="domains")
    sealed = secrets.seal(
        client_secret.encode(),
        org_id=tx.actor.org_id,
        purpose=SEALED_FOR,
        subject=str(provider_id),
    )
    await tx.run(
        sso_store.SAVE_PROVIDER,
        id=provider_id,
        name=name,
        issuer=metadata.issuer,
        client_id=client_id,
        client_secret=sealed,
        domains=claimed,
        expects=msgspec.to_builtins(expects),
        now=now,
    )
    await tx.run(sso_store.DROP_CLAIMS, domains=claimed)
    for domain in claimed:
        await tx.run(
            sso_store.CLAIM_DOMAIN, domain=domain, provider_id=provider_id, token=new_token()
        )
    noted = {"issuer": metadata.issuer, "expects": msgspec.to_builtins(expects)}
    await _note(tx, "sign_in_provider.saved", provider_id, now, noted)
    saved = await sso_store.find_provider(tx)
    assert saved, "it was saved just now"
    return saved


async def enforce(
    tx: Tx, *, is_enforced: bool, spare_user_id: UUID | None, now: datetime
) -> Provider:
    """From now on this company is entered through its provider only, but for the spare one.

    Refuses before a test went well and before a domain is shown to be the company's, and without
    somebody who may still come in otherwise.
    """
    tx.actor.require("identity.settings")
    tx.actor.require_fresh(now)
    provider = await sso_store.find_provider(tx)
    if provider is None:
        raise NotFound("There is no provider yet.")
    if is_enforced and not provider.proved:
        raise DomainNotProved("Show first that a domain is yours.", field="is_enforced")
    if is_enforced and provider.tested_at is None:
        raise NotTested("Test the sign-in first.", field="is_enforced")
    if is_enforced:
        spare = await people_store.list_users(tx, spare_user_id) if spare_user_id else []
        if not spare or not spare[0].is_active:
            raise Invalid("Choose who may still come in with a password.", field="spare_user_id")
    await tx.run(sso_store.ENFORCE, is_enforced=is_enforced, spare_user_id=spare_user_id)
    await _note(tx, "sign_in_provider.enforced", provider.id, now, {"is_enforced": is_enforced})
    changed = await sso_store.find_provider(tx)
    assert changed, "it was there just now"
    return changed


async def remove_provider(tx: Tx, *, now: datetime) -> None:
    tx.actor.require("identity.settings")
    tx.actor.require_fresh(now)
    provider = await sso_store.find_provider(tx)
    if provider is None:
        raise NotFound("There is no provider to remove.")
    await tx.run(sso_store.REMOVE_PROVIDER)
    await _note(tx, "sign_in_provider.removed", provider.id, now, {})


async def own_door(tx: Tx) -> Provider | None:
    """The provider that knows who is signed in here, and can look anew who it is."""
    provider = await sso_store.find_provider(tx)
    if provider is None or not await tx.value(
        sso_store.IS_LINKED, provider_id=provider.id, user_id=tx.actor.user_id
    ):
        return None
    return provider


async def find_door(database: Database, *, email: str) -> UUID | None:
    """The provider of the address's domain; the same for every address of it."""
    domain = normal_email(email).rpartition("@")[2]
    found = await sso_store.provider_of_domain(database, domain)
    return found.provider_id if found else None


async def leave(
    database: Database,
    gateway: OpenIdGateway,
    provider_id: UUID,
    *,
    base_url: str,
    to: str,
    now: datetime,
    is_test: bool = False,
    is_fresh: bool = False,
) -> Leaving:
    """Begin: state, nonce and PKCE are made here, kept here, and tied to the browser. `is_fresh`:
    the provider is to look anew who it is, and to say that it did."""
    company_id, provider, _ = await _provider(database, provider_id)
    metadata = await gateway.discover(provider.issuer)
    state, token = new_token(), new_token()
    pending = Pending(
        company_id=company_id,
        provider_id=provider_id,
        nonce=new_token(),
        verifier=random.token_urlsafe(48),
        next=to,
        begun_at=now,
        is_test=is_test,
        is_fresh=is_fresh,
    )
    async with database.transaction(signing_in.DOORKEEPER) as own:
        await own.run(
            proofs_store.INSERT_PROOF,
            id=new_id(),
            purpose=SSO,
            person_id=None,
            browser_hash=hash_of(token),
            secret_hash=hash_of(state),
            data=msgspec.to_builtins(pending),
            tries_max=1,
            now=now,
            expires_at=now + PENDING_LIFE,
        )
    where = gateway.authorization(
        metadata,
        client_id=provider.client_id,
        state=state,
        nonce=pending.nonce,
        verifier=pending.verifier,
        back=f"{base_url}{CALLBACK}",
        is_fresh=is_test or is_fresh,
        expects=provider.expects,
    )
    return Leaving(to=where, token=token)


async def come_back(
    database: Database,
    gateway: OpenIdGateway,
    *,
    token: str,
    state: str,
    code: str,
    issuer: str | None,
    error: str | None,
    base_url: str,
    visitor: Visitor,
    now: datetime,
) -> tuple[SignedIn | None, Pending]:
    """The session, or None where this was a test. SsoRefused for all that does not fit.

    `issuer` is the answer's `iss` (RFC 9207): an answer of another provider is not for us.
    """
    pending = await _pending(database, token, state, now)
    _, provider, secret = await _provider(database, pending.provider_id)
    metadata = await gateway.discover(provider.issuer)
    must_say = metadata.authorization_response_iss_parameter_supported
    if (issuer is not None or must_say) and issuer != provider.issuer:
        raise refused("another provider answered")
    if error or not code:
        raise refused("it did not let you in")
    told = await gateway.exchange(
        metadata,
        client_id=provider.client_id,
        client_secret=secret,
        code=code,
        verifier=pending.verifier,
        back=f"{base_url}{CALLBACK}",
    )
    claims = read_claims(
        told, issuer=provider.issuer, client_id=provider.client_id, nonce=pending.nonce, now=now
    )
    shown = read_told(provider.expects, acr=claims.acr, amr=claims.amr, auth_time=claims.auth_time)
    if missing := what_is_missing(
        provider.expects, shown, begun_at=pending.begun_at, is_fresh=pending.is_fresh
    ):
        raise refused(missing)
    return await _admit(database, pending, provider, claims, shown, visitor, now), pending


async def _pending(database: Database, token: str, state: str, now: datetime) -> Pending:
    async with database.transaction(signing_in.DOORKEEPER) as own:
        proof = await proofs_store.try_proof(own, SSO, browser_hash=hash_of(token), now=now)
        if proof:
            await proofs_store.use_proof(own, proof.id, now=now)
    if proof is None or proof.secret_hash != hash_of(state):
        raise refused("it was begun elsewhere, or too long ago")
    return msgspec.convert(proof.data, Pending)


async def _admit(
    database: Database,
    pending: Pending,
    provider: Provider,
    claims: Claims,
    shown: Told,
    visitor: Visitor,
    now: datetime,
) -> SignedIn | None:
    company = Actor.system(pending.company_id, provider.name)
    async with database.transaction(company) as tx:
        member = await _member(tx, provider, claims, now)
        if pending.is_test:
            told = msgspec.to_builtins(shown)
            await tx.run(sso_store.TESTED, id=provider.id, told=told, now=now)
            return None
    async with database.transaction(signing_in.DOORKEEPER) as own:
        here = next(
            (
                one
                for one in await persons_store.memberships(own, member.person_id)
                if one.company_id == pending.company_id
            ),
            None,
        )
        person = await persons_store.find_person(own, person_id=member.person_id)
        if person is None:
            raise _nobody()
        membership = here or Membership(
            company_id=pending.company_id, user_id=member.user_id, company_name="", name=""
        )
        return await signing_in.finish(
            own,
            person,
            membership,
            method=SSO,
            visitor=visitor,
            now=now,
            is_strong=shown.has_two_factors,
            proved_at=shown.proved_at(now),
            is_vouched_for=True,
        )


async def _member(tx: Tx, provider: Provider, claims: Claims, now: datetime) -> sso_store.Member:
    """By subject; the first time by a verified address of a claimed domain."""
    known = await sso_store.find_linked(tx, provider.id, claims.sub)
    if known:
        return known
    email = normal_email(claims.email or "")
    is_ours = claims.email_verified and email.rpartition("@")[2] in provider.proved
    member = await sso_store.find_member(tx, provider.id, email) if is_ours else None
    if member is None or not await sso_store.link(
        tx, provider.id, claims.sub, member.user_id, now=now
    ):
        raise _nobody()
    await audit.write(
        tx, action="sign_in_link.made", subject_kind="user", subject_id=member.user_id, now=now
    )
    return member


async def _provider(database: Database, provider_id: UUID) -> tuple[UUID, Provider, str]:
    company_id = await sso_store.company_of(database, provider_id)
    if company_id is None:
        raise NotFound("There is no such company sign-in.")
    async with database.transaction(Actor.system(company_id)) as tx:
        provider = await sso_store.find_provider(tx)
        sealed = await tx.value(sso_store.GET_SECRET, id=provider_id)
    assert provider and sealed, "the company was found by its provider"
    secret = secrets.unseal(sealed, org_id=company_id, purpose=SEALED_FOR, subject=str(provider_id))
    return company_id, provider, secret.decode()


def _nobody() -> SsoRefused:
    return refused("nobody of this company is known by what it says of you")


async def _note(
    tx: Tx, action: str, provider_id: UUID, now: datetime, after: dict[str, object]
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="sign_in_provider",
        subject_id=provider_id,
        now=now,
        after=after,
    )


__all__ = [
    "ACRS_MAX",
    "CALLBACK",
    "DOMAINS_MAX",
    "HOURS_MAX",
    "DomainNotProved",
    "DomainTaken",
    "Expected",
    "Leaving",
    "NotTested",
    "OpenIdGateway",
    "come_back",
    "enforce",
    "find_door",
    "find_provider",
    "leave",
    "own_door",
    "remove_provider",
    "save_provider",
]
