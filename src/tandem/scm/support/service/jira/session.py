"""One worker's time alone with one link: the lease, the client, and recordings under the lease."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import Connection, Mapping
from tandem.scm.support.domain.jira_link import LEASE, Link
from tandem.scm.support.domain.jira_merge import Here
from tandem.scm.support.gateways.jira.port import Jira
from tandem.scm.support.service.reading import (
    get_complaint,
    list_files,
    list_messages,
    list_steps,
)
from tandem.scm.support.store import jira_links, jira_queue


class LeaseLost(Exception):
    """Somebody else has the link by now: whatever was found out is theirs to find out again."""


class Session(msgspec.Struct, kw_only=True):
    work: Work
    link_id: UUID
    lease: UUID
    connection: Connection
    jira: Jira

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[tuple[Tx, Link]]:
        """A transaction with the link locked and the lease longer. Raises LeaseLost."""
        async with self.work.transaction() as tx:
            until = self.work.now() + LEASE
            if not await jira_links.hold(tx, self.link_id, lease=self.lease, until=until):
                raise LeaseLost
            link = await jira_links.find(tx, self.link_id)
            assert link is not None, "links are not deleted"
            yield tx, link

    def mapping(self, complaint: Complaint, link: Link) -> Mapping | None:
        if link.project_key:
            return self.connection.mapping_in(complaint.category, link.project_key)
        return self.connection.mapping_of(complaint.category)


async def look_here(tx: Tx, link: Link) -> Here:
    """The complaint's side of the comparison."""
    complaint = await get_complaint(tx, link.complaint_id)
    steps = [step for step in await list_steps(tx, complaint.id) if step.kind == "status"]
    return Here(
        complaint=complaint,
        status_at=steps[-1].at if steps else complaint.opened_at,
        messages=await list_messages(tx, complaint.id),
        files=await list_files(tx, complaint.id),
        message_marks=await jira_links.list_message_marks(tx, link.id),
        file_marks=await jira_links.list_file_marks(tx, link.id),
        shadow=link.shadow,
        issue_key=link.issue_key,
        held_ids=await jira_queue.held_ids(tx, link.id),
    )
