"""Leads and deals that a rule finds, the newest first."""

from uuid import UUID

from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.store.leads import LEAD
from tandem.crm.sales.store.opportunities import OPPORTUNITY
from tandem.kernel.db import Tx
from tandem.kernel.reach import Reach, within
from tandem.kernel.rules import Condition, RuledQuery

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


async def leads(
    tx: Tx, made: Condition, reach: Reach, *, before_id: UUID | None, count: int
) -> list[Lead]:
    return await tx.many(
        LEADS.with_rule(made), Lead, before_id=before_id, count=count, **reach.params()
    )


async def deals(
    tx: Tx, made: Condition, reach: Reach, *, before_id: UUID | None, count: int
) -> list[Opportunity]:
    return await tx.many(
        DEALS.with_rule(made), Opportunity, before_id=before_id, count=count, **reach.params()
    )
