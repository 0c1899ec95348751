"""What is proved by reading one's mail: signing in by code, and a new password.

The web process never learns whether an address is known: it writes the same row and queues the same
job for each. The worker looks, and mails or does not.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from tandem.crm.identity import passwords
from tandem.crm.identity.domain import check_password, hash_of, normal_email
from tandem.crm.identity.domain.codes import Letter, WrongCode, hash_of_code, new_mailed_code
from tandem.crm.identity.domain.guarding import MAIL_FROM, MAIL_TO, network_of, subject_of
from tandem.crm.identity.domain.persons import Membership
from tandem.crm.identity.domain.sessions import HalfSignedIn, SignedIn, Visitor
from tandem.crm.identity.service import guarding, signing_in
from tandem.crm.identity.service.members import get_user
from tandem.crm.identity.service.notices import notify
from tandem.crm.identity.service.persons import prove_address
from tandem.crm.identity.service.sessions import new_token
from tandem.crm.identity.store import factors as factors_store
from tandem.crm.identity.store import guarding as guarding_store
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import proofs as proofs_store
from tandem.crm.identity.store import sessions as sessions_store
from tandem.kernel import audit, jobs
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Conflict, Gone
from tandem.kernel.ids import new_id

CODE, RESET = "mailed_code", "reset"
CODE_LIFE, RESET_LIFE = timedelta(minutes=10), timedelta(minutes=30)
CODE_TRIES_MAX = 5
SEND_CODE, SEND_RESET = "tell_person.send_code", "tell_person.send_reset"


class LinkGone(Gone):
    """A link works once, for half an hour, and only the newest of them."""

    code = "link_gone"


async def ask_for_code(database: Database, *, email: str, visitor: Visitor, now: datetime) -> str:
    """Have a sign-in code mailed, if anybody is there; the token that ties it to this browser."""
    address, token = normal_email(email), new_token()
    async with database.transaction(signing_in.DOORKEEPER) as own:
        proof_id = new_id()
        await own.run(
            proofs_store.INSERT_PROOF,
            id=proof_id,
            purpose=CODE,
            person_id=None,
            browser_hash=hash_of(token),
            secret_hash=None,
            data={"email": address},
            tries_max=CODE_TRIES_MAX,
            now=now,
            expires_at=now + CODE_LIFE,
        )
        if await _may_mail(own, address, visitor, now):
            await jobs.enqueue(own, SEND_CODE, proof_id=str(proof_id), email=address)
    return token


async def ask_for_reset(database: Database, *, email: str, visitor: Visitor, now: datetime) -> None:
    """Have a link to a new password mailed, if anybody is there."""
    address = normal_email(email)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        if await _may_mail(own, address, visitor, now):
            await jobs.enqueue(own, SEND_RESET, email=address)


async def start_reset(tx: Tx, user_id: UUID, *, now: datetime) -> None:
    """Have a member of the company mailed a link to a new password. Whoever starts it neither
    chooses nor learns one; the member's password and sessions stay until the link is used."""
    member = await get_user(tx, user_id)
    tx.actor.require("identity.manage")
    if not member.is_active:
        raise Conflict("They may not sign in; let them in first.")
    async with tx.installation() as own:
        await guarding.draw(own, MAIL_TO, subject_of(member.email), now=now)
        await jobs.enqueue(own, SEND_RESET, email=member.email)
    await audit.write(
        tx, action="user.reset_started", subject_kind="user", subject_id=user_id, now=now
    )


async def _may_mail(own: Tx, address: str, visitor: Visitor, now: datetime) -> bool:
    """A full mailbox is an attack too. Whoever asks is told the same either way."""
    network = subject_of(network_of(visitor.address))
    await guarding.draw(own, MAIL_FROM, network, now=now)
    return await guarding_store.take(own, MAIL_TO, subject_of(address), now=now) is not None


async def write_code(own: Tx, *, proof_id: UUID, email: str, now: datetime) -> Letter | None:
    """The worker's part: the code and whom to mail it to, or nobody."""
    person = await persons_store.find_person(own, email=email)
    membership = await _company_of(own, person)
    if person is None or membership is None:
        return None
    code = new_mailed_code()
    given = await own.run(
        proofs_store.GIVE_SECRET,
        id=proof_id,
        person_id=person.id,
        secret_hash=hash_of_code(code, proof_id),
    )
    if not given:
        return None
    await proofs_store.end_proofs(own, person.id, purpose=CODE, except_id=proof_id, now=now)
    return _letter(person, membership, code, f"sign_in_code:{proof_id}")


async def write_reset(own: Tx, *, email: str, now: datetime) -> Letter | None:
    """The worker's part: a fresh link; every older one is dead."""
    person = await persons_store.find_person(own, email=email)
    membership = await _company_of(own, person)
    if person is None or membership is None:
        return None
    token, proof_id = new_token(), new_id()
    await proofs_store.end_proofs(own, person.id, purpose=RESET, now=now)
    await own.run(
        proofs_store.INSERT_PROOF,
        id=proof_id,
        purpose=RESET,
        person_id=person.id,
        browser_hash=None,
        secret_hash=hash_of(token),
        data={},
        tries_max=50,
        now=now,
        expires_at=now + RESET_LIFE,
    )
    return _letter(person, membership, token, f"reset:{proof_id}")


async def write_notice(
    own: Tx, *, person_id: UUID | None = None, email: str | None = None, occasion: str
) -> Letter | None:
    """The worker's part of telling somebody what happened to their account."""
    person = await persons_store.find_person(own, person_id=person_id, email=email)
    membership = await _company_of(own, person)
    if person is None or membership is None:
        return None
    return _letter(person, membership, "", f"notice:{person.id}:{occasion}")


async def _company_of(own: Tx, person: persons_store.StoredPerson | None) -> Membership | None:
    """In whose name to write. Somebody unproved gets mail too: reading it is the proof."""
    if person is None:
        return None
    found = await persons_store.memberships(own, person.id)
    last = person.last_company_id
    return next((one for one in found if one.company_id == last), found[0] if found else None)


def _letter(
    person: persons_store.StoredPerson, membership: Membership, secret: str, dedupe: str
) -> Letter:
    return Letter(
        company_id=membership.company_id,
        company_name=membership.company_name,
        email=person.email,
        name=membership.name,
        secret=secret,
        dedupe=dedupe,
    )


async def enter_with_code(
    database: Database, *, token: str, code: str, visitor: Visitor, now: datetime
) -> SignedIn | HalfSignedIn:
    """Sign in with the mailed code, in the browser that asked for it. Refuses with WrongCode."""
    async with database.transaction(signing_in.DOORKEEPER) as own:
        proof = await proofs_store.try_proof(own, CODE, browser_hash=hash_of(token), now=now)
    if proof is None or not hmac.compare_digest(
        proof.secret_hash or b"", hash_of_code(code, proof.id)
    ):
        raise WrongCode
    assert proof.person_id, "a proof with a secret knows its person"
    async with database.transaction(signing_in.DOORKEEPER) as own:
        if not await proofs_store.use_proof(own, proof.id, now=now):
            raise WrongCode
        await prove_address(own, proof.person_id, now=now)
        person = await persons_store.find_person(own, person_id=proof.person_id)
        assert person, "persons are not deleted while they have proofs"
        return await signing_in.enter(own, person, method="code", visitor=visitor, now=now)


async def read_reset(database: Database, *, token: str, now: datetime) -> str:
    """The address whose password the link would set. Refuses with LinkGone."""
    async with database.transaction(signing_in.DOORKEEPER) as own:
        proof = await proofs_store.read_proof(own, RESET, secret_hash=hash_of(token), now=now)
        person = (
            await persons_store.find_person(own, person_id=proof.person_id)
            if proof and proof.person_id
            else None
        )
    if person is None:
        raise _gone()
    return person.email


async def reset_password(database: Database, *, token: str, password: str, now: datetime) -> None:
    """Set a new password with a mailed link, once. Every session of the person ends.

    It does not sign in: whoever has a second factor is still asked for it.
    """
    async with database.transaction(signing_in.DOORKEEPER) as own:
        proof = await proofs_store.read_proof(own, RESET, secret_hash=hash_of(token), now=now)
        if proof is None or proof.person_id is None:
            raise _gone()
        person = await persons_store.find_person(own, person_id=proof.person_id)
        assert person, "persons are not deleted while they have proofs"
        await check_new_password(own, person, password)
    hashed = await passwords.hash_password(password)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        if not await proofs_store.use_proof(own, proof.id, now=now):
            raise _gone()
        await prove_address(own, person.id, now=now)
        await set_password(own, person.id, hashed, now=now)
        await _note_in_company(own, person, "password.reset", now)


async def check_new_password(own: Tx, person: persons_store.StoredPerson, password: str) -> None:
    memberships = await persons_store.memberships(own, person.id)
    about = [person.email]
    for one in memberships:
        about += [one.name, one.company_name]
    has_factor = bool(await factors_store.kinds_of(own, person.id))
    check_password(password, about=about, has_second_factor=has_factor)


async def set_password(
    own: Tx, person_id: UUID, hashed: str, *, now: datetime, except_session: UUID | None = None
) -> None:
    """The new one, and the end of all that the old one had opened. Its owner is told by mail."""
    await own.run(persons_store.SET_PASSWORD, id=person_id, password_hash=hashed, now=now)
    await sessions_store.revoke(own, person_id=person_id, except_id=except_session, now=now)
    await proofs_store.end_proofs(own, person_id, now=now)
    await own.run(guarding_store.FORGET_BROWSERS_OF, person_id=person_id)
    await notify(own, person_id, "Your password was changed.")


async def _note_in_company(
    own: Tx, person: persons_store.StoredPerson, action: str, now: datetime
) -> None:
    for one in await persons_store.memberships(own, person.id):
        actor = Actor(org_id=one.company_id, user_id=one.user_id, label=one.name)
        async with own.company(actor) as tx:
            await audit.write(
                tx, action=action, subject_kind="user", subject_id=one.user_id, now=now
            )


def _gone() -> LinkGone:
    return LinkGone("This link was used, replaced by a newer one, or is too old. Ask for another.")
