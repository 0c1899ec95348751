"""People and their roles."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import (
    Email,
    EmailTaken,
    PersonName,
    Role,
    User,
    WeakPassword,
)
from tandem.kernel.errors import Forbidden
from tandem.kernel.http import (
    Now,
    Transaction,
    refusals,
)


class NewUser(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email
    name: PersonName
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    role_key: Annotated[str, msgspec.Meta(max_length=64)]


class PeopleController(Controller):
    path = "/v1"
    tags = ("identity",)

    @get("/roles", responses=refusals(Forbidden))
    async def list_roles(self, tx: Transaction) -> list[Role]:
        """Roles and the permissions each one carries."""
        return await service.list_roles(tx)

    @get("/users", responses=refusals(Forbidden))
    async def list_users(self, tx: Transaction) -> list[User]:
        """People who may sign in, at most 500."""
        return await service.list_users(tx)

    @post("/users", responses=refusals(Forbidden, EmailTaken, WeakPassword))
    async def add_user(self, data: JSONBody[NewUser], tx: Transaction, now: Now) -> User:
        """Add a person with a first password."""
        return await service.add_user(
            tx,
            email=data.email,
            name=data.name,
            password=data.password,
            role_key=data.role_key,
            now=now,
        )
