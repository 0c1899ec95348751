"""Signing in, which happens before an organisation is known."""

import hashlib
from datetime import datetime, timedelta

from tandem.crm.identity import passwords
from tandem.crm.identity.domain import WrongCredentials, hash_of, normal_email
from tandem.crm.identity.domain.persons import Membership
from tandem.crm.identity.domain.sessions import HalfSignedIn, SignedIn, Visitor
from tandem.crm.identity.domain.sso import SsoNeeded
from tandem.crm.identity.service import guarding, notices
from tandem.crm.identity.service.sessions import new_token, open_session
from tandem.crm.identity.store import factors as factors_store
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import proofs as proofs_store
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.ids import new_id

DOORKEEPER = Actor.system(INSTALLATION, "Sign-in")
SECOND_FACTOR = "second_factor"
HALF_LIFE = timedelta(minutes=10)
HALF_TRIES_MAX = 10


async def sign_in(
    database: Database, *, email: str, password: str, visitor: Visitor, now: datetime
) -> SignedIn | HalfSignedIn:
    """Open a session, or ask for the second factor where there is one.

    WrongCredentials and TooManyTries say nothing of whether the address is known.
    """
    address = normal_email(email)
    async with database.transaction(DOORKEEPER) as own:
        person = await persons_store.find_person(own, email=address)
        tried = await guarding.admit(
            own,
            what="password",
            account=address,
            person_id=person.id if person else None,
            visitor=visitor,
            now=now,
        )
    is_right, fresh = await passwords.verify_password(
        password, person.password_hash if person else None
    )
    if person is None or not is_right:
        raise wrong()
    async with database.transaction(DOORKEEPER) as own:
        if fresh:
            await own.run(
                persons_store.REHASH_PASSWORD,
                id=person.id,
                password_hash=fresh,
                seen=person.password_hash,
            )
        await guarding.give_back(own, tried)
        return await enter(own, person, method="password", visitor=visitor, now=now)


def hash_of_bytes(challenge: bytes) -> bytes:
    return hashlib.sha256(challenge).digest()


def wrong() -> WrongCredentials:
    return WrongCredentials("This e-mail address and password do not belong together.")


async def enter(
    own: Tx,
    person: persons_store.StoredPerson,
    *,
    method: str,
    visitor: Visitor,
    now: datetime,
    is_enough: bool = False,
) -> SignedIn | HalfSignedIn:
    """One thing is proved. `is_enough` where that was two factors in one, as a passkey is."""
    membership = await choose_membership(own, person)
    if not is_enough:
        factors = await factors_store.kinds_of(own, person.id)
        if factors:
            return await _half(own, person, factors, method, now)
    return await finish(
        own, person, membership, method=method, visitor=visitor, now=now, is_strong=is_enough
    )


async def finish(
    own: Tx,
    person: persons_store.StoredPerson,
    membership: Membership,
    *,
    method: str,
    visitor: Visitor,
    now: datetime,
    is_strong: bool,
    proved_at: datetime | None = None,
    is_vouched_for: bool = False,
) -> SignedIn:
    """`is_vouched_for`: by a company's provider, for that company alone."""
    if not await guarding.is_known_browser(own, person.id, visitor, now):
        await notices.tell_of_new_place(own, person.id, visitor, now=now)
    await guarding.remember_browser(own, person.id, visitor, now=now)
    return await open_session(
        own,
        person_id=person.id,
        membership=membership,
        method=method,
        visitor=visitor,
        now=now,
        proved_at=proved_at,
        has_two_factors=is_strong,
        has_own_factor=is_strong and not is_vouched_for,
    )


async def _half(
    own: Tx, person: persons_store.StoredPerson, factors: list[str], method: str, now: datetime
) -> HalfSignedIn:
    token = new_token()
    await own.run(
        proofs_store.INSERT_PROOF,
        id=new_id(),
        purpose=SECOND_FACTOR,
        person_id=person.id,
        browser_hash=hash_of(token),
        secret_hash=None,
        data={"method": method},
        tries_max=HALF_TRIES_MAX,
        now=now,
        expires_at=now + HALF_LIFE,
    )
    return HalfSignedIn(token=token, factors=factors)


async def choose_membership(own: Tx, person: persons_store.StoredPerson) -> Membership:
    """The company somebody was in last, else the first. Refuses whoever has none any more."""
    found = await persons_store.memberships(own, person.id)
    if not found:
        raise wrong()
    open_ones = [one for one in found if one.provider_id is None]
    if not open_ones:
        raise sso_needed(found[0])
    last = person.last_company_id
    return next((one for one in open_ones if one.company_id == last), open_ones[0])


def sso_needed(membership: Membership) -> SsoNeeded:
    return SsoNeeded(
        f"{membership.company_name} is entered through its own sign-in.",
        provider_id=str(membership.provider_id),
    )
