"""Leads and deals that a rule finds, the newest first."""

from typing import TypeVar
from uuid import UUID

from tandem.crm.sales.store.leads import LEAD
from tandem.crm.sales.store.opportunities import OPPORTUNITY
from tandem.kernel.db import Tx
from tandem.kernel.reach import Reach, within
from tandem.kernel.rules import Condition, RuledQuery

T = TypeVar("T")

LEADS = RuledQuery(
    LEAD
    + """
     where l.org_id = :org_id and l.merged_into_id is null and l.erased_at is null and """
    + within("l")
    + """ and {rule}
       and (:before_id::uuid is null or l.id < :before_id)
     order by l.id desc
     limit :count
    """
)

DEALS = RuledQuery(
    OPPORTUNITY
    + """
     where o.org_id = :org_id and """
    + within("o")
    + """ and {rule}
       and (:before_id::uuid is null or o.id < :before_id)
     order by o.id desc
     limit :count
    """
)


async def chosen(
    tx: Tx,
    query: RuledQuery,
    row: type[T],
    made: Condition,
    reach: Reach,
    *,
    before_id: UUID | None,
    count: int,
) -> list[T]:
    return await tx.many(
        query.with_rule(made), row, before_id=before_id, count=count, **reach.params()
    )
