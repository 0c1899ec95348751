"""The exchange with Jira in the worker. None of these raises over Jira's trouble: what could not be
done is put off in its own row, and the sweep takes it up again."""

from datetime import timedelta
from uuid import UUID

from tandem.kernel import jobs
from tandem.kernel.jobs import Work, every, job
from tandem.scm.support.service import jira

SYNC_JOB = "support.sync_jira_link"
PROVE_JOB = "support.prove_jira_connection"
PROVE_TRIES_MAX = 100


@job(SYNC_JOB)
async def sync_link(work: Work, link_id: str) -> None:
    await jira.sync_link(work, UUID(link_id))


@job(PROVE_JOB)
async def prove_connection(work: Work, connection_id: str, tries: int = 0) -> None:
    """The stand-in starts beside us: it may need a moment."""
    if await jira.prove(work, UUID(connection_id)) or tries >= PROVE_TRIES_MAX:
        return
    async with work.transaction() as tx:
        await jobs.enqueue(
            tx,
            PROVE_JOB,
            delay=timedelta(seconds=2),
            connection_id=connection_id,
            tries=tries + 1,
        )


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
