"""What customers does in the background: dynamic segments kept fresh, files taken in."""

from itertools import islice
from uuid import UUID

from tandem.crm.customers import service
from tandem.crm.customers.domain.sheets import SheetWrong, decode, rows_of
from tandem.crm.customers.service import imports
from tandem.crm.customers.service.import_rows import Chunk
from tandem.kernel import company
from tandem.kernel.blobs import Blobs
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


@job(imports.RUN)
async def run_import(work: Work, job_id: str) -> None:
    """Go through a file chunk by chunk, each with its progress in one transaction.

    A worker that dies leaves whole chunks; the next try goes on behind them.
    """
    async with work.transaction() as tx:
        found = await service.get_import(tx, UUID(job_id))
        if found.state not in ("checking", "running", "reverting"):
            return
    if found.state == "reverting":
        while await _revert(work, found.id):
            continue
        return
    async with work.transaction() as tx:
        _, content = await work.get(Blobs).get(tx, found.blob_id)
    try:
        text = decode(content)
        rows = islice(rows_of(text), found.done_rows + 1, None)
        start = found.done_rows
        while some := list(islice(rows, imports.CHUNK)):
            async with work.transaction() as tx:
                await imports.advance(tx, found, Chunk(start=start, rows=some), now=work.now())
            start += len(some)
    except SheetWrong as reason:
        async with work.transaction() as tx:
            await imports.fail(tx, found, reason.detail, now=work.now())
        return
    async with work.transaction() as tx:
        await imports.finish(tx, found, now=work.now())


async def _revert(work: Work, job_id: UUID) -> bool:
    async with work.transaction() as tx:
        return await imports.revert_chunk(tx, job_id, now=work.now())


@every(1800, "customers.refresh_metrics")
async def refresh_metrics(work: Work) -> None:
    """Once a day, when the last run is twenty hours old."""
    async with work.transaction() as tx:
        if await service.is_due(tx, work.now()):
            await service.refresh_metrics(tx, now=work.now())
