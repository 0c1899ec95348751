"""All of identity's SQL."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain import ApiKey, Organisation, Role, SavedView, User
from tandem.kernel.db import Database, Query, Tx

INSERT_ORGANISATION = Query(
    """
    insert into identity.organisation (org_id, name, slug, time_zone, currency, country, created_at)
    values (:org_id, :name, :slug, :time_zone, :currency, :country, :created_at)
    """
)

GET_ORGANISATION = Query(
    """
    select org_id, name, slug, time_zone, currency, country, settings, version
      from identity.organisation
     where org_id = :org_id
    """
)

UPDATE_ORGANISATION = Query(
    """
    update identity.organisation
       set name = :name, time_zone = :time_zone, version = version + 1
     where org_id = :org_id
    returning org_id, name, slug, time_zone, currency, country, settings, version
    """
)

LIST_VIEWS = Query(
    """
    select id, user_id, page, name, query, is_shared
      from identity.saved_view
     where org_id = :org_id and page = :page and (is_shared or user_id = :user_id)
     order by name, id
     limit 200
    """
)

COUNT_VIEWS = Query(
    """
    select count(*) from identity.saved_view
     where org_id = :org_id and page = :page and user_id = :user_id
    """
)

INSERT_VIEW = Query(
    """
    insert into identity.saved_view
           (org_id, id, user_id, page, name, query, is_shared, created_at)
    values (:org_id, :id, :user_id, :page, :name, :asked, :is_shared, :created_at)
    """
)

DELETE_VIEW = Query(
    """
    delete from identity.saved_view
     where org_id = :org_id and id = :id and (user_id = :user_id or (is_shared and :may_manage))
    """
)

INSERT_ROLES = Query(
    """
    insert into identity.role (org_id, key, name, grants)
    values (:org_id, :key, :name, :grants)
        on conflict (org_id, key) do update set name = excluded.name, grants = excluded.grants
    """
)

LIST_ROLES = Query(
    "select key, name, grants from identity.role where org_id = :org_id order by name"
)

INSERT_USER = Query(
    """
    insert into identity.user_account
           (org_id, id, email, name, password_hash, role_key, created_at)
    values (:org_id, :id, :email, :name, :password_hash, :role_key, :created_at)
        on conflict (org_id, email) do nothing
    """
)

SET_PASSWORD = Query(
    """
    update identity.user_account
       set password_hash = :password_hash, version = version + 1
     where org_id = :org_id and id = :id
    """
)

LIST_USERS = Query(
    """
    select id, email, name, role_key, is_active, created_at, version
      from identity.user_account
     where org_id = :org_id and (:id::uuid is null or id = :id)
     order by name, id
     limit 500
    """
)

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

FIND_LOGIN = Query(
    "select org_id, user_id, password_hash from identity.find_login(:email)",
    beyond_org="nobody is signed in yet; the address is the question",
)

FIND_SESSION = Query(
    """
    select org_id, user_id, session_id, name, grants, last_seen_at, expires_at
      from identity.find_session(:token_hash, :now)
    """,
    beyond_org="the session's token is the credential",
)

FIND_KEY = Query(
    "select org_id, key_id, name, grants from identity.find_api_key(:secret_hash, :now)",
    beyond_org="the key is the credential",
)


class Login(msgspec.Struct, frozen=True):
    org_id: UUID
    user_id: UUID
    password_hash: str | None


class OpenSession(msgspec.Struct, frozen=True):
    org_id: UUID
    user_id: UUID
    session_id: UUID
    name: str
    grants: frozenset[str]
    last_seen_at: datetime
    expires_at: datetime


class OpenKey(msgspec.Struct, frozen=True):
    org_id: UUID
    key_id: UUID
    name: str
    grants: frozenset[str]


async def find_logins(database: Database, email: str) -> list[Login]:
    return await database.look_up(FIND_LOGIN, Login, email=email)


async def find_session(database: Database, token_hash: bytes, now: datetime) -> OpenSession | None:
    rows = await database.look_up(FIND_SESSION, OpenSession, token_hash=token_hash, now=now)
    return rows[0] if rows else None


async def find_key(database: Database, secret_hash: bytes, now: datetime) -> OpenKey | None:
    rows = await database.look_up(FIND_KEY, OpenKey, secret_hash=secret_hash, now=now)
    return rows[0] if rows else None


async def get_organisation(tx: Tx) -> Organisation:
    return await tx.one(GET_ORGANISATION, Organisation)


async def list_roles(tx: Tx) -> list[Role]:
    return await tx.many(LIST_ROLES, Role)


async def list_users(tx: Tx, user_id: UUID | None = None) -> list[User]:
    return await tx.many(LIST_USERS, User, id=user_id)


async def list_keys(tx: Tx, key_id: UUID | None = None) -> list[ApiKey]:
    return await tx.many(LIST_KEYS, ApiKey, id=key_id)


async def list_views(tx: Tx, page: str, user_id: UUID) -> list[SavedView]:
    return await tx.many(LIST_VIEWS, SavedView, page=page, user_id=user_id)
