"""What an administrator lets a directory do: its settings, and the roles that its groups give.

Apart from SCIM itself (`scim`, `scim_groups`), whose library is large and loaded by the first
directory that calls.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain.directory import DEFAULT_ROLE, Settings
from tandem.crm.identity.domain.roles import Role
from tandem.crm.identity.service.granting import (
    check_administrator_left,
    check_may_give_role,
    roles_named,
)
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import scim as store
from tandem.crm.identity.store.scim import GroupRow
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound


async def get_settings(tx: Tx) -> Settings:
    return await store.get_settings(tx) or Settings(
        default_role_key=DEFAULT_ROLE, allows_administrators=False
    )


async def save_settings(tx: Tx, settings: Settings, *, now: datetime) -> Settings:
    """Only who could give the default role themselves may make it the default; never everything."""
    tx.actor.require("identity.manage")
    tx.actor.require_fresh(now)
    [role] = await roles_named(tx, [settings.default_role_key], field="default_role_key")
    check_may_give_role(tx.actor, role)
    _check_not_everything(role)
    if settings.allows_administrators and not tx.actor.may("*"):
        raise Forbidden("Only an administrator may allow this.", permission="*")
    before = await get_settings(tx)
    await tx.run(
        store.KEEP_SETTINGS,
        default_role_key=settings.default_role_key,
        allows_administrators=settings.allows_administrators,
    )
    await audit.write(
        tx,
        action="scim.settings_changed",
        subject_kind="company",
        subject_id=tx.actor.org_id,
        now=now,
        before={
            "default_role_key": before.default_role_key,
            "allows_administrators": before.allows_administrators,
        },
        after={
            "default_role_key": settings.default_role_key,
            "allows_administrators": settings.allows_administrators,
        },
    )
    return settings


def _check_not_everything(role: Role) -> None:
    if "*" in role.grants:
        raise Forbidden("A directory does not make administrators by default.", permission="*")


async def list_mappings(tx: Tx) -> list[GroupRow]:
    tx.actor.require("identity.read")
    return await store.list_groups(tx)


async def map_group(tx: Tx, group_id: UUID, role_key: str | None, *, now: datetime) -> GroupRow:
    """What the group's members may besides. Refuses more than the administrator's own rights, and
    everything unless the settings allow a directory to make administrators."""
    tx.actor.require("identity.manage")
    tx.actor.require_fresh(now)
    await members_store.lock_company(tx)
    before = await find_group(tx, group_id)
    if role_key is not None:
        [role] = await roles_named(tx, [role_key], field="role_key")
        check_may_give_role(tx.actor, role)
        if "*" in role.grants and not (await get_settings(tx)).allows_administrators:
            raise Forbidden("The settings do not allow a group to give everything.", permission="*")
    members = [UUID(member["value"]) for member in before.members]
    await tx.run(store.SET_GROUP_ROLE, id=group_id, role_key=role_key)
    await apply_roles(tx, members, dropped=before.role_key)
    await note_group(
        tx,
        "scim.group_mapped",
        group_id,
        now,
        {"name": before.display_name, "role": role_key, "was": before.role_key},
    )
    return await find_group(tx, group_id)


async def apply_roles(tx: Tx, user_ids: Iterable[UUID], *, dropped: str | None = None) -> None:
    """Roles that groups give follow the groups; all others stay as people set them."""
    mapped = [group for group in await store.list_groups(tx) if group.role_key]
    given_by_groups = {group.role_key for group in mapped} | {dropped}
    default = (await get_settings(tx)).default_role_key
    for user_id in sorted(set(user_ids)):
        rows = await store.list_users(tx, user_id)
        if not rows:
            continue
        row = rows[0]
        wanted = {
            group.role_key
            for group in mapped
            if any(member["value"] == str(user_id) for member in group.members)
        }
        own = [key for key in row.role_keys if key not in given_by_groups]
        keys = [*(own or [default]), *sorted(key for key in wanted if key and key not in own)]
        await members_store.update_member(
            tx,
            user_id,
            name=row.name,
            role_keys=list(dict.fromkeys(keys)),
            manager_id=None,
            is_active=row.is_active,
        )
    await check_administrator_left(tx)


async def find_group(tx: Tx, group_id: UUID) -> GroupRow:
    rows = await store.list_groups(tx, group_id)
    if not rows:
        raise NotFound("There is no such group.")
    return rows[0]


async def note_group(
    tx: Tx, action: str, group_id: UUID, now: datetime, after: dict[str, object]
) -> None:
    await audit.write(
        tx, action=action, subject_kind="group", subject_id=group_id, now=now, after=after
    )
