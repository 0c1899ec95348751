"""People and what they sign in with."""

from uuid import UUID

import msgspec

from tandem.crm.identity.domain import User
from tandem.kernel.db import Database, Query, Tx

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


FIND_LOGIN = Query(
    "select org_id, user_id, password_hash from identity.find_login(:email)",
    beyond_org="nobody is signed in yet; the address is the question",
)


class Login(msgspec.Struct, frozen=True):
    org_id: UUID
    user_id: UUID
    password_hash: str | None


async def find_logins(database: Database, email: str) -> list[Login]:
    return await database.look_up(FIND_LOGIN, Login, email=email)


async def list_users(tx: Tx, user_id: UUID | None = None) -> list[User]:
    return await tx.many(LIST_USERS, User, id=user_id)
