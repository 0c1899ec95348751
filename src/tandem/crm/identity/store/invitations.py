"""Invitations, by the hash of their token."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.invitations import Invitation
from tandem.kernel.db import Database, Query, Tx

INSERT_INVITATION = Query(
    """
    insert into identity.invitation
           (org_id, id, email, name, role_keys, team_ids, token_hash, invited_by, created_at,
            expires_at)
    values (:org_id, :id, :email, :name, :role_keys, :team_ids, :token_hash, :invited_by,
            :created_at, :expires_at)
    """
)

LIST_INVITATIONS = Query(
    """
    select id, email, name, role_keys, team_ids, invited_by, created_at, expires_at, used_at,
           revoked_at
      from identity.invitation
     where org_id = :org_id and (:id::uuid is null or id = :id)
     order by created_at desc, id
     limit 500
    """
)

USE_INVITATION = Query(
    """
    update identity.invitation set used_at = :now
     where org_id = :org_id and id = :id and used_at is null and revoked_at is null
       and expires_at > :now
    """
)

REVOKE_INVITATION = Query(
    """
    update identity.invitation set revoked_at = :now
     where org_id = :org_id and id = :id and used_at is null and revoked_at is null
    """
)

REVOKE_OPEN = Query(
    """
    update identity.invitation set revoked_at = :now
     where org_id = :org_id and email = :email and used_at is null and revoked_at is null
    """
)

MEMBER_BY_EMAIL = Query(
    """
    select id, removed_at is not null as is_removed
      from identity.user_account
     where org_id = :org_id and email = :email
    """
)

WELCOME_BACK = Query(
    """
    update identity.user_account
       set is_active = true, removed_at = null, name = :name, role_key = :role_key,
           version = version + 1
     where org_id = :org_id and id = :id
    """
)

FIND_INVITATION = Query(
    "select org_id, id from identity.find_invitation(:token_hash)",
    beyond_org="the link's token is the credential",
)


class Invited(msgspec.Struct, frozen=True):
    org_id: UUID
    id: UUID


class FormerMember(msgspec.Struct, frozen=True):
    id: UUID
    is_removed: bool


async def find(database: Database, token_hash: bytes) -> Invited | None:
    rows = await database.look_up(FIND_INVITATION, Invited, token_hash=token_hash)
    return rows[0] if rows else None


async def list_invitations(tx: Tx, invitation_id: UUID | None = None) -> list[Invitation]:
    return await tx.many(LIST_INVITATIONS, Invitation, id=invitation_id)


async def use(tx: Tx, invitation_id: UUID, now: datetime) -> bool:
    """True for exactly one of those who try."""
    return bool(await tx.run(USE_INVITATION, id=invitation_id, now=now))


async def find_member(tx: Tx, email: str) -> FormerMember | None:
    return await tx.one_or_none(MEMBER_BY_EMAIL, FormerMember, email=email)
