"""The exchange with Jira in the worker. None of these raises over Jira's trouble: what could not be
done is put off in its own row, and the sweep takes it up again."""

from uuid import UUID

from tandem.kernel import jobs
from tandem.kernel.jobs import Work, every, job
from tandem.scm.support.service import jira

SYNC_JOB = "support.sync_jira_link"


@job(SYNC_JOB)
async def sync_link(work: Work, link_id: str) -> None:
    await jira.sync_link(work, UUID(link_id))


@every(5, "support.sweep_jira")
async def sweep(work: Work) -> None:
    """What is due, and complaints from before the connection."""
    async with work.transaction() as tx:
        await jira.link_unlinked(tx, now=work.now())
        for link_id in await jira.list_due(tx, now=work.now()):
            await jobs.enqueue(tx, SYNC_JOB, dedupe=str(link_id), link_id=link_id)


@every(300, "support.catch_up_jira")
async def catch_up(work: Work) -> None:
    """What lost webhooks would have told, and forgetting what they told long ago."""
    await jira.catch_up(work)
    async with work.transaction() as tx:
        await jira.forget(tx, now=work.now())
