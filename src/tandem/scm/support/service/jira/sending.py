"""Telling Jira one thing. The try is counted before the call; a later try looks there first."""

from datetime import timedelta

import msgspec

from tandem.kernel.blobs import Blobs
from tandem.kernel.errors import NotFound
from tandem.scm.support.domain import jira_content as content
from tandem.scm.support.domain.complaints import Message
from tandem.scm.support.domain.jira_link import (
    RETRY,
    TRIES_MAX,
    FileMark,
    Link,
    MessageMark,
    Op,
    Sending,
    SendState,
)
from tandem.scm.support.domain.jira_remote import RemoteComment, RemoteFile
from tandem.scm.support.domain.statuses import Origin, Visibility
from tandem.scm.support.domain.words import sha256_of
from tandem.scm.support.gateways.jira.port import Trouble, TroubleKind
from tandem.scm.support.service.filing import read_file
from tandem.scm.support.service.jira.erasing import erase
from tandem.scm.support.service.jira.fields import send_fields
from tandem.scm.support.service.jira.rating import send_rating
from tandem.scm.support.service.jira.session import Session
from tandem.scm.support.service.jira.transitions import send_status
from tandem.scm.support.service.reading import get_message
from tandem.scm.support.store import jira_links, jira_queue

PASSING = frozenset({TroubleKind.LATER, TroubleKind.UNKNOWN, TroubleKind.UNAUTHORIZED})


async def send(session: Session, sending: Sending) -> Trouble | bool:
    """Trouble that passes; True when it is settled one way or the other."""
    async with session.recording() as (tx, link):
        tries = await jira_queue.try_sending(tx, sending.id)
    sending = msgspec.structs.replace(sending, tries=tries)
    outcome = await _tell(session, link, sending)
    if outcome is None:
        return True
    return await _trouble(session, sending, outcome)


async def _tell(session: Session, link: Link, sending: Sending) -> Trouble | None:
    """Records its own success in one transaction with what it learned."""
    match sending.op:
        case Op.STATUS:
            return await send_status(session, link, sending)
        case Op.FIELDS:
            return await send_fields(session, link, sending)
        case Op.COMMENT:
            return await _send_comment(session, link, sending)
        case Op.EDIT:
            return await _send_edit(session, link, sending)
        case Op.FILE:
            return await _send_file(session, link, sending)
        case Op.ERASE:
            return await erase(session, link, sending)
        case Op.CUSTOMER:
            return await _done(session, sending)
        case Op.RATING:
            return await send_rating(session, link, sending)


async def _trouble(session: Session, sending: Sending, trouble: Trouble) -> Trouble | bool:
    """What will never be taken is a dead letter and holds back what comes after it."""
    now = session.work.now()
    async with session.recording() as (tx, link):
        if trouble.kind is TroubleKind.MISSING:
            # Is it the issue that is gone? Reading it tells, and drops what waits if so.
            await jira_links.save(tx, msgspec.structs.replace(link, wants_pull=True))
            is_over = sending.tries >= TRIES_MAX
            await jira_queue.settle_sending(
                tx,
                sending.id,
                SendState.DEAD if is_over else SendState.WAITING,
                error=trouble.detail,
                now=now,
            )
            return True
        if trouble.kind in PASSING:
            wait = timedelta(seconds=trouble.retry_after_seconds or 0) or RETRY
            await jira_queue.settle_sending(
                tx,
                sending.id,
                SendState.WAITING,
                error=trouble.detail,
                next_at=now + wait,
                now=now,
            )
            return trouble
        await jira_queue.settle_sending(
            tx, sending.id, SendState.DEAD, error=trouble.detail, now=now
        )
    return True


async def _done(session: Session, sending: Sending, *, note: str = "") -> Trouble | None:
    async with session.recording() as (tx, _):
        await jira_queue.settle_sending(
            tx, sending.id, SendState.DONE, error=note, now=session.work.now()
        )
    return None


async def _send_comment(session: Session, link: Link, sending: Sending) -> Trouble | None:
    message = await _message(session, sending)
    if message is None:
        return await _done(session, sending, note="There is no such message any more.")
    async with session.work.transaction() as tx:
        marks = await jira_links.list_message_marks(tx, link.id)
    if any(mark.message_id == message.id for mark in marks):
        return await _done(session, sending, note="It is in Jira already.")
    sent = await _find_comment(session, link, sending)
    if sent is None:
        is_internal = message.visibility is Visibility.INTERNAL
        sent = await session.jira.add_comment(
            link.issue_id,
            body=content.comment_of(message),
            is_internal=is_internal and link.is_desk,
            message_id=message.id,
        )
        if isinstance(sent, RemoteComment) and link.is_desk and is_internal and sent.is_public:
            await session.jira.delete_comment(link.issue_id, sent.id)
            words = "The service desk showed an internal note to its customer; it was deleted."
            return Trouble(kind=TroubleKind.REFUSED, detail=words)
    if isinstance(sent, Trouble):
        return sent
    await _record_comment(session, sending, message, sent)
    return None


async def _find_comment(
    session: Session, link: Link, sending: Sending
) -> RemoteComment | Trouble | None:
    """After the first try: did an earlier one arrive?"""
    if sending.tries <= 1:
        return None
    there = await session.jira.read_issue(link.issue_id)
    if isinstance(there, Trouble):
        return there
    return next((one for one in there.comments if one.message_id == sending.subject_id), None)


async def _record_comment(
    session: Session, sending: Sending, message: Message, sent: RemoteComment
) -> None:
    mark = MessageMark(
        message_id=message.id,
        comment_id=sent.id,
        sha256=sha256_of(sent.body),
        message_sha256=message.sha256,
    )
    async with session.recording() as (tx, link):
        await jira_links.put_message_mark(tx, link.id, mark)
        await jira_queue.settle_sending(tx, sending.id, SendState.DONE, now=session.work.now())


async def _send_edit(session: Session, link: Link, sending: Sending) -> Trouble | None:
    """Each side corrects its own words; a comment that is gone there stays gone."""
    message = await _message(session, sending)
    async with session.work.transaction() as tx:
        marks = await jira_links.list_message_marks(tx, link.id)
    mark = next((one for one in marks if one.message_id == sending.subject_id), None)
    if message is None or mark is None or message.origin is Origin.JIRA:
        await _done(session, sending, note="There is nothing to correct in Jira.")
        return None
    sent = await session.jira.edit_comment(
        link.issue_id, mark.comment_id, body=content.comment_of(message)
    )
    if isinstance(sent, Trouble):
        if sent.kind is not TroubleKind.MISSING:
            return sent
        await _done(session, sending, note="The comment is gone in Jira.")
        return None
    await _record_comment(session, sending, message, sent)
    return None


async def _message(session: Session, sending: Sending) -> Message | None:
    assert sending.subject_id is not None, "a comment is about a message"
    async with session.work.transaction() as tx:
        try:
            return await get_message(tx, sending.subject_id)
        except NotFound:
            return None


async def _send_file(session: Session, link: Link, sending: Sending) -> Trouble | None:
    assert sending.subject_id is not None, "a file is sent by its id"
    async with session.work.transaction() as tx:
        try:
            file, bytes_ = await read_file(
                tx,
                session.work.get(Blobs),
                complaint_id=link.complaint_id,
                file_id=sending.subject_id,
            )
        except NotFound:
            return await _done(session, sending, note="There is no such file any more.")
        marks = await jira_links.list_file_marks(tx, link.id)
    if any(mark.file_id == file.id for mark in marks):
        return await _done(session, sending, note="It is in Jira already.")
    marked = {mark.attachment_id for mark in marks}
    sent = await _find_file(session, link, sending, file.filename, len(bytes_), marked)
    if sent is None:
        sent = await session.jira.attach(
            link.issue_id, filename=file.filename, media_type=file.media_type, content=bytes_
        )
    if isinstance(sent, Trouble):
        return await _without_file(session, sending, sent)
    async with session.recording() as (tx, _):
        mark = FileMark(attachment_id=sent.id, file_id=file.id)
        await jira_links.put_file_mark(tx, link.id, mark)
        await jira_queue.settle_sending(tx, sending.id, SendState.DONE, now=session.work.now())
    return None


async def _find_file(
    session: Session, link: Link, sending: Sending, filename: str, size: int, marked: set[str]
) -> RemoteFile | Trouble | None:
    if sending.tries <= 1:
        return None
    there = await session.jira.read_issue(link.issue_id)
    if isinstance(there, Trouble):
        return there
    return next(
        (
            one
            for one in there.files
            if one.id not in marked
            and (one.filename, one.size_bytes) == (filename, size)
            and one.author_id == session.connection.account_id
        ),
        None,
    )


async def _without_file(session: Session, sending: Sending, trouble: Trouble) -> Trouble | None:
    """A file that Jira does not take is said so and holds nothing back."""
    if trouble.kind not in {TroubleKind.REFUSED, TroubleKind.FORBIDDEN}:
        return trouble
    now = session.work.now()
    async with session.recording() as (tx, link):
        await jira_queue.settle_sending(
            tx, sending.id, SendState.DROPPED, error=trouble.detail, now=now
        )
        await jira_queue.open_clash(
            tx, link.id, kind="file", ours="", theirs="", note=trouble.detail, now=now
        )
    return None
