"""Judging openings and clicks once the seconds are over that tell machines from people."""

from tandem.crm.marketing import service
from tandem.kernel.jobs import Work, every


@every(5, "marketing.settle")
async def settle(work: Work) -> None:
    async with work.transaction() as tx:
        await service.settle(tx, now=work.now())
