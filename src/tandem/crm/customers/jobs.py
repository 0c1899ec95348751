"""What customers does in the background: dynamic segments kept fresh, files taken in."""

from uuid import UUID

from tandem.crm.customers import service
from tandem.kernel import company, imports
from tandem.kernel.jobs import Work, every, job

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
                moment = await company.moment_of(tx, work.now())
                if not await service.refresh_segment(tx, segment_id, moment):
                    break


@every(15, "customers.sum_purchases")
async def sum_purchases(work: Work) -> None:
    """What changed orders of late come to; rules ask nothing else of old ones."""
    for _ in range(PASSES_MAX):
        async with work.transaction() as tx:
            if not await service.sum_purchases(tx):
                break


@job(service.IMPORTS.job)
async def run_import(work: Work, job_id: str) -> None:
    await imports.run(work, service.IMPORTS, UUID(job_id))


@every(1800, "customers.refresh_metrics")
async def refresh_metrics(work: Work) -> None:
    """Once a day, when the last run is twenty hours old."""
    async with work.transaction() as tx:
        if await service.is_due(tx, work.now()):
            await service.refresh_metrics(tx, now=work.now())
