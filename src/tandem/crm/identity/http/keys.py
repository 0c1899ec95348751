"""API keys."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import (
    ApiKey,
    PersonName,
)
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.http import (
    Now,
    Transaction,
    refusals,
)

Grant = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$", max_length=64)]


class NewApiKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: PersonName
    grants: Annotated[list[Grant], msgspec.Meta(min_length=1, max_length=100)]
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class MadeApiKey(msgspec.Struct, kw_only=True):
    """`key` is shown this once."""

    key: str
    api_key: ApiKey


class KeyController(Controller):
    path = "/v1"
    tags = ("identity",)

    @get("/api-keys", responses=refusals(Forbidden))
    async def list_api_keys(self, tx: Transaction) -> list[ApiKey]:
        """Keys without their secrets, newest first, at most 500."""
        return await service.list_api_keys(tx)

    @post("/api-keys", responses=refusals(Forbidden))
    async def add_api_key(self, data: JSONBody[NewApiKey], tx: Transaction, now: Now) -> MadeApiKey:
        """Make a key; it cannot do more than its maker."""
        life = timedelta(days=data.expires_in_days) if data.expires_in_days else None
        made, key = await service.add_api_key(
            tx, name=data.name, grants=list(data.grants), life=life, now=now
        )
        return MadeApiKey(key=key, api_key=made)

    @delete("/api-keys/{key_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def revoke_api_key(self, key_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Revoke a key; it stops working within a second."""
        await service.revoke_api_key(tx, key_id, now=now)
