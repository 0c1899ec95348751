"""API keys and the access tokens of OAuth clients, by hash."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.keys import ApiKey, OpenKey
from tandem.kernel.db import Database, Query, Tx

INSERT_KEY = Query(
    """
    insert into identity.api_key
           (org_id, id, name, prefix, secret_hash, grants, created_by, created_at, expires_at,
            networks, per_minute, is_client, replaces_id)
    values (:org_id, :id, :name, :prefix, :secret_hash, :grants, :created_by,
            :created_at, :expires_at, :networks, :per_minute, :is_client, :replaces_id)
    """
)

LIST_KEYS = Query(
    """
    select id, name, prefix, grants, created_at, expires_at, revoked_at, last_used_at,
           networks, per_minute, is_client, created_by, replaces_id
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

LOCK_KEY = Query("select id from identity.api_key where org_id = :org_id and id = :id for update")

IS_REPLACED = Query(
    """
    select exists (select from identity.api_key
                    where org_id = :org_id and replaces_id = :id and revoked_at is null)
    """
)

END_KEY = Query(
    """
    update identity.api_key set expires_at = least(expires_at, :at)
     where org_id = :org_id and id = :id
    """
)

TOUCH_KEY = Query(
    """
    update identity.api_key set last_used_at = :now
     where org_id = :org_id and id = :id
       and (last_used_at is null or last_used_at < :now)
    """
)

INSERT_TOKEN = Query(
    """
    insert into identity.access_token
           (org_id, id, key_id, token_hash, grants, created_at, expires_at)
    values (:org_id, :id, :key_id, :token_hash, :grants, :created_at, :expires_at)
    """
)

FORGET_TOKENS = Query(
    """
    delete from identity.access_token
     where org_id = :org_id and key_id = :key_id and expires_at < :now
    """
)

REVOKE_TOKEN = Query(
    """
    update identity.access_token set revoked_at = :now
     where org_id = :org_id and key_id = :key_id and token_hash = :token_hash
       and revoked_at is null
    """
)

FIND_KEY = Query(
    """
    select org_id, key_id, name, grants, maker_id, access, networks, per_minute, is_client,
           last_used_at, expires_at
      from identity.find_api_key(:secret_hash, :now)
    """,
    beyond_org="the key is the credential",
)

FIND_TOKEN = Query(
    """
    select org_id, key_id, name, grants, maker_id, access, networks, per_minute, is_client,
           last_used_at, expires_at
      from identity.find_access_token(:secret_hash, :now)
    """,
    beyond_org="the token is the credential",
)


async def find_key(database: Database, secret_hash: bytes, now: datetime) -> OpenKey | None:
    rows = await database.look_up(FIND_KEY, OpenKey, secret_hash=secret_hash, now=now)
    return rows[0] if rows else None


async def find_token(database: Database, secret_hash: bytes, now: datetime) -> OpenKey | None:
    rows = await database.look_up(FIND_TOKEN, OpenKey, secret_hash=secret_hash, now=now)
    return rows[0] if rows else None


async def list_keys(tx: Tx, key_id: UUID | None = None) -> list[ApiKey]:
    return await tx.many(LIST_KEYS, ApiKey, id=key_id)


async def add_key(tx: Tx, key: ApiKey, secret_hash: bytes) -> None:
    row = msgspec.structs.asdict(key)
    for decided in ("revoked_at", "last_used_at"):
        del row[decided]
    await tx.run(INSERT_KEY, **row, secret_hash=secret_hash)
