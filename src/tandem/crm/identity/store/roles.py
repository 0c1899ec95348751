"""Roles and their grants."""

from tandem.crm.identity.domain import Role
from tandem.kernel.db import Query, Tx

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


async def list_roles(tx: Tx) -> list[Role]:
    return await tx.many(LIST_ROLES, Role)
