"""Persons behind memberships."""

from datetime import datetime
from uuid import UUID

from tandem.crm.identity import passwords
from tandem.crm.identity.domain import normal_email
from tandem.crm.identity.store import factors as factors_store
from tandem.crm.identity.store import guarding as guarding_store
from tandem.crm.identity.store import passkeys as passkeys_store
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import sessions as sessions_store
from tandem.kernel.actor import Kind
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id


async def enrol_person(
    tx: Tx,
    *,
    email: str,
    now: datetime,
    password: str | None = None,
    is_address_proved: bool = False,
) -> UUID:
    """The person with this address, made if there is none.

    The password is for a new person only: nobody sets that of somebody who is here already, except
    the owner of the address (`is_address_proved`: they followed a mailed link) for the first time.
    The installation's own work (the command line, the seed) vouches for the addresses it enters.
    """
    address = normal_email(email)
    is_proved = is_address_proved or tx.actor.kind is Kind.SYSTEM
    company_id = tx.actor.org_id
    # Before anybody is looked for: the time must not tell a company who is known elsewhere.
    hashed = await passwords.hash_password(password) if password else None
    async with tx.installation() as own:
        is_new = await own.run(
            persons_store.INSERT_PERSON,
            id=new_id(),
            email=address,
            password_hash=hashed,
            password_set_at=now if hashed else None,
            enrolled_by=company_id,
            address_proved_at=now if is_proved else None,
            created_at=now,
        )
        person = await persons_store.find_person(own, email=address)
        assert person, "an address has a person once one was inserted"
        is_owner = not is_new and is_address_proved
        if is_owner and await prove_address(own, person.id, now=now) and hashed:
            await own.run(persons_store.SET_PASSWORD, id=person.id, password_hash=hashed, now=now)
    return person.id


async def prove_address(own: Tx, person_id: UUID, *, now: datetime) -> bool:
    """The owner of the address was here. The first time, all that was set before by whoever
    enrolled them ends: the password, factors and sessions. Whether this was the first time."""
    is_first = bool(await own.run(persons_store.PROVE_ADDRESS, id=person_id, now=now))
    if is_first:
        await sessions_store.revoke(own, person_id=person_id, now=now)
        await own.run(factors_store.REMOVE_TIME_CODE, person_id=person_id, except_id=None)
        await own.run(factors_store.REMOVE_RECOVERY_CODES, person_id=person_id)
        await own.run(passkeys_store.REMOVE_PASSKEYS, person_id=person_id)
        await own.run(guarding_store.FORGET_BROWSERS_OF, person_id=person_id)
    return is_first
