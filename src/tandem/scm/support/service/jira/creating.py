"""Exactly one issue per complaint, whatever happens on the way.

The try is counted before the call. A later try looks for our property in Jira first: an earlier
call whose answer was lost, or whose worker died, may have made the issue.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import references
from tandem.kernel.db import Tx
from tandem.kernel.references import Reference
from tandem.scm.support.domain import jira_content as content
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import Mapping
from tandem.scm.support.domain.jira_link import LOOK_AFTER, Link, LinkState, Op
from tandem.scm.support.domain.jira_remote import Found
from tandem.scm.support.gateways.jira.port import NewIssue, Trouble, TroubleKind
from tandem.scm.support.service.jira.connections import SYSTEM
from tandem.scm.support.service.jira.requesting import raise_request
from tandem.scm.support.service.jira.session import Session
from tandem.scm.support.service.jira.site import page_url
from tandem.scm.support.service.jira.telling import tell_linked, tell_unlinked
from tandem.scm.support.service.reading import get_complaint
from tandem.scm.support.store import jira_links, jira_queue

ISSUE = "issue"


async def create_issue(session: Session) -> Trouble | bool | None:
    """Trouble, True when it is linked, None when it failed and waits for a person."""
    async with session.recording() as (tx, link):
        complaint = await get_complaint(tx, link.complaint_id)
        mapping = session.connection.mapping_of(complaint.category)
        tries = link.tries + 1
        await jira_links.save(tx, msgspec.structs.replace(link, tries=tries))
    if mapping is None:
        return await _fail(session, "No project is mapped for this category.")
    made, note = await _make_or_find(session, complaint, mapping, is_first=tries == 1)
    if isinstance(made, Found):
        now = session.work.now()
        async with session.recording() as (tx, link):
            if note:
                await jira_queue.note_sending(tx, link.id, Op.CUSTOMER, note=note, now=now)
            await record_issue(tx, link, made, now=now)
        return True
    if made.kind in {TroubleKind.LATER, TroubleKind.UNAUTHORIZED}:
        return made
    if made.kind is TroubleKind.UNKNOWN:
        return msgspec.structs.replace(
            made, retry_after_seconds=LOOK_AFTER.total_seconds(), is_about_issue=True
        )
    return await _fail(session, made.detail)


async def _make_or_find(
    session: Session, complaint: Complaint, mapping: Mapping, *, is_first: bool
) -> tuple[Found | Trouble, str]:
    """And a word for the log about the customer, where there is something to say."""
    if not is_first:
        found = await session.jira.find_issue(
            project_key=mapping.project_key,
            complaint_id=complaint.id,
            label=content.link_label(complaint),
            number=complaint.number,
        )
        if found is not None:
            return found, ""
    new = NewIssue(
        project_key=mapping.project_key,
        issue_type_id=mapping.issue_type_id,
        service_desk_id=mapping.service_desk_id,
        request_type_id=mapping.request_type_id,
        summary=content.summary_of(complaint.number, complaint.subject),
        description=content.description_of(complaint, page_url=page_url(session.work, complaint)),
        labels=content.labels_of(complaint),
        fields=content.fields_of(complaint, mapping),
        complaint_id=complaint.id,
    )
    if not mapping.request_type_id:
        return await session.jira.create_issue(new), ""
    return await raise_request(session, complaint, mapping, new)


async def record_issue(tx: Tx, link: Link, found: Found, *, now: datetime) -> None:
    """Linked, and read once: something may have happened there before we knew the issue."""
    after = msgspec.structs.replace(
        link,
        state=LinkState.LINKED,
        issue_id=found.id,
        issue_key=found.key,
        project_key=found.key.rpartition("-")[0],
        error="",
        linked_at=now,
        wants_pull=True,
    )
    await jira_links.save(tx, after)
    await refer(tx, link.complaint_id, found.key)
    await tell_linked(tx, link.complaint_id, found.key)


async def refer(tx: Tx, complaint_id: UUID, issue_key: str) -> None:
    """So that searching for the key finds the complaint. Two sites may use the same key."""
    complaint = await get_complaint(tx, complaint_id)
    reference = Reference(
        system=SYSTEM,
        kind=ISSUE,
        external_id=issue_key,
        entity_kind="complaint",
        entity_id=complaint_id,
        order_id=complaint.order_id,
    )
    others = [one for one in await references.find(tx, issue_key) if one.kind == ISSUE]
    if not others:
        await references.add(tx, reference)


async def _fail(session: Session, reason: str) -> Trouble | None:
    async with session.recording() as (tx, link):
        failed = msgspec.structs.replace(link, state=LinkState.FAILED, error=reason[:500])
        await jira_links.save(tx, failed)
        await tell_unlinked(tx, link.complaint_id, "", reason)
    return None
