"""Comparing a complaint with its issue: what differs, and which side it is put right on.

State against state with the last agreement between them, never event by event: a notice that is
lost, doubled or late changes nothing about what is found here.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from tandem.scm.support.domain.complaints import Complaint, Message
from tandem.scm.support.domain.files import File
from tandem.scm.support.domain.jira_connection import Mapping, Policy, Winner
from tandem.scm.support.domain.jira_content import subject_of, summary_of
from tandem.scm.support.domain.jira_link import FileMark, MessageMark, Shadow
from tandem.scm.support.domain.jira_remote import RemoteComment, RemoteIssue, RemoteStatus
from tandem.scm.support.domain.statuses import Origin, Severity, Status, Visibility
from tandem.scm.support.domain.words import sha256_of

DONE = frozenset({Status.RESOLVED, Status.CLOSED})
FRESH = frozenset({Status.OPEN, Status.ACKNOWLEDGED})


class Side(StrEnum):
    """Where a difference is put right; `nowhere` waits for a person."""

    HERE = "here"
    THERE = "there"
    NOWHERE = "nowhere"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`what` is status, severity, subject, comment, comment_text, file, or place (it was moved)."""

    what: str
    side: Side
    ours: str = ""
    theirs: str = ""
    subject_id: UUID | None = None
    remote_id: str = ""
    is_clash: bool = False


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """The complaint's side. `status_at` is when its status last changed; `held_ids` are messages
    and files that became dead letters, which are a person's matter."""

    complaint: Complaint
    status_at: datetime
    messages: list[Message]
    files: list[File]
    message_marks: list[MessageMark]
    file_marks: list[FileMark]
    shadow: Shadow
    issue_key: str
    held_ids: frozenset[UUID] = frozenset()


def differences(
    here: Here, there: RemoteIssue, *, mapping: Mapping | None, policy: Policy
) -> list[Difference]:
    """Everything that differs; an empty list means that both sides say the same."""
    rules = mapping or Mapping(project_key=there.project_key, issue_type_id="-")
    if here.complaint.status is Status.CLOSED:
        return [one for one in _of_closed(here, there, rules, policy) if one is not None]
    found = [
        _place(here, there),
        _status(here, there, rules, policy),
        _severity(here, there, rules, policy),
        _subject(here, there, policy),
    ]
    return [
        *(one for one in found if one is not None),
        *_comments(here, there, policy),
        *_files(here, there, policy),
    ]


def agreed(here: Here, there: RemoteIssue) -> Shadow:
    """Both sides as they are now."""
    return Shadow(
        status=here.complaint.status,
        status_there=there.status.id,
        severity=here.complaint.severity,
        priority_there=there.priority_id,
        subject=here.complaint.subject,
        subject_there=there.summary,
    )


def taken_status(ours: Status, there: RemoteStatus, mapping: Mapping) -> Status | None:
    """What ours becomes by theirs; None when it stays."""
    if there.id in mapping.statuses:
        meant = mapping.statuses[there.id]
        return None if meant is ours else meant
    if there.category == "done":
        return None if ours in DONE else Status.RESOLVED
    if ours in DONE:
        return Status.REOPENED
    if there.category == "indeterminate" and ours in FRESH:
        return Status.IN_PROGRESS
    return None


def wanted_status(ours: Status, there: RemoteStatus, mapping: Mapping) -> str | None:
    """What theirs has to become by ours: a status id of the mapping, or a category; None when it
    may stay as it is."""
    if target := mapping.targets.get(ours):
        return None if there.id == target else target
    if there.id in mapping.statuses and mapping.statuses[there.id] is ours:
        return None
    if ours in DONE:
        return None if there.category == "done" else "done"
    if ours in FRESH:
        return "new" if there.category == "done" else None
    return None if there.category == "indeterminate" else "indeterminate"


def _of_closed(
    here: Here, there: RemoteIssue, mapping: Mapping, policy: Policy
) -> list[Difference | None]:
    """A closed complaint takes nothing any more; what it was still tells Jira."""
    status = _status(here, there, mapping, policy)
    if status is not None and status.side is Side.HERE:
        status = msgspec.structs.replace(status, side=Side.NOWHERE, is_clash=True)
    sent = [one for one in _comments(here, there, policy) if one.side is Side.THERE]
    marks = [one for one in _comments(here, there, policy) if one.what == "comment_mark"]
    return [_place(here, there), status, *sent, *marks]


def _place(here: Here, there: RemoteIssue) -> Difference | None:
    if here.issue_key == there.key:
        return None
    return Difference(what="place", side=Side.HERE, ours=here.issue_key, theirs=there.key)


def _status(here: Here, there: RemoteIssue, mapping: Mapping, policy: Policy) -> Difference | None:
    ours, is_first = here.complaint.status, here.shadow.status is None
    taken = taken_status(ours, there.status, mapping)
    wanted = wanted_status(ours, there.status, mapping)
    has_ours = ours is not here.shadow.status
    has_theirs = not is_first and there.status.id != here.shadow.status_there
    if (taken is None and wanted is None) or not (has_ours or has_theirs):
        return None
    side = _side(
        has_ours, has_theirs, policy.status, is_ours_newer=here.status_at > there.status_changed
    )
    if side is Side.HERE and taken is None:
        return None
    if side is Side.THERE and wanted is None:
        return None
    return Difference(
        what="status",
        side=side,
        ours=ours,
        theirs=there.status.name,
        is_clash=has_ours and has_theirs,
    )


def _severity(
    here: Here, there: RemoteIssue, mapping: Mapping, policy: Policy
) -> Difference | None:
    """Compared only where both sides are in the mapping."""
    ours, priorities = here.complaint.severity, mapping.priorities
    if priorities.get(ours, "") == there.priority_id or ours not in priorities:
        return None
    meant = meant_severity(there.priority_id, mapping)
    has_ours = ours is not here.shadow.severity
    is_first = here.shadow.severity is None
    has_theirs = not is_first and there.priority_id != here.shadow.priority_there
    if meant is None or not (has_ours or has_theirs):
        return None
    side = _side(has_ours, has_theirs, policy.severity, is_ours_newer=_is_ours_newer(here, there))
    return Difference(
        what="severity", side=side, ours=ours, theirs=meant, is_clash=has_ours and has_theirs
    )


def meant_severity(priority_id: str, mapping: Mapping) -> Severity | None:
    return next((ours for ours, id_ in mapping.priorities.items() if id_ == priority_id), None)


def _subject(here: Here, there: RemoteIssue, policy: Policy) -> Difference | None:
    complaint = here.complaint
    if summary_of(complaint.number, complaint.subject) == there.summary:
        return None
    has_ours = complaint.subject != here.shadow.subject
    has_theirs = bool(here.shadow.subject) and there.summary != here.shadow.subject_there
    if not (has_ours or has_theirs):
        return None
    side = _side(has_ours, has_theirs, policy.subject, is_ours_newer=_is_ours_newer(here, there))
    if has_theirs and not has_ours and policy.subject is Winner.OURS:
        side = Side.THERE
    if side is Side.HERE and not subject_of(complaint.number, there.summary):
        side = Side.THERE
    return Difference(
        what="subject",
        side=side,
        ours=complaint.subject,
        theirs=there.summary,
        is_clash=has_ours and has_theirs,
    )


def _is_ours_newer(here: Here, there: RemoteIssue) -> bool:
    return here.complaint.updated_at > there.updated


def _side(has_ours: bool, has_theirs: bool, winner: Winner, *, is_ours_newer: bool) -> Side:
    if has_ours and has_theirs:
        is_ours = winner is Winner.OURS or (winner is Winner.NEWEST and is_ours_newer)
        return Side.THERE if is_ours else Side.HERE
    return Side.THERE if has_ours else Side.HERE


def _comments(here: Here, there: RemoteIssue, policy: Policy) -> list[Difference]:
    """Each side is master of what was written on it."""
    messages = {message.id: message for message in here.messages}
    marks = {mark.comment_id: mark for mark in here.message_marks}
    found = [
        one
        for comment in there.comments
        if (one := _comment(comment, marks.get(comment.id), messages)) is not None
    ]
    marked = {mark.message_id for mark in here.message_marks}
    known = {comment.message_id for comment in there.comments}
    found += [
        Difference(what="comment", side=Side.THERE, subject_id=message.id)
        for message in here.messages
        if message.id not in marked | known | here.held_ids and is_sent(message, policy)
    ]
    return found


def is_sent(message: Message, policy: Policy) -> bool:
    """What came from Jira is there already."""
    if message.origin is Origin.JIRA:
        return False
    return message.visibility is Visibility.PUBLIC or policy.sends_internal


def _comment(
    comment: RemoteComment, mark: MessageMark | None, messages: dict[UUID, Message]
) -> Difference | None:
    if mark is None:
        is_ours = comment.message_id is not None and comment.message_id in messages
        if not is_ours and not comment.body:
            return None
        return Difference(
            what="comment_mark" if is_ours else "comment",
            side=Side.HERE,
            subject_id=comment.message_id if is_ours else None,
            remote_id=comment.id,
        )
    message = messages.get(mark.message_id)
    if message is None:
        return None
    is_same_there = mark.sha256 == sha256_of(comment.body)
    if is_same_there and mark.message_sha256 == message.sha256:
        return None
    side = Side.HERE if message.origin is Origin.JIRA else Side.THERE
    return Difference(what="comment_text", side=side, subject_id=message.id, remote_id=comment.id)


def _files(here: Here, there: RemoteIssue, policy: Policy) -> list[Difference]:
    marked = {mark.attachment_id for mark in here.file_marks}
    sent = {mark.file_id for mark in here.file_marks}
    found = [
        Difference(what="file", side=Side.HERE, theirs=file.filename, remote_id=file.id)
        for file in there.files
        if file.id not in marked and policy.takes_files
    ]
    found += [
        Difference(what="file", side=Side.THERE, ours=file.filename, subject_id=file.id)
        for file in here.files
        if file.id not in sent | here.held_ids and is_file_sent(file, policy)
    ]
    return found


def is_file_sent(file: File, policy: Policy) -> bool:
    return file.origin is not Origin.JIRA and policy.sends_files and file.is_readable
