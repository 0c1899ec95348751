"""API keys."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import ApiKey
from tandem.crm.identity.domain.keys import NETWORKS_MAX, KeyForbidden
from tandem.crm.identity.domain.roles import Grant, MoreThanHeld
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tandem.kernel.http import (
    Now,
    Transaction,
    refusals,
)
from tandem.kernel.patterns import whole

KeyName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, pattern=whole(r"[^\x00-\x1f]*"))
]
Network = Annotated[str, msgspec.Meta(min_length=2, max_length=50)]
SECRET_ANSWER = {"secret_answer": True}
"""The answer shows a secret: what is kept of it for a repeated request is sealed."""
REFUSALS = (Forbidden, KeyForbidden, MoreThanHeld, StepUpNeeded)


class NewApiKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`networks`: where it may be used from, CIDR; everywhere when empty. `per_minute`: its own
    limit. `is_client`: the secret of an OAuth client instead of a bearer."""

    name: KeyName
    grants: Annotated[list[Grant], msgspec.Meta(min_length=1, max_length=100)]
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None
    networks: Annotated[list[Network], msgspec.Meta(max_length=NETWORKS_MAX)] = []
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=30_000)] | None = None
    is_client: bool = False


class Rotation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For how long the old key goes on, at most 30 days."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=720)] = 24


class MadeApiKey(msgspec.Struct, kw_only=True):
    """`key` is shown this once."""

    key: str
    api_key: ApiKey


class KeyController(Controller):
    path = "/v1"
    tags = ("identity",)

    @get("/api-keys", responses=refusals(Forbidden, KeyForbidden))
    async def list_api_keys(self, tx: Transaction) -> list[ApiKey]:
        """Keys without their secrets, newest first, at most 500. For people, not for keys."""
        return await service.list_api_keys(tx)

    @post("/api-keys", opt=SECRET_ANSWER, responses=refusals(*REFUSALS, Invalid))
    async def add_api_key(self, data: JSONBody[NewApiKey], tx: Transaction, now: Now) -> MadeApiKey:
        """Make a key; it cannot do more than its maker, now or later."""
        life = timedelta(days=data.expires_in_days) if data.expires_in_days else None
        made, key = await service.add_api_key(
            tx,
            name=data.name,
            grants=list(data.grants),
            life=life,
            networks=data.networks,
            per_minute=data.per_minute,
            is_client=data.is_client,
            now=now,
        )
        return MadeApiKey(key=key, api_key=made)

    @post(
        "/api-keys/{key_id:uuid}/rotation",
        opt=SECRET_ANSWER,
        responses=refusals(*REFUSALS, NotFound, Conflict, Invalid),
    )
    async def rotate_api_key(
        self, key_id: FromPath[UUID], data: JSONBody[Rotation], tx: Transaction, now: Now
    ) -> MadeApiKey:
        """A fresh key on the same terms; the old one goes on for the overlap."""
        made, key = await service.rotate_api_key(
            tx, key_id, overlap=timedelta(hours=data.overlap_hours), now=now
        )
        return MadeApiKey(key=key, api_key=made)

    @delete(
        "/api-keys/{key_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, KeyForbidden, NotFound),
    )
    async def revoke_api_key(self, key_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Revoke a key; it stops working within a second."""
        await service.revoke_api_key(tx, key_id, now=now)
