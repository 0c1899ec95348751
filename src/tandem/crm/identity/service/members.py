"""Members of the company: changed, disabled, removed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.people import MemberChange, RingOfManagers, User
from tandem.crm.identity.service.granting import (
    check_administrator_left,
    check_may_give_role,
    roles_named,
)
from tandem.crm.identity.service.sessions import end_sessions_of
from tandem.crm.identity.store import members as store
from tandem.crm.identity.store import people as people_store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound


async def get_user(tx: Tx, user_id: UUID) -> User:
    tx.actor.require("identity.read")
    return await _found(tx, user_id)


async def change_member(tx: Tx, user_id: UUID, change: MemberChange, *, now: datetime) -> User:
    """Name, roles, manager, or whether they may come in at all; works within a second.

    Refuses what the changer could not give (MoreThanHeld), a ring of managers, and to leave the
    company without an administrator. Somebody disabled loses every session.
    """
    tx.actor.require("identity.manage")
    tx.actor.require_fresh(now)
    await store.lock_company(tx)
    before = await _found(tx, user_id)
    given = {
        name: value
        for name in change.__struct_fields__
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    after = msgspec.structs.replace(before, **given)
    await _check_reach(tx, before, after)
    if after.manager_id is not None and after.manager_id != before.manager_id:
        await _check_manager(tx, user_id, after.manager_id)
    await _write(tx, after, removed_at=None)
    await _tell(tx, "user.changed", user_id, now, before=_facts(before), after=_facts(after))
    if not after.is_active:
        await end_sessions_of(tx, user_id, now=now)
    return await _found(tx, user_id)


async def remove_member(tx: Tx, user_id: UUID, *, now: datetime) -> None:
    """End the membership: no sign-in, no team, no share. Their name stays on what they did."""
    tx.actor.require("identity.manage")
    tx.actor.require_fresh(now)
    await store.lock_company(tx)
    before = await _found(tx, user_id)
    await _check_reach(tx, before, before)
    gone = msgspec.structs.replace(before, is_active=False, manager_id=None)
    await _write(tx, gone, removed_at=now)
    await tx.run(store.LEAVE_ALL, user_id=user_id)
    await end_sessions_of(tx, user_id, now=now)
    await _tell(tx, "user.removed", user_id, now, before=_facts(before))


async def _found(tx: Tx, user_id: UUID) -> User:
    rows = await people_store.list_users(tx, user_id)
    if not rows:
        raise NotFound("There is no such person.")
    return rows[0]


async def _write(tx: Tx, user: User, *, removed_at: datetime | None) -> None:
    roles = await roles_named(tx, user.role_keys, field="role_keys")
    if not user.is_active or all("*" not in role.grants for role in roles):
        await check_administrator_left(tx, besides=user.id)
    await store.update_member(
        tx,
        user.id,
        name=user.name,
        role_keys=user.role_keys,
        manager_id=user.manager_id,
        is_active=user.is_active,
        removed_at=removed_at,
    )


async def _check_reach(tx: Tx, before: User, after: User) -> None:
    """Whoever changes a member must be able to give what the member had and has then."""
    for keys in (before.role_keys, after.role_keys):
        for role in await roles_named(tx, keys, field="role_keys"):
            check_may_give_role(tx.actor, role)


async def _check_manager(tx: Tx, user_id: UUID, manager_id: UUID) -> None:
    if not await people_store.list_users(tx, manager_id):
        raise Invalid("There is no such person.", field="manager_id")
    if manager_id == user_id or await store.is_managed_by(tx, manager_id, user_id):
        raise RingOfManagers("They would manage themselves.", field="manager_id")


def _facts(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": user.role_keys,
        "manager_id": user.manager_id,
        "is_active": user.is_active,
    }


async def _tell(tx: Tx, action: str, user_id: UUID, now: datetime, **facts: Any) -> None:
    await audit.write(tx, action=action, subject_kind="user", subject_id=user_id, now=now, **facts)
