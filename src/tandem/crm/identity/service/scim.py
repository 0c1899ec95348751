"""People as a company's own directory manages them (RFC 7644).

The directory says who is there and in which groups; what a group may is decided here, by an
administrator. It never reaches beyond its company: somebody who is a member elsewhere stays as they
are there, and an address that changes leads to that address's person.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from scim2_models import Context, InvalidValueException, UniquenessException

from tandem.crm.identity.domain.directory import NOWHERE, PERMISSION
from tandem.crm.identity.domain.roles import decides
from tandem.crm.identity.domain.scim import ScimUser, address_of, meta_of, name_of
from tandem.crm.identity.service.directory import get_settings
from tandem.crm.identity.service.granting import check_administrator_left, roles_named
from tandem.crm.identity.service.members import remove_member
from tandem.crm.identity.service.persons import enrol_person
from tandem.crm.identity.service.sessions import end_sessions_of
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store import scim as store
from tandem.crm.identity.store.scim import UserRow
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id


async def list_users(tx: Tx, base_url: str) -> list[ScimUser]:
    tx.actor.require(PERMISSION)
    return [_shown(row, base_url) for row in await store.list_users(tx)]


async def get_user(tx: Tx, user_id: UUID, base_url: str) -> ScimUser:
    tx.actor.require(PERMISSION)
    return _shown(await _found(tx, user_id), base_url)


async def add_user(tx: Tx, user: ScimUser, base_url: str, *, now: datetime) -> ScimUser:
    """A member with the default role. Who was removed before comes back with that role alone."""
    tx.actor.require(PERMISSION)
    await members_store.lock_company(tx)
    user_id = new_id()
    email = address_of(user) or f"{user_id}@{NOWHERE}"
    await _check_name(tx, user, email, but=None)
    role = (await get_settings(tx)).default_role_key
    person_id = await enrol_person(tx, email=email, now=now)
    user.active = user.active is not False
    removed: UUID | None = await tx.value(store.FIND_REMOVED, email=email)
    if removed is None:
        await tx.run(
            people_store.INSERT_USER,
            id=user_id,
            person_id=person_id,
            email=email,
            name=name_of(user),
            role_key=role,
            created_at=now,
        )
    await _write(tx, removed or user_id, user, [role], now)
    await _note(tx, "scim.user_added", removed or user_id, now, after=_facts(user, email))
    return await get_user(tx, removed or user_id, base_url)


async def change_user(
    tx: Tx, user_id: UUID, user: ScimUser, base_url: str, *, now: datetime
) -> ScimUser:
    """Another name, another address, there or not. Disabled, they lose every session."""
    tx.actor.require(PERMISSION)
    await members_store.lock_company(tx)
    before = await _found(tx, user_id)
    email = address_of(user) or f"{user_id}@{NOWHERE}"
    await _check_name(tx, user, email, but=user_id)
    if email != before.email:
        await _check_may_move(tx, before)
        person_id = await enrol_person(tx, email=email, now=now)
        await tx.run(store.MOVE_USER, id=user_id, email=email, person_id=person_id)
        await end_sessions_of(tx.with_all_grants(), user_id, now=now)
    await _write(tx, user_id, user, before.role_keys, now)
    await check_administrator_left(tx)
    if user.active is False:
        await end_sessions_of(tx.with_all_grants(), user_id, now=now)
    await _note(
        tx,
        "scim.user_changed",
        user_id,
        now,
        before={"name": before.name, "email": before.email, "is_active": before.is_active},
        after=_facts(user, email),
    )
    return await get_user(tx, user_id, base_url)


async def _check_may_move(tx: Tx, member: UserRow) -> None:
    """Another address is another person, who gets all that the member has. A directory that makes
    no administrators makes none this way."""
    if (await get_settings(tx)).allows_administrators:
        return
    for role in await roles_named(tx, member.role_keys, field="role_keys"):
        if any(decides(grant) for grant in role.grants):
            raise Forbidden(
                "Who decides about people and rights is given another address here only.",
                permission="*",
            )


async def remove_user(tx: Tx, user_id: UUID, *, now: datetime) -> None:
    tx.actor.require(PERMISSION)
    await _found(tx, user_id)
    await remove_member(tx.with_all_grants(), user_id, now=now)
    await check_administrator_left(tx)
    await tx.run(store.FORGET_USER, user_id=user_id)


async def _check_name(tx: Tx, user: ScimUser, email: str, *, but: UUID | None) -> None:
    if not user.user_name or not user.user_name.strip() or "\x00" in user.user_name:
        raise InvalidValueException(detail="userName is needed.")
    if await tx.value(store.NAME_TAKEN, user_name=user.user_name, email=email, but=but):
        raise UniquenessException(detail="Somebody with this name or address is here already.")


async def _write(
    tx: Tx, user_id: UUID, user: ScimUser, role_keys: list[str], now: datetime
) -> None:
    await members_store.update_member(
        tx,
        user_id,
        name=name_of(user),
        role_keys=role_keys,
        manager_id=None,
        is_active=user.active is not False,
        removed_at=None,
    )
    kept = user.model_dump(scim_ctx=Context.DEFAULT)
    for decided in ("id", "meta", "groups"):
        kept.pop(decided, None)
    await tx.run(store.KEEP_USER, user_id=user_id, resource=kept, now=now)


async def _found(tx: Tx, user_id: UUID) -> UserRow:
    rows = await store.list_users(tx, user_id)
    if not rows:
        raise NotFound("There is no such user.")
    return rows[0]


def _shown(row: UserRow, base_url: str) -> ScimUser:
    said: dict[str, Any] = row.resource or {
        "userName": row.email,
        "displayName": row.name,
        "emails": [{"value": row.email, "primary": True}],
    }
    # A directory that takes "active" away gets it back as it left it: unset means there.
    is_unsaid = row.resource is not None and "active" not in said and row.is_active
    user = ScimUser.model_validate(
        {**said, "active": None if is_unsaid else row.is_active, "groups": row.groups or None}
    )
    user.id = str(row.id)
    user.meta = meta_of("User", str(row.id), base_url, row.created_at, row.updated_at)
    return user


def _facts(user: ScimUser, email: str) -> dict[str, Any]:
    return {"name": name_of(user), "email": email, "is_active": user.active is not False}


async def _note(tx: Tx, action: str, user_id: UUID, now: datetime, **facts: Any) -> None:
    await audit.write(tx, action=action, subject_kind="user", subject_id=user_id, now=now, **facts)
