"""What customers does by rhythm: keeping dynamic segments fresh."""

from tandem.crm.customers import service
from tandem.kernel import rules
from tandem.kernel.jobs import Work, every

PASSES_MAX = 20
"""Batches of one segment in one round; what is left comes in the next."""


@every(15, "customers.refresh_segments")
async def refresh_segments(work: Work) -> None:
    """Each segment that is due, in transactions of its own, the longest waiting first."""
    async with work.transaction() as tx:
        due = await service.due_segments(tx, work.now())
    for segment_id in due:
        for _ in range(PASSES_MAX):
            async with work.transaction() as tx:
                moment = rules.Moment(now=work.now(), zone=service.ZONE)
                if not await service.refresh_segment(tx, segment_id, moment):
                    break
