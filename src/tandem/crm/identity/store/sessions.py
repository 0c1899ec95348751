"""Open sessions."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Database, Query

INSERT_SESSION = Query(
    """
    insert into identity.session
           (org_id, id, user_id, token_hash, created_at, last_seen_at, expires_at,
            address, user_agent)
    values (:org_id, :id, :user_id, :token_hash, :created_at, :created_at, :expires_at,
            :address, :user_agent)
    """
)


TOUCH_SESSION = Query(
    """
    update identity.session set last_seen_at = :now
     where org_id = :org_id and id = :id and last_seen_at < :now
    """
)


REVOKE_SESSION = Query(
    """
    update identity.session set revoked_at = :now
     where org_id = :org_id and token_hash = :token_hash and revoked_at is null
    """
)


FIND_SESSION = Query(
    """
    select org_id, user_id, session_id, name, grants, last_seen_at, expires_at
      from identity.find_session(:token_hash, :now)
    """,
    beyond_org="the session's token is the credential",
)


class OpenSession(msgspec.Struct, frozen=True):
    org_id: UUID
    user_id: UUID
    session_id: UUID
    name: str
    grants: frozenset[str]
    last_seen_at: datetime
    expires_at: datetime


async def find_session(database: Database, token_hash: bytes, now: datetime) -> OpenSession | None:
    rows = await database.look_up(FIND_SESSION, OpenSession, token_hash=token_hash, now=now)
    return rows[0] if rows else None
