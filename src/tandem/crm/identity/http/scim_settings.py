"""What a directory may do here: the role of everybody new, and the roles of its groups."""

from uuid import UUID

import msgspec
from litestar import Controller, get, put
from litestar.params import FromPath, JSONBody

from tandem.crm.identity.domain.directory import Settings
from tandem.crm.identity.domain.roles import MoreThanHeld, RoleKey
from tandem.crm.identity.service import directory
from tandem.crm.identity.store.scim import GroupRow
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class ScimSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    default_role_key: RoleKey
    allows_administrators: bool = False


class GroupRole(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """None takes the role away again."""

    role_key: RoleKey | None


class DirectoryGroup(msgspec.Struct, kw_only=True):
    id: UUID
    display_name: str
    role_key: str | None
    member_count: int


class ScimSettingsController(Controller):
    path = "/v1"
    tags = ("identity",)

    @get("/scim-settings", responses=refusals(Forbidden))
    async def get_settings(self, tx: Transaction) -> Settings:
        """What everybody gets whom the directory sends, and whether groups may give everything."""
        tx.actor.require("identity.read")
        return await directory.get_settings(tx)

    @put("/scim-settings", responses=refusals(Forbidden, StepUpNeeded, MoreThanHeld, Invalid))
    async def save_settings(
        self, data: JSONBody[ScimSettings], tx: Transaction, now: Now
    ) -> Settings:
        """Change them. The default role never is everything."""
        wanted = Settings(
            default_role_key=data.default_role_key,
            allows_administrators=data.allows_administrators,
        )
        return await directory.save_settings(tx, wanted, now=now)

    @get("/scim-groups", responses=refusals(Forbidden))
    async def list_groups(self, tx: Transaction) -> list[DirectoryGroup]:
        """The directory's groups and the role that each one gives."""
        return [_group(row) for row in await directory.list_mappings(tx)]

    @put(
        "/scim-groups/{group_id:uuid}/role",
        responses=refusals(Forbidden, StepUpNeeded, MoreThanHeld, NotFound, Invalid),
    )
    async def map_group(
        self, group_id: FromPath[UUID], data: JSONBody[GroupRole], tx: Transaction, now: Now
    ) -> DirectoryGroup:
        """Give the group's members a role, as long as they are in it."""
        return _group(await directory.map_group(tx, group_id, data.role_key, now=now))


def _group(row: GroupRow) -> DirectoryGroup:
    return DirectoryGroup(
        id=row.id,
        display_name=row.display_name,
        role_key=row.role_key,
        member_count=len(row.members),
    )
