"""Linking a complaint with an issue that somebody has made in Jira already.

Both tell each other what was said. Jira's status and priority count, because somebody worked on it
there; subject and summary each stay until they are changed.
"""

import re
from uuid import UUID

import msgspec

from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import Unavailable
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.scm.support.domain import jira_content as content
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import Connection, NotConnected
from tandem.scm.support.domain.jira_link import (
    AlreadyLinked,
    IssueUnfit,
    Link,
    LinkState,
    Shadow,
)
from tandem.scm.support.domain.jira_remote import Found, RemoteIssue
from tandem.scm.support.gateways.jira.port import Jira, Trouble, TroubleKind
from tandem.scm.support.service.jira.creating import record_issue
from tandem.scm.support.service.jira.queueing import begin_anew, find_link, queue_past, wake
from tandem.scm.support.service.jira.signing_in import sign_in
from tandem.scm.support.service.reading import get_complaint, lock_complaint
from tandem.scm.support.store import jira_connections, jira_links

KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,40}-[0-9]{1,12}")
OVER = frozenset({LinkState.FAILED, LinkState.ORPHANED})
NO_ANSWER = frozenset({TroubleKind.LATER, TroubleKind.UNKNOWN, TroubleKind.UNAUTHORIZED})


async def link_issue(work: Work, actor: Actor, complaint_id: UUID, issue_key: str) -> Link:
    """Follow this issue from now on. Network calls: never with a transaction open.

    Raises NotConnected, AlreadyLinked, IssueUnfit, and Unavailable where Jira does not answer.
    """
    actor.require("support.write")
    async with work.database.transaction(actor) as tx:
        complaint = await get_complaint(tx, complaint_id)
        connection = await jira_connections.find_active(tx)
        if connection is None:
            raise NotConnected("Connect Jira first; until then the desk works without it.")
        if not KEY.fullmatch(issue_key):
            raise IssueUnfit("Give a key such as CARE-7.", field="issue_key")
        await _check_free(tx, connection, complaint_id)
    signed_in = await sign_in(work, connection.id)
    if isinstance(signed_in, Trouble):
        raise Unavailable(f"Jira does not let us in: {signed_in.detail}")
    connection, jira = signed_in
    there = await _find(jira, connection, complaint, issue_key)
    async with work.database.transaction(actor) as tx:
        await _check_followed(tx, connection, complaint_id, there)
    trouble = await jira.mark_issue(
        there.id, complaint_id=complaint_id, labels=content.labels_of(complaint)
    )
    if trouble is not None:
        raise _refusal(trouble)
    async with work.database.transaction(actor) as tx:
        return await _record(work, tx, connection, complaint_id, there)


async def _find(
    jira: Jira, connection: Connection, complaint: Complaint, issue_key: str
) -> RemoteIssue:
    there = await jira.read_issue(issue_key)
    if isinstance(there, Trouble):
        raise _refusal(there)
    if connection.mapping_in(complaint.category, there.project_key) is None:
        words = f"No complaints go to {there.project_key}: map the project first."
        raise IssueUnfit(words, field="issue_key")
    return there


def _refusal(trouble: Trouble) -> IssueUnfit | Unavailable:
    if trouble.kind in NO_ANSWER:
        return Unavailable(f"Jira: {trouble.detail}")
    return IssueUnfit(trouble.detail, field="issue_key")


async def _check_free(tx: Tx, connection: Connection, complaint_id: UUID) -> Link | None:
    link = await find_link(tx, complaint_id)
    if link is not None and link.connection_id != connection.id:
        raise AlreadyLinked("This complaint belongs to another site that was connected before.")
    if link is not None and link.state not in OVER:
        words = f"This complaint has {link.issue_key or 'an issue that is being made'}: unlink it."
        raise AlreadyLinked(words)
    return link


async def _check_followed(
    tx: Tx, connection: Connection, complaint_id: UUID, there: RemoteIssue
) -> Link | None:
    """The link that had this issue before, if there was one."""
    other = await jira_links.find_of_issue(tx, connection.id, there.id)
    if other is None or other.complaint_id == complaint_id:
        return None
    if other.state not in OVER:
        number = (await get_complaint(tx, other.complaint_id)).number
        raise AlreadyLinked(f"{there.key} is the issue of {number}: unlink that one first.")
    return other


async def _record(
    work: Work, tx: Tx, connection: Connection, complaint_id: UUID, there: RemoteIssue
) -> Link:
    """Under the connection's lock: two complaints may reach for the same issue."""
    now = work.now()
    await jira_connections.lock(tx, connection.id)
    complaint = await lock_complaint(tx, complaint_id)
    before = await _check_free(tx, connection, complaint_id)
    other = await _check_followed(tx, connection, complaint_id, there)
    if other is not None:
        await jira_links.save(tx, msgspec.structs.replace(other, issue_id=""))
    if before is None:
        await jira_links.insert(
            tx, link_id=new_id(), complaint_id=complaint_id, connection_id=connection.id, now=now
        )
    else:
        await begin_anew(tx, before, connection, now=now)
    link = await find_link(tx, complaint_id)
    assert link is not None, "it was written a moment ago"
    shadow = Shadow(
        status=complaint.status,
        status_there="-",
        severity=complaint.severity,
        priority_there="-",
        subject=complaint.subject,
        subject_there=there.summary,
    )
    link = msgspec.structs.replace(link, is_desk=there.is_desk, shadow=shadow)
    await record_issue(tx, link, Found(id=there.id, key=there.key), now=now)
    await queue_past(tx, link, connection, now=now)
    await wake(tx, link, now=now, wants_pull=True)
    return await jira_links.find(tx, link.id) or link
