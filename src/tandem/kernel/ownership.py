"""Whose an order is, asked by services that only know its id: what hangs below an order is reached
with it. Costs nothing for whoever reaches everything."""

from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.errors import Forbidden
from tandem.kernel.reach import Ownership

FIND = Query(
    """
    select id, owner_id, team_id, territory_id
      from kernel.order_owner
     where org_id = :org_id and id = :id
    """
)


async def sees_order(tx: Tx, permission: str, order_id: UUID | None) -> bool:
    """Whether the actor's permission, which is checked elsewhere, reaches what hangs below it.

    What belongs to no order is seen by reach over everything only.
    """
    if tx.actor.standing is None:
        return True
    reach = tx.actor.reach(permission)
    if reach.is_all or order_id is None:
        return reach.is_all
    record = await tx.one_or_none(FIND, Ownership, id=order_id)
    return record is not None and reach.holds(record)


async def require_order(tx: Tx, permission: str, order_id: UUID | None) -> None:
    """The permission for something below an order that the actor sees already."""
    tx.actor.require(permission)
    if not await sees_order(tx, permission, order_id):
        raise Forbidden(
            f"Your permission {permission!r} does not reach this record.",
            permission=permission,
            reason="out_of_reach",
        )
