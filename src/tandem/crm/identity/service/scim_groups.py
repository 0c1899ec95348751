"""A directory's groups as it keeps them."""

from datetime import datetime
from uuid import UUID

from scim2_models import InvalidValueException

from tandem.crm.identity.domain.directory import PERMISSION
from tandem.crm.identity.domain.scim import Member, ScimGroup, meta_of
from tandem.crm.identity.service.directory import apply_roles, find_group, note_group
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import scim as store
from tandem.crm.identity.store.scim import GroupRow
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id, parse_id


async def list_groups(tx: Tx, base_url: str) -> list[ScimGroup]:
    tx.actor.require(PERMISSION)
    return [_shown(row, base_url) for row in await store.list_groups(tx)]


async def get_group(tx: Tx, group_id: UUID, base_url: str) -> ScimGroup:
    tx.actor.require(PERMISSION)
    return _shown(await find_group(tx, group_id), base_url)


async def keep_group(
    tx: Tx, group: ScimGroup, base_url: str, *, now: datetime, group_id: UUID | None = None
) -> ScimGroup:
    """A new group, or what becomes of one. It gives no role until an administrator says so."""
    tx.actor.require(PERMISSION)
    await members_store.lock_company(tx)
    before = await find_group(tx, group_id) if group_id else None
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
    await apply_roles(tx, had ^ wanted)
    await note_group(
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
    before = await find_group(tx, group_id)
    await store.set_members(tx, group_id, [])
    await apply_roles(tx, [UUID(member["value"]) for member in before.members])
    await tx.run(store.DROP_GROUP, id=group_id)
    await note_group(tx, "scim.group_removed", group_id, now, {"name": before.display_name})


def _member(member: Member) -> UUID:
    found = parse_id(member.value or "")
    if found is None:
        raise InvalidValueException(detail="A member is not a user of this company.")
    return found


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
