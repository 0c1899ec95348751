"""What a dead worker held, what has waited too long, and lanes that somebody should look at."""

from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.service import handing, leaving, people, planning
from tandem.kernel.jobs import Work, every


@every(5, "notifications.wake_lanes")
async def wake_lanes(work: Work) -> None:
    for lane in await tidy(work):
        async with work.transaction() as tx:
            await planning.wake(tx, lane, is_sweep=True)


async def tidy(work: Work) -> list[Lane]:
    """Free what was abandoned, drop what has expired; the lanes in which anything waits."""
    async with work.transaction() as tx:
        await handing.release_abandoned(tx, now=work.now())
        await leaving.expire(tx, now=work.now())
        await people.erase_settled(tx, now=work.now())
        return await leaving.due_lanes(tx)
