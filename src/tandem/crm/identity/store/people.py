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
    select id, email, name, role_key, is_active, created_at, version
      from identity.user_account
     where org_id = :org_id and (:id::uuid is null or id = :id)
     order by name, id
     limit 500
    """
)


async def list_users(tx: Tx, user_id: UUID | None = None) -> list[User]:
    return await tx.many(LIST_USERS, User, id=user_id)
