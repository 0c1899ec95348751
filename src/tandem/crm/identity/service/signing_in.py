"""Signing in, which happens before an organisation is known."""

from datetime import datetime

from tandem.crm.identity import passwords
from tandem.crm.identity.domain import WrongCredentials, normal_email
from tandem.crm.identity.domain.persons import Membership
from tandem.crm.identity.domain.sessions import SignedIn, Visitor
from tandem.crm.identity.service.sessions import open_session
from tandem.crm.identity.store import persons as persons_store
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Tx

DOORKEEPER = Actor.system(INSTALLATION, "Sign-in")


async def sign_in(
    database: Database, *, email: str, password: str, visitor: Visitor, now: datetime
) -> SignedIn:
    """Open a session. WrongCredentials says nothing of whether the address is known."""
    async with database.transaction(DOORKEEPER) as own:
        person = await persons_store.find_person(own, email=normal_email(email))
    is_right = await passwords.is_password(password, person.password_hash if person else None)
    if person is None or not is_right:
        raise WrongCredentials("This e-mail address and password do not belong together.")
    async with database.transaction(DOORKEEPER) as own:
        return await open_session(
            own,
            person_id=person.id,
            membership=await choose_membership(own, person),
            method="password",
            visitor=visitor,
            now=now,
        )


async def choose_membership(own: Tx, person: persons_store.StoredPerson) -> Membership:
    """The company somebody was in last, else the first. Refuses whoever has none any more."""
    found = await persons_store.memberships(own, person.id)
    if not found:
        raise WrongCredentials("This e-mail address and password do not belong together.")
    return next((one for one in found if one.company_id == person.last_company_id), found[0])
