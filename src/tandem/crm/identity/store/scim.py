"""What a company's directory says of its people and groups."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.directory import Settings
from tandem.kernel.db import Query, Tx


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    name: str
    is_active: bool
    role_keys: list[str]
    resource: dict[str, Any] | None
    groups: list[dict[str, str]]
    created_at: datetime
    updated_at: datetime


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    display_name: str
    external_id: str | None
    role_key: str | None
    members: list[dict[str, str]]
    created_at: datetime
    updated_at: datetime


LIST_USERS = Query(
    """
    select u.id, u.email, u.name, u.is_active, s.resource, u.created_at,
           coalesce(s.updated_at, u.created_at) as updated_at,
           u.role_key || array(select m.role_key from identity.user_role m
                                where m.org_id = :org_id and m.user_id = u.id
                                order by m.role_key) as role_keys,
           coalesce((select jsonb_agg(jsonb_build_object('value', g.id, 'display', g.display_name)
                                      order by g.display_name, g.id)
                       from identity.scim_group_member m
                       join identity.scim_group g on g.org_id = m.org_id and g.id = m.group_id
                      where m.org_id = :org_id and m.user_id = u.id), '[]') as groups
      from identity.user_account u
      left join identity.scim_user s on s.org_id = u.org_id and s.user_id = u.id
     where u.org_id = :org_id and u.removed_at is null and (:id::uuid is null or u.id = :id)
     order by u.created_at, u.id
     limit 20000
    """
)

LIST_GROUPS = Query(
    """
    select g.id, g.display_name, g.external_id, g.role_key, g.created_at, g.updated_at,
           coalesce((select jsonb_agg(jsonb_build_object('value', u.id, 'display', u.name)
                                      order by u.name, u.id)
                       from identity.scim_group_member m
                       join identity.user_account u on u.org_id = m.org_id and u.id = m.user_id
                      where m.org_id = :org_id and m.group_id = g.id
                        and u.removed_at is null), '[]') as members
      from identity.scim_group g
     where g.org_id = :org_id and (:id::uuid is null or g.id = :id)
     order by g.created_at, g.id
     limit 5000
    """
)

KEEP_USER = Query(
    """
    insert into identity.scim_user as kept (org_id, user_id, resource, updated_at)
    values (:org_id, :user_id, :resource, :now)
        on conflict (org_id, user_id) do update
       set resource = excluded.resource, updated_at = excluded.updated_at
    """
)

FORGET_USER = Query(
    """
    with gone as (
        delete from identity.scim_group_member where org_id = :org_id and user_id = :user_id
    )
    delete from identity.scim_user where org_id = :org_id and user_id = :user_id
    """
)

NAME_TAKEN = Query(
    """
    select exists (
        select from identity.user_account u
          left join identity.scim_user s on s.org_id = u.org_id and s.user_id = u.id
         where u.org_id = :org_id and u.removed_at is null
           and (:but::uuid is null or u.id <> :but)
           and (lower(s.resource ->> 'userName') = lower(:user_name) or u.email = :email))
    """
)

FIND_REMOVED = Query(
    """
    select id from identity.user_account
     where org_id = :org_id and email = :email and removed_at is not null
    """
)

MOVE_USER = Query(
    """
    update identity.user_account
       set email = :email, person_id = :person_id, version = version + 1
     where org_id = :org_id and id = :id and email <> :email
    """
)

KEEP_GROUP = Query(
    """
    insert into identity.scim_group as kept
           (org_id, id, display_name, external_id, created_at, updated_at)
    values (:org_id, :id, :display_name, :external_id, :now, :now)
        on conflict (org_id, id) do update
       set display_name = excluded.display_name, external_id = excluded.external_id,
           updated_at = excluded.updated_at
    """
)

DROP_GROUP = Query("delete from identity.scim_group where org_id = :org_id and id = :id")

DROP_MEMBERS = Query(
    "delete from identity.scim_group_member where org_id = :org_id and group_id = :group_id"
)

ADD_MEMBERS = Query(
    """
    insert into identity.scim_group_member (org_id, group_id, user_id)
    select u.org_id, :group_id, u.id
      from identity.user_account u
     where u.org_id = :org_id and u.id = any (:user_ids::uuid[]) and u.removed_at is null
    """
)

SET_GROUP_ROLE = Query(
    "update identity.scim_group set role_key = :role_key where org_id = :org_id and id = :id"
)

GET_SETTINGS = Query(
    """
    select default_role_key, allows_administrators
      from identity.scim_settings
     where org_id = :org_id
    """
)

KEEP_SETTINGS = Query(
    """
    insert into identity.scim_settings (org_id, default_role_key, allows_administrators)
    values (:org_id, :default_role_key, :allows_administrators)
        on conflict (org_id) do update
       set default_role_key = excluded.default_role_key,
           allows_administrators = excluded.allows_administrators
    """
)


async def list_users(tx: Tx, user_id: UUID | None = None) -> list[UserRow]:
    return await tx.many(LIST_USERS, UserRow, id=user_id)


async def list_groups(tx: Tx, group_id: UUID | None = None) -> list[GroupRow]:
    return await tx.many(LIST_GROUPS, GroupRow, id=group_id)


async def set_members(tx: Tx, group_id: UUID, user_ids: Sequence[UUID]) -> int:
    """How many of them are people of this company."""
    await tx.run(DROP_MEMBERS, group_id=group_id)
    return await tx.run(ADD_MEMBERS, group_id=group_id, user_ids=list(user_ids))


async def get_settings(tx: Tx) -> Settings | None:
    return await tx.one_or_none(GET_SETTINGS, Settings)
