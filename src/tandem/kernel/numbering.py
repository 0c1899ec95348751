"""Human numbers. One counter row per organisation, kind and period; its lock is the order of issue.

Taking a number inside the transaction that uses it makes the series gap-free: a rollback gives the
number back. Take it last, so that the row is locked briefly.
"""

from tandem.kernel.db import Query, Tx

TAKE = Query(
    """
    insert into kernel.number_series as series (org_id, kind, period, next_value)
    values (:org_id, :kind, :period, :start::bigint + :count::bigint)
        on conflict (org_id, kind, period)
        do update set next_value = series.next_value + :count
    returning next_value - :count
    """
)


async def take(tx: Tx, *, kind: str, period: str = "", count: int = 1, start: int = 1) -> int:
    """The first of `count` consecutive values; `start` counts only for the series' first use."""
    first: int = await tx.value(TAKE, kind=kind, period=period, count=count, start=start)
    return first
