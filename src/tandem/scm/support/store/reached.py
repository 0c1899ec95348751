"""Whose a complaint is: of whoever works on it, and of whoever its customer belongs to."""

from typing import LiteralString
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Ownership, Reach, within
from tandem.scm.support.domain.complaints import Complaint

WITHIN: LiteralString = f"""
       and (:reach_all::boolean or assignee_id = any(:reach_owners::uuid[])
            or id = any(:reach_shared::uuid[])
            or exists (select from kernel.customer_owner reached
                        where reached.org_id = :org_id and reached.id = customer_id
                          and {within("reached")}))
"""
"""For statements over `support.complaint` without an alias; its values are `Reach.params`."""

OWNER = Query(
    """
    select id, owner_id, team_id, territory_id
      from kernel.customer_owner
     where org_id = :org_id and id = :id
    """
)


async def is_reached(tx: Tx, reach: Reach, complaint: Complaint) -> bool:
    """As `WITHIN`, for one complaint at hand."""
    if reach.is_all or complaint.assignee_id in reach.owners or complaint.id in reach.shared:
        return True
    return complaint.customer_id is not None and await is_customer_reached(
        tx, reach, complaint.customer_id
    )


async def is_customer_reached(tx: Tx, reach: Reach, customer_id: UUID) -> bool:
    owner = await tx.one_or_none(OWNER, Ownership, id=customer_id)
    return owner is not None and reach.holds(owner)
