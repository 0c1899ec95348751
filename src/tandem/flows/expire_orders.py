"""Unpaid orders whose time is over: the order expires and its stock is for sale again, at once."""

from tandem.kernel.jobs import Work, every
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders

SWEEPS_MAX = 20


@every(5, "orders.expire_unpaid")
async def expire_unpaid(work: Work) -> None:
    """Bounded: up to 20 sweeps of 100 orders a turn, each in a transaction of its own."""
    for _ in range(SWEEPS_MAX):
        async with work.transaction() as tx:
            now = work.now()
            expired = await orders.expire_overdue(tx, now=now)
            await inventory.release_many(tx, expired, reason="expired", now=now)
        if not expired:
            return
