"""Who waits for an order, for flows that treat them with more care meanwhile.

Checks no permission: the flow has, and it learns numbers only.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.orders.store import waiting as store
from tandem.scm.orders.store.waiting import Waiting


async def late_orders_of(
    tx: Tx, customer_ids: Sequence[UUID], *, today: date
) -> dict[UUID, list[str]]:
    """Numbers of orders past their promised day that have not arrived; in one query."""
    return _by_customer(await store.late(tx, customer_ids, today))


async def orders_among(
    tx: Tx, order_ids: Sequence[UUID], customer_ids: Sequence[UUID]
) -> dict[UUID, list[str]]:
    """Numbers of those of the orders that belong to these customers; in one query."""
    if not order_ids:
        return {}
    return _by_customer(await store.theirs(tx, order_ids, customer_ids))


def _by_customer(rows: Sequence[Waiting]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for row in rows:
        found.setdefault(row.customer_id, []).append(row.number)
    return found
