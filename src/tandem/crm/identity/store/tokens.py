"""Access and refresh tokens, by hash."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

INSERT_ACCESS = Query(
    """
    insert into identity.session_token (org_id, token_hash, session_id, expires_at)
    values (:org_id, :token_hash, :session_id, :expires_at)
    """
)

INSERT_REFRESH = Query(
    """
    insert into identity.refresh_token (org_id, token_hash, session_id, parent_hash, created_at)
    values (:org_id, :token_hash, :session_id, :parent_hash::bytea, :now)
    """
)

USE_REFRESH = Query(
    """
    update identity.refresh_token held set used_at = :now
      from identity.session s
     where held.org_id = :org_id and held.token_hash = :token_hash and held.used_at is null
       and s.org_id = held.org_id and s.id = held.session_id
       and s.revoked_at is null and s.expires_at > :now and s.last_seen_at > :idle_since
    returning held.session_id
    """
)

FIND_REFRESH = Query(
    """
    select t.session_id, s.person_id, t.used_at, s.revoked_at,
           exists (select from identity.refresh_token child
                    where child.org_id = t.org_id and child.parent_hash = t.token_hash
                      and child.used_at is not null) as is_child_used
      from identity.refresh_token t
      join identity.session s on s.org_id = t.org_id and s.id = t.session_id
     where t.org_id = :org_id and t.token_hash = :token_hash
    """
)

FORGET_ACCESS = Query(
    "delete from identity.session_token where org_id = :org_id and expires_at < :before"
)

TAKE_TOKEN_AWAY = Query(
    "update identity.session set token_hash = :token_hash where org_id = :org_id and id = :id"
)


class Refresh(msgspec.Struct, frozen=True):
    session_id: UUID
    person_id: UUID
    used_at: datetime | None
    revoked_at: datetime | None
    is_child_used: bool


async def find_refresh(own: Tx, token_hash: bytes) -> Refresh | None:
    return await own.one_or_none(FIND_REFRESH, Refresh, token_hash=token_hash)
