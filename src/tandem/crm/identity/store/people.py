"""Members of a company; who they are beyond it stands in `persons`."""

from uuid import UUID

from tandem.crm.identity.domain import User
from tandem.kernel.db import Query, Tx

INSERT_USER = Query(
    """
    insert into identity.user_account
           (org_id, id, person_id, email, name, role_key, created_at)
    values (:org_id, :id, :person_id, :email, :name, :role_key, :created_at)
        on conflict (org_id, email) do nothing
    """
)


LIST_USERS = Query(
    """
    select u.id, u.email, u.name, u.role_key, u.is_active, u.created_at, u.version, u.manager_id,
           u.role_key || array(select m.role_key from identity.user_role m
                                where m.org_id = :org_id and m.user_id = u.id
                                order by m.role_key) as role_keys
      from identity.user_account u
     where u.org_id = :org_id and (:id::uuid is null or u.id = :id) and u.removed_at is null
     order by u.name, u.id
     limit 500
    """
)


async def list_users(tx: Tx, user_id: UUID | None = None) -> list[User]:
    return await tx.many(LIST_USERS, User, id=user_id)
