"""SQL of deals by the day they are to close."""

from datetime import date

from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.store.opportunities import OPPORTUNITY
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

CLOSING = Query(
    OPPORTUNITY
    + """
     where o.org_id = :org_id and """
    + within("o")
    + """
       and o.status = 'open' and o.close_on <= :until
     order by o.close_on, o.id
     limit :count
    """
)


async def list_closing(tx: Tx, reach: Reach, *, until: date, count: int) -> list[Opportunity]:
    return await tx.many(CLOSING, Opportunity, until=until, count=count, **reach.params())
