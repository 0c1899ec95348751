"""How a company numbers its orders."""

from tandem.kernel.db import Query, Tx
from tandem.scm.orders.domain.settings import OrderSettings

FIND = Query(
    """
    select number_prefix, number_width, number_start, unpaid_minutes, version
      from orders.settings
     where org_id = :org_id
    """
)

SAVE = Query(
    """
    insert into orders.settings as s
           (org_id, number_prefix, number_width, number_start, unpaid_minutes)
    values (:org_id, :number_prefix, :number_width, :number_start, :unpaid_minutes)
        on conflict (org_id) do update
       set number_prefix = excluded.number_prefix, number_width = excluded.number_width,
           number_start = excluded.number_start, unpaid_minutes = excluded.unpaid_minutes,
           version = s.version + 1
    returning number_prefix, number_width, number_start, unpaid_minutes, version
    """
)


async def find(tx: Tx) -> OrderSettings | None:
    rows = await tx.records(FIND)
    return OrderSettings(**rows[0]) if rows else None


async def save(tx: Tx, settings: OrderSettings) -> OrderSettings:
    return await tx.one(
        SAVE,
        OrderSettings,
        number_prefix=settings.number_prefix,
        number_width=settings.number_width,
        number_start=settings.number_start,
        unpaid_minutes=settings.unpaid_minutes,
    )
