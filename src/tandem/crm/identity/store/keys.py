"""API keys, by hash."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain import ApiKey
from tandem.kernel.db import Database, Query, Tx

INSERT_KEY = Query(
    """
    insert into identity.api_key
           (org_id, id, name, prefix, secret_hash, grants, created_by, created_at, expires_at)
    values (:org_id, :id, :name, :prefix, :secret_hash, :grants, :created_by,
            :created_at, :expires_at)
    """
)


LIST_KEYS = Query(
    """
    select id, name, prefix, grants, created_at, expires_at, revoked_at, last_used_at
      from identity.api_key
     where org_id = :org_id and (:id::uuid is null or id = :id)
     order by created_at desc, id
     limit 500
    """
)


REVOKE_KEY = Query(
    """
    update identity.api_key set revoked_at = :now
     where org_id = :org_id and id = :id and revoked_at is null
    """
)


FIND_KEY = Query(
    "select org_id, key_id, name, grants from identity.find_api_key(:secret_hash, :now)",
    beyond_org="the key is the credential",
)


class OpenKey(msgspec.Struct, frozen=True):
    org_id: UUID
    key_id: UUID
    name: str
    grants: frozenset[str]


async def find_key(database: Database, secret_hash: bytes, now: datetime) -> OpenKey | None:
    rows = await database.look_up(FIND_KEY, OpenKey, secret_hash=secret_hash, now=now)
    return rows[0] if rows else None


async def list_keys(tx: Tx, key_id: UUID | None = None) -> list[ApiKey]:
    return await tx.many(LIST_KEYS, ApiKey, id=key_id)
