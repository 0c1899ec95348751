"""Second factors: codes of a clock and recovery codes; and proving anew who is asking."""

import asyncio
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity import passwords
from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.codes import (
    DIGITS,
    RECOVERY_LENGTH,
    WrongCode,
    enrolment_address,
    matching_step,
    new_recovery_codes,
    new_secret,
    plain_code,
)
from tandem.crm.identity.domain.guarding import FACTOR
from tandem.crm.identity.domain.sessions import SignedIn, Visitor
from tandem.crm.identity.service import guarding, mailed, notices, signing_in
from tandem.crm.identity.service.sessions import check_own_proof, new_token, person_of
from tandem.crm.identity.store import factors as factors_store
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import proofs as proofs_store
from tandem.crm.identity.store import sessions as sessions_store
from tandem.kernel import audit, secrets
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Conflict, NotFound, Unauthenticated
from tandem.kernel.ids import new_id

ISSUER = "Tandem"
SEALED_FOR = "identity.time_code"


class NothingBegun(Conflict):
    code = "nothing_begun"


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is what the QR code says; `secret` the same for typing."""

    secret: str
    address: str


class Factors(msgspec.Struct, frozen=True, kw_only=True):
    has_password: bool
    has_time_code: bool
    recovery_codes_left: int


async def read_factors(tx: Tx) -> Factors:
    person_id = person_of(tx.actor)
    async with tx.installation() as own:
        person = await persons_store.find_person(own, person_id=person_id)
        kinds = await factors_store.kinds_of(own, person_id)
        left: int = await own.value(factors_store.COUNT_RECOVERY_CODES, person_id=person_id)
    return Factors(
        has_password=bool(person and person.password_hash),
        has_time_code="totp" in kinds,
        recovery_codes_left=left,
    )


async def begin_time_code(tx: Tx, *, now: datetime) -> Enrolment:
    """A new secret, which counts once a code of it was typed; the old one works until then."""
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    secret, code_id = new_secret(), new_id()
    async with tx.installation() as own:
        await check_own_proof(own, tx.actor)
        person = await persons_store.find_person(own, person_id=person_id)
        assert person, "an actor's person is there"
        sealed = secrets.seal(
            secret.encode(), org_id=INSTALLATION, purpose=SEALED_FOR, subject=str(code_id)
        )
        await own.run(
            factors_store.START_TIME_CODE, id=code_id, person_id=person_id, secret=sealed, now=now
        )
    return Enrolment(
        secret=secret, address=enrolment_address(secret, email=person.email, issuer=ISSUER)
    )


async def begun_time_code(tx: Tx) -> Enrolment:
    """The secret being set up, to show its picture again after a wrong code."""
    person_id = person_of(tx.actor)
    async with tx.installation() as own:
        person = await persons_store.find_person(own, person_id=person_id)
        found = await factors_store.find_time_code(own, person_id, is_confirmed=False)
    if found is None or person is None:
        raise NothingBegun("Begin with a new QR code.", field="code")
    secret = _opened(found)
    return Enrolment(
        secret=secret, address=enrolment_address(secret, email=person.email, issuer=ISSUER)
    )


async def confirm_time_code(tx: Tx, *, code: str, now: datetime) -> list[str]:
    """The first code proves that the app has the secret. Fresh recovery codes, shown this once."""
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        await check_own_proof(own, tx.actor)
        found = await factors_store.find_time_code(own, person_id, is_confirmed=False)
        if found is None:
            raise NothingBegun("Begin with a new QR code.", field="code")
        step = matching_step(_opened(found), plain_code(code), now=now, after=0)
        if step is None:
            raise WrongCode
        await own.run(factors_store.REMOVE_TIME_CODE, person_id=person_id, except_id=found.id)
        await own.run(factors_store.CONFIRM_TIME_CODE, id=found.id, step=step, now=now)
        codes = await _renew_codes(own, person_id, now)
        await _strengthen(own, tx.actor)
        await notices.notify(own, person_id, "An authenticator app was added to your account.")
    await _note(tx, "factor.added", "totp", now)
    return codes


async def remove_time_code(tx: Tx, *, now: datetime) -> None:
    """Recovery codes go with the last factor."""
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        await check_own_proof(own, tx.actor)
        removed = await own.run(factors_store.REMOVE_TIME_CODE, person_id=person_id, except_id=None)
        if not removed:
            raise NotFound("There is no authenticator app to remove.")
        await drop_codes_without_factor(own, person_id)
        await notices.notify(own, person_id, "The authenticator app was removed from your account.")
    await _note(tx, "factor.removed", "totp", now)


async def renew_recovery_codes(tx: Tx, *, now: datetime) -> list[str]:
    """Ten new ones, shown this once; the old ones are dead."""
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        await check_own_proof(own, tx.actor)
        codes = await _renew_codes(own, person_id, now)
        await notices.notify(own, person_id, "New recovery codes were made for your account.")
    await _note(tx, "factor.codes_renewed", "recovery", now)
    return codes


async def change_password(
    database: Database, actor: Actor, *, old: str, new: str, visitor: Visitor, now: datetime
) -> None:
    """The old one is asked for again. All other sessions end; this browser stays known."""
    person_id = person_of(actor)
    await prove_password(database, person_id, old, visitor=visitor, now=now)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        person = await persons_store.find_person(own, person_id=person_id)
        assert person, "an actor's person is there"
        await mailed.check_new_password(own, person, new)
    hashed = await passwords.hash_password(new)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        await mailed.set_password(own, person_id, hashed, except_session=actor.session_id, now=now)
        await guarding.remember_browser(own, person_id, visitor, now=now)
        async with own.company(actor) as tx:
            await _note(tx, "password.changed", "password", now)


async def second_factor(
    database: Database, *, token: str, code: str, visitor: Visitor, now: datetime
) -> SignedIn:
    """The other half of a sign-in: a code of the app, or a recovery code. WrongCode otherwise."""
    async with database.transaction(signing_in.DOORKEEPER) as own:
        half = await proofs_store.try_proof(
            own, signing_in.SECOND_FACTOR, browser_hash=hash_of(token), now=now
        )
        if half is None or half.person_id is None:
            raise SignInAgain("This took too long. Begin once more.")
        tried = await _admit(own, half.person_id, visitor, now)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        kind = await use_code(own, half.person_id, code, now=now)
        await guarding.give_back(own, tried)
        return await finish_half(
            own, half, method=f"{half.data['method']}+{kind}", visitor=visitor, now=now
        )


class SignInAgain(Unauthenticated):
    code = "sign_in_again"


async def finish_half(
    own: Tx, half: proofs_store.Proof, *, method: str, visitor: Visitor, now: datetime
) -> SignedIn:
    assert half.person_id, "half a sign-in is somebody's"
    if not await proofs_store.use_proof(own, half.id, now=now):
        raise SignInAgain("This sign-in is complete already.")
    person = await persons_store.find_person(own, person_id=half.person_id)
    assert person, "persons are not deleted while they have proofs"
    membership = await signing_in.choose_membership(own, person)
    return await signing_in.finish(
        own, person, membership, method=method, visitor=visitor, now=now, is_strong=True
    )


async def step_up(
    database: Database,
    actor: Actor,
    *,
    password: str = "",
    code: str = "",
    visitor: Visitor,
    now: datetime,
) -> str:
    """Prove anew who is asking: the second factor where there is one, else the password.

    The session gets a new token, which is the answer; the old one is dead.
    """
    person_id = person_of(actor)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        has_factor = bool(await factors_store.kinds_of(own, person_id))
    if not has_factor:
        await prove_password(database, person_id, password, visitor=visitor, now=now)
        return await renew_session(database, actor, method="password", is_strong=False, now=now)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        tried = await _admit(own, person_id, visitor, now)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        kind = await use_code(own, person_id, code, now=now)
        await guarding.give_back(own, tried)
    return await renew_session(database, actor, method=kind, is_strong=True, now=now)


async def renew_session(
    database: Database, actor: Actor, *, method: str, is_strong: bool, now: datetime
) -> str:
    token = new_token()
    async with database.transaction(signing_in.DOORKEEPER) as own:
        renewed = await own.run(
            sessions_store.ROTATE_SESSION,
            id=actor.session_id,
            person_id=actor.person_id,
            token_hash=hash_of(token),
            method=method,
            has_two_factors=is_strong,
            now=now,
        )
    if not renewed:
        raise SignInAgain("This session has ended. Sign in once more.")
    return token


async def prove_password(
    database: Database, person_id: UUID, password: str, *, visitor: Visitor, now: datetime
) -> None:
    async with database.transaction(signing_in.DOORKEEPER) as own:
        person = await persons_store.find_person(own, person_id=person_id)
        assert person, "an actor's person is there"
        tried = await guarding.admit(
            own,
            what="password",
            account=person.email,
            person_id=person_id,
            visitor=visitor,
            now=now,
        )
    if not await passwords.is_password(password, person.password_hash):
        raise WrongPassword("This is not your password.", field="password")
    async with database.transaction(signing_in.DOORKEEPER) as own:
        await guarding.give_back(own, tried)


class WrongPassword(Unauthenticated):
    code = "wrong_password"


async def use_code(own: Tx, person_id: UUID, code: str, *, now: datetime) -> str:
    """`totp` or `recovery`: accepted once, also when two come at the same time. WrongCode."""
    typed = plain_code(code)
    if len(typed) == DIGITS and typed.isascii() and typed.isdigit():
        found = await factors_store.find_time_code(own, person_id, is_confirmed=True)
        step = (
            matching_step(_opened(found), typed, now=now, after=found.last_step) if found else None
        )
        if found and step and await own.run(factors_store.ACCEPT_STEP, id=found.id, step=step):
            return "totp"
        raise WrongCode
    if len(typed) != RECOVERY_LENGTH:
        raise WrongCode
    used = await own.run(
        factors_store.USE_RECOVERY_CODE,
        person_id=person_id,
        code_hash=await _kept_of(typed, person_id),
        now=now,
    )
    if not used:
        raise WrongCode
    await notices.notify(own, person_id, "A recovery code was used to sign in to your account.")
    return "recovery"


async def _admit(own: Tx, person_id: UUID, visitor: Visitor, now: datetime) -> guarding.Try:
    return await guarding.admit(
        own,
        what="factor",
        account=str(person_id),
        person_id=person_id,
        visitor=visitor,
        by_account=FACTOR,
        now=now,
    )


async def ensure_recovery_codes(own: Tx, person_id: UUID, *, now: datetime) -> list[str]:
    """With the first factor come recovery codes; empty when there are some."""
    left: int = await own.value(factors_store.COUNT_RECOVERY_CODES, person_id=person_id)
    return [] if left else await _renew_codes(own, person_id, now)


async def drop_codes_without_factor(own: Tx, person_id: UUID) -> None:
    """Recovery codes stand in for a factor; without one they would be a factor of their own."""
    if not await factors_store.kinds_of(own, person_id):
        await own.run(factors_store.REMOVE_RECOVERY_CODES, person_id=person_id)


async def _renew_codes(own: Tx, person_id: UUID, now: datetime) -> list[str]:
    codes = new_recovery_codes()
    await own.run(factors_store.REMOVE_RECOVERY_CODES, person_id=person_id)
    await own.run(
        factors_store.INSERT_RECOVERY_CODES,
        person_id=person_id,
        hashes=list(await asyncio.gather(*(_kept_of(code, person_id) for code in codes))),
        now=now,
    )
    return codes


async def _kept_of(code: str, person_id: UUID) -> bytes:
    """49 bits are few for whoever took the table: stretched as passwords are. The person's id is
    the salt, 74 bits of it are random."""
    return await passwords.stretch(plain_code(code), person_id.bytes)


async def _strengthen(own: Tx, actor: Actor) -> None:
    """Whoever has just shown a second factor has shown it for this session too."""
    if actor.session_id:
        await own.run(
            sessions_store.STRENGTHEN_SESSION, id=actor.session_id, person_id=actor.person_id
        )


async def _note(tx: Tx, action: str, kind: str, now: datetime) -> None:
    assert tx.actor.user_id, "somebody who signed in has a membership"
    await audit.write(
        tx,
        action=action,
        subject_kind="user",
        subject_id=tx.actor.user_id,
        now=now,
        after={"kind": kind},
    )


def _opened(found: factors_store.TimeCode) -> str:
    return secrets.unseal(
        found.secret, org_id=INSTALLATION, purpose=SEALED_FOR, subject=str(found.id)
    ).decode()
