"""Invitations: taken back, and accepted by whoever holds the link. They are sent and listed beside
the flow that mails them (`flows/http/access`)."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import WeakPassword
from tandem.crm.identity.domain.invitations import (
    InvitationGone,
    InvitationView,
    InvitedName,
)
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import PUBLIC, Now, Store, Transaction, limited, refusals
from tandem.kernel.limits import Limit

ANSWERING = {**PUBLIC, **limited(Limit(name="invitations", count=30, seconds=60))}


class Acceptance(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`password` is for somebody new; who has one keeps it."""

    name: InvitedName = ""
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None


class Accepted(msgspec.Struct, kw_only=True):
    """They are a member now, and sign in as everybody does."""

    email: str


class InvitationController(Controller):
    path = "/v1"
    tags = ("identity",)

    @delete(
        "/invitations/{invitation_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, NotFound),
    )
    async def revoke_invitation(
        self, invitation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Take it back; its link is dead at once."""
        await service.revoke_invitation(tx, invitation_id, now=now)

    @get("/public/invitations/{token:str}", opt=ANSWERING, responses=refusals(InvitationGone))
    async def read_invitation(
        self, token: FromPath[str], database: Store, now: Now
    ) -> InvitationView:
        """What an invitation is for."""
        return await service.read_invitation(database, token, now=now)

    @post(
        "/public/invitations/{token:str}/acceptance",
        opt=ANSWERING,
        responses=refusals(InvitationGone, WeakPassword, Invalid),
    )
    async def accept_invitation(
        self, token: FromPath[str], data: JSONBody[Acceptance], database: Store, now: Now
    ) -> Accepted:
        """Become a member of the company. A link works once."""
        user = await service.accept_invitation(
            database, token, name=data.name, password=data.password, now=now
        )
        return Accepted(email=user.email)
