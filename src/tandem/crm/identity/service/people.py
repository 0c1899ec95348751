"""People and their roles."""

from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain import (
    EmailTaken,
    User,
    check_password,
    normal_email,
)
from tandem.crm.identity.service.granting import check_may_give_role, roles_named
from tandem.crm.identity.service.persons import enrol_person
from tandem.crm.identity.store import company as company_store
from tandem.crm.identity.store import people as people_store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id


async def list_users(tx: Tx) -> list[User]:
    tx.actor.require("identity.read")
    return await people_store.list_users(tx)


async def staff_names(tx: Tx, *, only_active: bool = False) -> dict[UUID, str]:
    """Who works here, or did, by id. Whoever asks: among colleagues a name is no secret."""
    found = await people_store.list_users(tx)
    return {each.id: each.name for each in found if each.is_active or not only_active}


async def check_staff(tx: Tx, user_id: UUID, *, field: str) -> None:
    """Refuses an id that nobody active here has."""
    if user_id not in await staff_names(tx, only_active=True):
        raise Invalid("Nobody here has this id.", field=field)


async def add_user(
    tx: Tx, *, email: str, name: str, password: str, role_key: str, now: datetime
) -> User:
    """A member who signs in with e-mail and password. Refuses a taken address or unknown role.

    Somebody who is a member elsewhere keeps the password they have.
    """
    tx.actor.require("identity.manage")
    tx.actor.require_fresh(now)
    company = await company_store.get_organisation(tx)
    check_password(password, about=[email, name, company.name])
    for role in await roles_named(tx, [role_key], field="role_key"):
        check_may_give_role(tx.actor, role)
    user_id = new_id()
    person_id = await enrol_person(tx, email=email, password=password, now=now)
    added = await tx.run(
        people_store.INSERT_USER,
        id=user_id,
        person_id=person_id,
        email=normal_email(email),
        name=name,
        role_key=role_key,
        created_at=now,
    )
    if not added:
        raise EmailTaken("Somebody with this e-mail address is here already.", field="email")
    await audit.write(
        tx,
        action="user.added",
        subject_kind="user",
        subject_id=user_id,
        now=now,
        after={"role": role_key},
    )
    return (await people_store.list_users(tx, user_id))[0]
