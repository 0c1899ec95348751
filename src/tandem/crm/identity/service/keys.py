"""API keys: made, listed, revoked."""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.crm.identity.domain import (
    ApiKey,
    hash_of,
    new_api_key,
)
from tandem.crm.identity.service.granting import check_may_give
from tandem.crm.identity.store import keys as keys_store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id


async def add_api_key(
    tx: Tx,
    *,
    name: str,
    grants: list[str],
    now: datetime,
    life: timedelta | None = None,
) -> tuple[ApiKey, str]:
    """(the key's row, the key itself, shown this once). Grants cannot exceed the maker's."""
    tx.actor.require("identity.manage")
    check_may_give(tx.actor, grants)
    key, prefix = new_api_key()
    key_id = new_id()
    await tx.run(
        keys_store.INSERT_KEY,
        id=key_id,
        name=name,
        prefix=prefix,
        secret_hash=hash_of(key),
        grants=sorted(set(grants)),
        created_by=tx.actor.user_id,
        created_at=now,
        expires_at=now + life if life else None,
    )
    await audit.write(
        tx,
        action="api_key.added",
        subject_kind="api_key",
        subject_id=key_id,
        now=now,
        after={"name": name, "grants": sorted(set(grants))},
    )
    return (await keys_store.list_keys(tx, key_id))[0], key


async def list_api_keys(tx: Tx) -> list[ApiKey]:
    tx.actor.require("identity.read")
    return await keys_store.list_keys(tx)


async def revoke_api_key(tx: Tx, key_id: UUID, *, now: datetime) -> None:
    tx.actor.require("identity.manage")
    if not await keys_store.list_keys(tx, key_id):
        raise NotFound("There is no such key.")
    await tx.run(keys_store.REVOKE_KEY, id=key_id, now=now)
    await audit.write(
        tx, action="api_key.revoked", subject_kind="api_key", subject_id=key_id, now=now
    )
