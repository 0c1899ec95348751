"""The issue's own fields, our property on it, and the link back. All of it may be repeated."""

from typing import Any

import msgspec

from tandem.scm.support.domain import jira_content as content
from tandem.scm.support.domain.jira_link import Link, Sending, SendState
from tandem.scm.support.domain.jira_merge import Here
from tandem.scm.support.gateways.jira.port import Trouble
from tandem.scm.support.service.jira.session import Session, look_here
from tandem.scm.support.service.jira.site import page_url
from tandem.scm.support.store import jira_links, jira_queue


async def send_fields(session: Session, link: Link, sending: Sending) -> Trouble | None:
    async with session.work.transaction() as tx:
        here = await look_here(tx, link)
    complaint, shadow = here.complaint, link.shadow
    fields = _changed(session, here)
    if fields:
        trouble = await session.jira.edit_issue(link.issue_id, fields)
        if trouble is not None:
            return trouble
    if link.linked_at is None or sending.created_at <= link.linked_at:
        trouble = await _mark(session, link, here)
        if trouble is not None:
            return trouble
    summary = fields.get("summary", shadow.subject_there)
    priority = fields.get("priority", {}).get("id", shadow.priority_there)
    async with session.recording() as (tx, fresh):
        after = msgspec.structs.replace(
            fresh.shadow,
            severity=complaint.severity,
            priority_there=priority,
            subject=complaint.subject,
            subject_there=summary,
        )
        await jira_links.save(tx, msgspec.structs.replace(fresh, shadow=after))
        await jira_queue.settle_sending(tx, sending.id, SendState.DONE, now=session.work.now())
    return None


def _changed(session: Session, here: Here) -> dict[str, Any]:
    """What differs from what stood there when both sides agreed last."""
    complaint, shadow = here.complaint, here.shadow
    fields: dict[str, Any] = {}
    summary = content.summary_of(complaint.number, complaint.subject)
    if summary != shadow.subject_there:
        fields["summary"] = summary
    mapping = session.connection.mapping_of(complaint.category)
    priority = mapping.priorities.get(complaint.severity) if mapping else None
    if priority and priority != shadow.priority_there:
        fields["priority"] = {"id": priority}
    return fields


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
