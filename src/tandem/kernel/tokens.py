"""Public tokens: who holds one reaches exactly one document, without signing in."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.ids import new_token


class Token(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    token: str
    kind: str
    entity_id: UUID
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


ISSUE = Query(
    """
    insert into kernel.public_token (org_id, token, kind, entity_id, expires_at)
    select :org_id, token, :kind, entity_id, :expires_at::timestamptz
      from unnest(:tokens::text[], :entity_ids::uuid[]) as given (token, entity_id)
    """
)

LIMIT = Query(
    """
    update kernel.public_token
       set expires_at = :expires_at, revoked_at = :revoked_at
     where org_id = :org_id and kind = :kind and entity_id = :entity_id
    """
)

FIND_OWN = Query(
    """
    select org_id, token, kind, entity_id, expires_at, revoked_at
      from kernel.public_token
     where org_id = :org_id and token = :token
    """
)

FIND = Query(
    """
    select org_id, token, kind, entity_id, expires_at, revoked_at
      from kernel.find_token(:token)
    """,
    beyond_org="the token is the credential; the organisation follows from it",
)


async def issue(
    tx: Tx, *, kind: str, entity_ids: list[UUID], expires_at: datetime | None = None
) -> list[str]:
    """One fresh token for each document, in the same order."""
    tokens = [new_token() for _ in entity_ids]
    await tx.later(ISSUE, kind=kind, tokens=tokens, entity_ids=entity_ids, expires_at=expires_at)
    return tokens


async def limit(
    tx: Tx,
    *,
    kind: str,
    entity_id: UUID,
    expires_at: datetime | None,
    revoked_at: datetime | None = None,
) -> None:
    """Set when a document's link stops working, or revoke it now."""
    await tx.end()
    await tx.run(
        LIMIT, kind=kind, entity_id=entity_id, expires_at=expires_at, revoked_at=revoked_at
    )


async def find(database: Database, token: str) -> Token | None:
    """Any token ever issued, live or not: the caller decides what an expired one may still show."""
    if not 16 <= len(token) <= 64 or not token.isascii() or not token.isprintable():
        return None
    rows = await database.look_up(FIND, Token, token=token)
    return rows[0] if rows else None


async def find_own(tx: Tx, token: str) -> Token | None:
    """A token of the actor's own organisation, live or not."""
    await tx.end()
    return await tx.one_or_none(FIND_OWN, Token, token=token)
