"""Opening and ending sessions, and going from one company to another of the same person."""

import secrets
from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.persons import Membership
from tandem.crm.identity.domain.sessions import (
    SESSION_IDLE,
    SESSION_LIFE,
    OpenSession,
    SignedIn,
    Visitor,
)
from tandem.crm.identity.domain.sso import SsoNeeded
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import sessions as sessions_store
from tandem.kernel import audit
from tandem.kernel.actor import Actor, StepUpNeeded
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id

BORROWED = frozenset({"sso", "tokens"})


def new_token() -> str:
    return secrets.token_urlsafe(32)


async def open_session(
    own: Tx,
    *,
    person_id: UUID,
    membership: Membership,
    method: str,
    visitor: Visitor,
    now: datetime,
    proved_at: datetime | None = None,
    has_two_factors: bool = False,
    has_own_factor: bool = False,
) -> SignedIn:
    """A new session with a token of its own; the one the visitor came with ends."""
    token = new_token()
    opened = SignedIn(
        token=token,
        org_id=membership.company_id,
        user_id=membership.user_id,
        person_id=person_id,
        session_id=new_id(),
        expires_at=now + SESSION_LIFE,
    )
    if visitor.old_token:
        await sessions_store.revoke(own, token_hash=hash_of(visitor.old_token), now=now)
    await own.run(
        sessions_store.INSERT_SESSION,
        id=opened.session_id,
        person_id=person_id,
        company_id=membership.company_id,
        user_id=membership.user_id,
        token_hash=hash_of(token),
        method=method,
        has_two_factors=has_two_factors,
        has_own_factor=has_own_factor,
        created_at=now,
        proved_at=proved_at or now,
        expires_at=opened.expires_at,
        address=visitor.address[:60],
        user_agent=visitor.user_agent[: sessions_store.AGENT_LENGTH],
    )
    await own.run(persons_store.ENTER_COMPANY, id=person_id, company_id=membership.company_id)
    await _note_entry(own, membership, opened, method, now)
    return opened


async def _note_entry(
    own: Tx, membership: Membership, opened: SignedIn, method: str, now: datetime
) -> None:
    actor = Actor(org_id=membership.company_id, user_id=membership.user_id, label=membership.name)
    async with own.company(actor) as tx:
        await audit.write(
            tx,
            action="session.opened",
            subject_kind="session",
            subject_id=opened.session_id,
            now=now,
            after={"method": method},
        )


async def sign_out(tx: Tx, *, token: str, now: datetime) -> None:
    async with tx.installation() as own:
        await sessions_store.revoke(own, token_hash=hash_of(token), now=now)


async def list_sessions(tx: Tx, *, now: datetime) -> list[OpenSession]:
    """One's own open sessions in all companies, the latest seen first, at most 200."""
    person_id = person_of(tx.actor)
    async with tx.installation() as own:
        return await sessions_store.list_sessions(
            own, person_id, idle_since=now - SESSION_IDLE, now=now
        )


async def revoke_session(tx: Tx, session_id: UUID, *, now: datetime) -> None:
    """End one of one's own sessions; it stops working within a second. A fresh proof is asked for:
    who stole a cookie must not be able to put its owner out."""
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        ended = await sessions_store.revoke(
            own, session_id=session_id, person_id=person_id, now=now
        )
    if not ended:
        raise NotFound("There is no such open session of yours.")
    await audit.write(
        tx, action="session.revoked", subject_kind="session", subject_id=session_id, now=now
    )


async def revoke_other_sessions(tx: Tx, *, now: datetime) -> int:
    """End all of one's own sessions but this one; how many there were. Asks for a fresh proof."""
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        ended = await sessions_store.revoke(
            own, person_id=person_id, except_id=tx.actor.session_id, now=now
        )
    await audit.write(
        tx,
        action="session.others_revoked",
        subject_kind="person",
        subject_id=person_id,
        now=now,
        after={"ended": ended},
    )
    return ended


async def end_sessions_of(tx: Tx, user_id: UUID, *, now: datetime) -> int:
    """End every session of a membership of this company: it was removed, disabled or changed."""
    async with tx.installation() as own:
        return await sessions_store.revoke(own, user_id=user_id, now=now)


async def list_companies(tx: Tx) -> list[Membership]:
    """The companies this person may enter; none for keys and devices."""
    if tx.actor.person_id is None:
        return []
    return await persons_store.memberships(tx, tx.actor.person_id)


async def switch_company(tx: Tx, company_id: UUID, *, visitor: Visitor, now: datetime) -> SignedIn:
    """A new session for another membership of the same person; this one ends.

    Being fresh, or not, goes along: entering another company proves nothing anew. Two factors do
    too, but not where a company's provider stood for them.
    """
    person_id = person_of(tx.actor)
    found = {one.company_id: one for one in await persons_store.memberships(tx, person_id)}
    if company_id not in found:
        raise NotFound("You are not a member of this company.")
    actor = tx.actor
    if found[company_id].provider_id:
        raise SsoNeeded(
            f"{found[company_id].company_name} is entered through its own sign-in.",
            provider_id=str(found[company_id].provider_id),
        )
    async with tx.installation() as own:
        proof = await check_own_proof(own, actor)
        has_own_factor = proof is not None and proof.has_own_factor
        if actor.session_id:
            await sessions_store.revoke(own, session_id=actor.session_id, now=now)
        return await open_session(
            own,
            person_id=person_id,
            membership=found[company_id],
            method="switch",
            visitor=visitor,
            now=now,
            proved_at=actor.proved_at,
            has_two_factors=has_own_factor,
            has_own_factor=has_own_factor,
        )


async def check_own_proof(own: Tx, actor: Actor) -> sessions_store.OwnProof | None:
    """What belongs to the person needs the person: a company's provider vouches for its own company
    only, and a program's token for its own work."""
    if actor.session_id is None:
        return None
    proof = await own.one_or_none(
        sessions_store.PROOF_OF_SESSION,
        sessions_store.OwnProof,
        id=actor.session_id,
        person_id=actor.person_id,
    )
    if proof and proof.method in BORROWED:
        raise StepUpNeeded("Confirm that it is you, with something of your own.")
    return proof


def person_of(actor: Actor) -> UUID:
    if actor.person_id is None:
        raise Forbidden("Only somebody who signed in has this.", permission="person")
    return actor.person_id
