"""Roles, what they carry, and who holds them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.access import Access, AccessRow
from tandem.crm.identity.domain.roles import Role
from tandem.kernel.db import Query, Tx

INSERT_ROLE = Query(
    """
    insert into identity.role
           (org_id, key, name, description, grants, hidden, read_only, is_ready_made)
    values (:org_id, :key, :name, :description, :grants, :hidden, :read_only, :is_ready_made)
        on conflict (org_id, key) do nothing
    """
)

UPDATE_ROLE = Query(
    """
    update identity.role
       set name = :name, description = :description, grants = :grants, hidden = :hidden,
           read_only = :read_only, version = version + 1
     where org_id = :org_id and key = :key
    """
)

DELETE_ROLE = Query("delete from identity.role where org_id = :org_id and key = :key")

LIST_ROLES = Query(
    """
    select key, name, description, grants, hidden, read_only, is_ready_made, version
      from identity.role
     where org_id = :org_id
     order by is_ready_made desc, name, key
    """
)


COUNT_HOLDERS = Query(
    """
    select count(*)
      from identity.user_account u
     where u.org_id = :org_id
       and (u.role_key = :key
            or exists (select from identity.user_role m
                        where m.org_id = :org_id and m.user_id = u.id and m.role_key = :key))
    """
)

ACCESS_OF = Query("select identity.access_of(:org_id, :user_id, :now) as access")

ACCESS_OF_ALL = Query(
    """
    select u.id as user_id, u.name, identity.access_of(:org_id, u.id, :now) as access
      from identity.user_account u
     where u.org_id = :org_id and u.is_active
     order by u.name, u.id
     limit 500
    """
)


class _Answer(msgspec.Struct, frozen=True):
    access: Access


async def insert_role(tx: Tx, role: Role) -> bool:
    return bool(await tx.run(INSERT_ROLE, **_columns(role), is_ready_made=role.is_ready_made))


async def update_role(tx: Tx, role: Role) -> None:
    await tx.run(UPDATE_ROLE, **_columns(role))


async def list_roles(tx: Tx) -> list[Role]:
    return await tx.many(LIST_ROLES, Role)


async def access_of(tx: Tx, user_id: UUID, now: datetime) -> Access:
    """Of somebody unknown or inactive it has no roles."""
    return (await tx.one(ACCESS_OF, _Answer, user_id=user_id, now=now)).access


async def access_of_all(tx: Tx, now: datetime) -> list[AccessRow]:
    """Of every active member, at most 500."""
    return await tx.many(ACCESS_OF_ALL, AccessRow, now=now)


def _columns(role: Role) -> dict[str, Any]:
    return {
        "key": role.key,
        "name": role.name,
        "description": role.description,
        "grants": _sorted(role.grants),
        "hidden": _sorted(role.hidden),
        "read_only": _sorted(role.read_only),
    }


def _sorted(texts: Sequence[str]) -> list[str]:
    return sorted(set(texts))
