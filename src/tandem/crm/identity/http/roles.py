"""Roles and what they carry."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.crm.identity import service
from tandem.crm.identity.domain.people import LastAdministrator
from tandem.crm.identity.domain.roles import (
    FieldName,
    Grant,
    MoreThanHeld,
    Role,
    RoleInUse,
    RoleKey,
    RoleKeyTaken,
    RoleReadyMade,
)
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]
Description = Annotated[str, msgspec.Meta(max_length=300, pattern=PRINTABLE)]
Grants = Annotated[list[Grant], msgspec.Meta(max_length=100)]
Fields = Annotated[list[FieldName], msgspec.Meta(max_length=50)]


class NewRole(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    key: RoleKey
    name: Name
    description: Description = ""
    grants: Grants
    hidden: Fields = msgspec.field(default_factory=list)
    read_only: Fields = msgspec.field(default_factory=list)


class RoleChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Only what is given changes; a list given replaces the whole list."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    grants: Grants | msgspec.UnsetType = msgspec.UNSET
    hidden: Fields | msgspec.UnsetType = msgspec.UNSET
    read_only: Fields | msgspec.UnsetType = msgspec.UNSET


class RoleController(Controller):
    path = "/v1/roles"
    tags = ("identity",)

    @get("/", responses=refusals(Forbidden))
    async def list_roles(self, tx: Transaction) -> list[Role]:
        """Roles and the permissions each one carries, ready-made ones first."""
        return await service.list_roles(tx)

    @get("/{role_key:str}", responses=refusals(Forbidden, NotFound))
    async def get_role(self, role_key: FromPath[str], tx: Transaction) -> Response[Role]:
        role = await service.get_role(tx, role_key)
        return Response(role, headers=etag(role.version))

    @post("/", responses=refusals(Forbidden, StepUpNeeded, MoreThanHeld, RoleKeyTaken, Invalid))
    async def add_role(self, data: JSONBody[NewRole], tx: Transaction, now: Now) -> Role:
        """Make a role of the company's own; it cannot carry more than its maker holds."""
        role = msgspec.convert(data, Role, from_attributes=True)
        return await service.add_role(tx, role, now=now)

    @patch(
        "/{role_key:str}",
        responses=refusals(
            Forbidden,
            StepUpNeeded,
            MoreThanHeld,
            NotFound,
            RoleReadyMade,
            LastAdministrator,
            StaleVersion,
            Invalid,
        ),
    )
    async def change_role(
        self,
        role_key: FromPath[str],
        data: JSONBody[RoleChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Role]:
        """Change a role of the company's own; everybody who holds it notices within a second."""
        if if_match is not None:
            check_if_match(if_match, (await service.get_role(tx, role_key)).version)
        change = {
            name: value
            for name in data.__struct_fields__
            if (value := getattr(data, name)) is not msgspec.UNSET
        }
        role = await service.change_role(tx, role_key, change, now=now)
        return Response(role, headers=etag(role.version))

    @delete(
        "/{role_key:str}",
        status_code=204,
        responses=refusals(Forbidden, MoreThanHeld, NotFound, RoleInUse, RoleReadyMade),
    )
    async def remove_role(self, role_key: FromPath[str], tx: Transaction, now: Now) -> None:
        """Remove a role of the company's own that nobody holds."""
        await service.remove_role(tx, role_key, now=now)
