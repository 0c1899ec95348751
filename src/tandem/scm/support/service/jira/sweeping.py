"""What is due without anybody having asked just now: put off, left behind, or from before."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.support.service.jira.queueing import link_complaint
from tandem.scm.support.store import jira_connections, jira_links

DUE_MAX = 50
BACKFILL_MAX = 100


async def list_due(tx: Tx, *, now: datetime) -> list[UUID]:
    """Links whose time has come, with those of a worker that died."""
    return await jira_links.list_due(tx, now=now, limit=DUE_MAX)


async def link_unlinked(tx: Tx, *, now: datetime) -> int:
    """Complaints from before Jira was connected, a hundred at a time; the number begun."""
    connection = await jira_connections.find_active(tx)
    if connection is None or not connection.may_be_called(now):
        return 0
    if not connection.policy.opens_issues:
        return 0
    found = await jira_links.list_unlinked(tx, limit=BACKFILL_MAX)
    for complaint_id in found:
        await link_complaint(tx, complaint_id, now=now)
    return len(found)
