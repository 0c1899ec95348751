"""A company's members: their roles, their manager, whether they are there at all."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx

LOCK_COMPANY = Query(
    "select 1 from identity.organisation where org_id = :org_id order by org_id for update"
)

UPDATE_MEMBER = Query(
    """
    update identity.user_account
       set name = :name, role_key = :role_key, manager_id = :manager_id, is_active = :is_active,
           removed_at = :removed_at, version = version + 1
     where org_id = :org_id and id = :id
    """
)

DROP_ROLES = Query("delete from identity.user_role where org_id = :org_id and user_id = :user_id")

ADD_ROLES = Query(
    """
    insert into identity.user_role (org_id, user_id, role_key)
    select :org_id, :user_id, role_key from unnest(:role_keys::text[]) as given (role_key)
     order by role_key
    """
)

COUNT_ADMINISTRATORS = Query(
    """
    select count(*)
      from identity.user_account u
     where u.org_id = :org_id and u.is_active
       and (:except_id::uuid is null or u.id <> :except_id)
       and exists (
           select from identity.role r
            where r.org_id = :org_id and '*' = any(r.grants)
              and (r.key = u.role_key
                   or exists (select from identity.user_role m
                               where m.org_id = :org_id and m.user_id = u.id
                                 and m.role_key = r.key)))
    """
)

MANAGES = Query(
    """
    with recursive above (id) as (
        select manager_id from identity.user_account where org_id = :org_id and id = :manager_id
        union
        select u.manager_id
          from identity.user_account u join above on u.id = above.id
         where u.org_id = :org_id
    )
    select exists (select from above where id = :user_id)
    """
)

LEAVE_ALL = Query(
    """
    with teams as (
        delete from identity.team_member where org_id = :org_id and user_id = :user_id
    ), territories as (
        delete from identity.territory_member where org_id = :org_id and user_id = :user_id
    ), shares as (
        delete from identity.record_share where org_id = :org_id and user_id = :user_id
    )
    update identity.user_account set manager_id = null
     where org_id = :org_id and manager_id = :user_id
    """
)


async def lock_company(tx: Tx) -> None:
    """Changes of who may do what wait for one another: two at once must not remove the last
    administrator, nor close a ring of managers or teams."""
    await tx.run(LOCK_COMPANY)


async def set_roles(tx: Tx, user_id: UUID, role_keys: Sequence[str]) -> None:
    """All roles but the first, which stands with the member."""
    await tx.run(DROP_ROLES, user_id=user_id)
    await tx.run(ADD_ROLES, user_id=user_id, role_keys=sorted(set(role_keys)))


async def update_member(
    tx: Tx,
    user_id: UUID,
    *,
    name: str,
    role_keys: Sequence[str],
    manager_id: UUID | None,
    is_active: bool,
    removed_at: datetime | None = None,
) -> None:
    await tx.run(
        UPDATE_MEMBER,
        id=user_id,
        name=name,
        role_key=role_keys[0],
        manager_id=manager_id,
        is_active=is_active,
        removed_at=removed_at,
    )
    await set_roles(tx, user_id, [key for key in role_keys if key != role_keys[0]])


async def count_administrators(tx: Tx, *, except_id: UUID | None = None) -> int:
    """Active members with everything; `except_id` is somebody not to count."""
    counted: int = await tx.value(COUNT_ADMINISTRATORS, except_id=except_id)
    return counted


async def is_managed_by(tx: Tx, manager_id: UUID, user_id: UUID) -> bool:
    """Whether `user_id` stands somewhere above `manager_id`."""
    return bool(await tx.value(MANAGES, manager_id=manager_id, user_id=user_id))
