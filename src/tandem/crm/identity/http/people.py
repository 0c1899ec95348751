"""People: added, changed, disabled, removed."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import (
    Email,
    EmailTaken,
    LastAdministrator,
    MemberChange,
    MoreThanHeld,
    PersonName,
    User,
    WeakPassword,
)
from tandem.crm.identity.domain.guarding import TooManyTries
from tandem.crm.identity.domain.people import RingOfManagers
from tandem.crm.identity.service.mailed import start_reset
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals


class NewUser(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email
    name: PersonName
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    role_key: Annotated[str, msgspec.Meta(max_length=64)]


class PeopleController(Controller):
    path = "/v1/users"
    tags = ("identity",)

    @get("/", responses=refusals(Forbidden))
    async def list_users(self, tx: Transaction) -> list[User]:
        """Members of the company, at most 500."""
        return await service.list_users(tx)

    @post("/", responses=refusals(Forbidden, StepUpNeeded, MoreThanHeld, EmailTaken, WeakPassword))
    async def add_user(self, data: JSONBody[NewUser], tx: Transaction, now: Now) -> User:
        """Add a person with a first password. An invitation lets them choose it themselves."""
        return await service.add_user(
            tx,
            email=data.email,
            name=data.name,
            password=data.password,
            role_key=data.role_key,
            now=now,
        )

    @get("/{user_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_user(self, user_id: FromPath[UUID], tx: Transaction) -> Response[User]:
        user = await service.get_user(tx, user_id)
        return Response(user, headers=etag(user.version))

    @patch(
        "/{user_id:uuid}",
        responses=refusals(
            Forbidden,
            StepUpNeeded,
            MoreThanHeld,
            NotFound,
            LastAdministrator,
            RingOfManagers,
            StaleVersion,
            Invalid,
        ),
    )
    async def change_user(
        self,
        user_id: FromPath[UUID],
        data: JSONBody[MemberChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[User]:
        """Change a member's name, roles or manager, or let them in no more; works in a second."""
        if if_match is not None:
            check_if_match(if_match, (await service.get_user(tx, user_id)).version)
        user = await service.change_member(tx, user_id, data, now=now)
        return Response(user, headers=etag(user.version))

    @post(
        "/{user_id:uuid}/password-resets",
        status_code=202,
        responses=refusals(Forbidden, NotFound, Conflict, TooManyTries),
    )
    async def start_reset(self, user_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Mail a member a link to a new password, which nobody else chooses or learns."""
        await start_reset(tx, user_id, now=now)

    @delete(
        "/{user_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, StepUpNeeded, MoreThanHeld, NotFound, LastAdministrator),
    )
    async def remove_user(self, user_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """End a membership: no sign-in, no team, no share. What they did keeps their name."""
        await service.remove_member(tx, user_id, now=now)
