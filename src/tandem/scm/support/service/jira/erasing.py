"""Erasing in Jira what was erased here: our words, our files, our summary."""

from tandem.scm.support.domain import jira_content as content
from tandem.scm.support.domain.jira_link import Link, Sending, SendState
from tandem.scm.support.domain.statuses import Origin
from tandem.scm.support.gateways.jira.port import Trouble, TroubleKind
from tandem.scm.support.service.jira.session import Session, look_here
from tandem.scm.support.store import jira_queue


async def erase(session: Session, link: Link, sending: Sending) -> Trouble | None:
    """Every call may be repeated. What somebody else wrote in Jira is theirs to erase, and the
    disagreement that is left open says so."""
    async with session.work.transaction() as tx:
        here = await look_here(tx, link)
    calls = [
        session.jira.edit_issue(
            link.issue_id, {"summary": content.summary_of(here.complaint.number, "Erased")}
        ),
        session.jira.describe_issue(link.issue_id, content.ERASED),
    ]
    for call in calls:
        if trouble := await call:
            return trouble
    ours = {message.id for message in here.messages if message.origin is not Origin.JIRA}
    for mark in here.message_marks:
        if mark.message_id not in ours:
            continue
        sent = await session.jira.edit_comment(link.issue_id, mark.comment_id, body=content.ERASED)
        if isinstance(sent, Trouble) and sent.kind is not TroubleKind.MISSING:
            return sent
    for file in here.file_marks:
        trouble = await session.jira.delete_attachment(file.attachment_id)
        if trouble is not None and trouble.kind is not TroubleKind.MISSING:
            return trouble
    await _record(session, sending, has_others=len(ours) < len(here.messages))
    return None


async def _record(session: Session, sending: Sending, *, has_others: bool) -> None:
    now = session.work.now()
    async with session.recording() as (tx, link):
        await jira_queue.settle_sending(tx, sending.id, SendState.DONE, now=now)
        if has_others:
            words = "Comments that were written in Jira may name the customer: look there."
            await jira_queue.open_clash(
                tx, link.id, kind="erasure", ours="", theirs=link.issue_key, note=words, now=now
            )
