"""Deals that are about to close, or should have."""

from datetime import date

from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.domain.permissions import READ
from tandem.crm.sales.store import closing as store
from tandem.kernel.db import Tx


async def list_closing(tx: Tx, *, until: date, limit: int) -> list[Opportunity]:
    """Open deals to close by `until`, the most overdue first, as far as the reader's records go."""
    tx.actor.require(READ)
    return await store.list_closing(tx, tx.actor.reach(READ), until=until, count=limit)
