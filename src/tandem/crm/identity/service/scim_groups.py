"""A directory's groups, and the roles that an administrator gives them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from scim2_models import InvalidValueException

from tandem.crm.identity.domain.scim import PERMISSION, Member, ScimGroup, meta_of
from tandem.crm.identity.service.granting import (
    check_administrator_left,
    check_may_give_role,
    roles_named,
)
from tandem.crm.identity.service.scim import get_settings
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import scim as store
from tandem.crm.identity.store.scim import GroupRow
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id, parse_id


async def list_groups(tx: Tx, base_url: str) -> list[ScimGroup]:
    tx.actor.require(PERMISSION)
    return [_shown(row, base_url) for row in await store.list_groups(tx)]


async def get_group(tx: Tx, group_id: UUID, base_url: str) -> ScimGroup:
    tx.actor.require(PERMISSION)
    return _shown(await _found(tx, group_id), base_url)


async def keep_group(
    tx: Tx, group: ScimGroup, base_url: str, *, now: datetime, group_id: UUID | None = None
) -> ScimGroup:
    """A new group, or what becomes of one. It gives no role until an administrator says so."""
    tx.actor.require(PERMISSION)
    await members_store.lock_company(tx)
    before = await _found(tx, group_id) if group_id else None
    kept_id = group_id or new_id()
    name = (group.display_name or "").strip()
    if not 1 <= len(name) <= 200 or "\x00" in name:
        raise InvalidValueException(detail="displayName has 1 to 200 characters.")
    await tx.run(
        store.KEEP_GROUP,
        id=kept_id,
        display_name=name,
        external_id=group.external_id,
        now=now,
    )
    wanted = {_member(member) for member in group.members or []}
    if await store.set_members(tx, kept_id, sorted(wanted)) != len(wanted):
        raise InvalidValueException(detail="A member is not a user of this company.")
    had = {UUID(member["value"]) for member in before.members} if before else set()
    await _apply_roles(tx, had ^ wanted)
    await _note(
        tx,
        "scim.group_changed" if before else "scim.group_added",
        kept_id,
        now,
        {"name": name, "added": len(wanted - had), "removed": len(had - wanted)},
    )
    return await get_group(tx, kept_id, base_url)


async def remove_group(tx: Tx, group_id: UUID, *, now: datetime) -> None:
    tx.actor.require(PERMISSION)
    await members_store.lock_company(tx)
    before = await _found(tx, group_id)
    await store.set_members(tx, group_id, [])
    await _apply_roles(tx, [UUID(member["value"]) for member in before.members])
    await tx.run(store.DROP_GROUP, id=group_id)
    await _note(tx, "scim.group_removed", group_id, now, {"name": before.display_name})


async def list_mappings(tx: Tx) -> list[GroupRow]:
    tx.actor.require("identity.read")
    return await store.list_groups(tx)


async def map_group(tx: Tx, group_id: UUID, role_key: str | None, *, now: datetime) -> GroupRow:
    """What the group's members may besides. Refuses more than the administrator's own rights, and
    everything unless the settings allow a directory to make administrators."""
    tx.actor.require("identity.manage")
    tx.actor.require_fresh(now)
    await members_store.lock_company(tx)
    before = await _found(tx, group_id)
    if role_key is not None:
        [role] = await roles_named(tx, [role_key], field="role_key")
        check_may_give_role(tx.actor, role)
        if "*" in role.grants and not (await get_settings(tx)).allows_administrators:
            raise Forbidden("The settings do not allow a group to give everything.", permission="*")
    members = [UUID(member["value"]) for member in before.members]
    await tx.run(store.SET_GROUP_ROLE, id=group_id, role_key=role_key)
    await _apply_roles(tx, members, dropped=before.role_key)
    await _note(
        tx,
        "scim.group_mapped",
        group_id,
        now,
        {"name": before.display_name, "role": role_key, "was": before.role_key},
    )
    return await _found(tx, group_id)


async def _apply_roles(tx: Tx, user_ids: Iterable[UUID], *, dropped: str | None = None) -> None:
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


def _member(member: Member) -> UUID:
    found = parse_id(member.value or "")
    if found is None:
        raise InvalidValueException(detail="A member is not a user of this company.")
    return found


async def _found(tx: Tx, group_id: UUID) -> GroupRow:
    rows = await store.list_groups(tx, group_id)
    if not rows:
        raise NotFound("There is no such group.")
    return rows[0]


def _shown(row: GroupRow, base_url: str) -> ScimGroup:
    group = ScimGroup.model_validate(
        {
            "displayName": row.display_name,
            "externalId": row.external_id,
            "members": [
                {
                    "value": member["value"],
                    "$ref": f"{base_url}/scim/v2/Users/{member['value']}",
                }
                for member in row.members
            ]
            or None,
        }
    )
    group.id = str(row.id)
    group.meta = meta_of("Group", str(row.id), base_url, row.created_at, row.updated_at)
    return group


async def _note(
    tx: Tx, action: str, group_id: UUID, now: datetime, after: dict[str, object]
) -> None:
    await audit.write(
        tx, action=action, subject_kind="group", subject_id=group_id, now=now, after=after
    )
