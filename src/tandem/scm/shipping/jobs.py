"""Shipping's timed work."""

from tandem.kernel.jobs import Work, every
from tandem.scm.shipping import service


@every(900, "shipping.revise_overdue")
async def revise_overdue(work: Work) -> None:
    async with work.transaction() as tx:
        await service.revise_overdue(tx, now=work.now())
