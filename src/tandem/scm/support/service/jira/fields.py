"""The issue's own fields, our property on it, and the link back. All of it may be repeated."""

from typing import Any

import msgspec

from tandem.scm.support.domain import jira_content as content
from tandem.scm.support.domain import jira_merge
from tandem.scm.support.domain.jira_link import Link, Sending, SendState, Shadow
from tandem.scm.support.domain.jira_merge import Here, Side
from tandem.scm.support.domain.jira_remote import RemoteIssue
from tandem.scm.support.gateways.jira.port import Trouble
from tandem.scm.support.service.jira.session import Session, look_here
from tandem.scm.support.service.jira.site import page_url
from tandem.scm.support.store import jira_links, jira_queue

SENT = frozenset({"subject", "severity"})


async def send_fields(session: Session, link: Link, sending: Sending) -> Trouble | None:
    """Only what ours wins; what changed there as well and wins is read again instead."""
    there = await session.jira.read_issue(link.issue_id)
    if isinstance(there, Trouble):
        return there
    async with session.work.transaction() as tx:
        here = await look_here(tx, link)
    differing = _differing(session, here, there)
    fields = _fields(session, here, there, differing.get(Side.THERE, frozenset()))
    if fields:
        trouble = await session.jira.edit_issue(link.issue_id, fields)
        if trouble is not None:
            return trouble
    if link.linked_at is None or sending.created_at <= link.linked_at:
        trouble = await _mark(session, link, here)
        if trouble is not None:
            return trouble
    async with session.recording() as (tx, fresh):
        after = msgspec.structs.replace(
            fresh,
            shadow=_shadow(fresh.shadow, here, there, fields),
            wants_pull=fresh.wants_pull or Side.HERE in differing,
        )
        await jira_links.save(tx, after)
        await jira_queue.settle_sending(tx, sending.id, SendState.DONE, now=session.work.now())
    return None


def _differing(session: Session, here: Here, there: RemoteIssue) -> dict[Side, frozenset[str]]:
    mapping = session.connection.mapping_in(here.complaint.category, there.project_key)
    found = [
        one
        for one in jira_merge.differences(
            here, there, mapping=mapping, policy=session.connection.policy
        )
        if one.what in SENT
    ]
    return {
        side: frozenset(one.what for one in found if one.side is side)
        for side in {one.side for one in found}
    }


def _fields(
    session: Session, here: Here, there: RemoteIssue, names: frozenset[str]
) -> dict[str, Any]:
    complaint = here.complaint
    fields: dict[str, Any] = {}
    if "subject" in names:
        fields["summary"] = content.summary_of(complaint.number, complaint.subject)
    mapping = session.connection.mapping_in(complaint.category, there.project_key)
    if "severity" in names and mapping is not None:
        fields["priority"] = {"id": mapping.priorities[complaint.severity]}
    return fields


def _shadow(before: Shadow, here: Here, there: RemoteIssue, fields: dict[str, Any]) -> Shadow:
    after = before
    if "summary" in fields:
        after = msgspec.structs.replace(
            after, subject=here.complaint.subject, subject_there=fields["summary"]
        )
    if "priority" in fields:
        after = msgspec.structs.replace(
            after, severity=here.complaint.severity, priority_there=fields["priority"]["id"]
        )
    return after


async def _mark(session: Session, link: Link, here: Here) -> Trouble | None:
    """A request comes without our property and labels; the link back is added by its own id."""
    complaint = here.complaint
    if link.is_desk:
        trouble = await session.jira.mark_issue(
            link.issue_id, complaint_id=complaint.id, labels=content.labels_of(complaint)
        )
        if trouble is not None:
            return trouble
    return await session.jira.put_remote_link(
        link.issue_id,
        global_id=f"tandem:complaint:{complaint.id}",
        url=page_url(session.work, complaint),
        title=f"Complaint {complaint.number} in Tandem",
    )
