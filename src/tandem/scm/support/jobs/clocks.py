"""Looking at the clocks."""

from tandem.kernel.jobs import Work, every
from tandem.scm.support import service


@every(30, "support.tell_breaches")
async def tell_breaches(work: Work) -> None:
    async with work.transaction() as tx:
        await service.tell_breaches(tx, now=work.now())


@every(600, "support.close_silent")
async def close_silent(work: Work) -> None:
    async with work.transaction() as tx:
        await service.close_silent(tx, now=work.now())
