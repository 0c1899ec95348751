"""Reading an issue and taking over here what changed there, in one transaction.

What differs the other way is queued. Doing it twice finds nothing the second time, so it does not
matter whether a notice, a lost notice found by reconciling, or a person asked for it.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.scm.support.domain import jira_merge
from tandem.scm.support.domain.complaints import BODY_LENGTH_MAX, Author, ComplaintChange
from tandem.scm.support.domain.jira_connection import Mapping
from tandem.scm.support.domain.jira_content import subject_of
from tandem.scm.support.domain.jira_link import (
    ArrivalState,
    FileMark,
    Link,
    LinkState,
    MessageMark,
    Op,
    Request,
    Shadow,
)
from tandem.scm.support.domain.jira_merge import Difference, Here, Side
from tandem.scm.support.domain.jira_remote import RemoteComment, RemoteIssue
from tandem.scm.support.domain.statuses import Origin, Severity, Visibility
from tandem.scm.support.domain.words import sha256_of
from tandem.scm.support.gateways.jira.port import Trouble, TroubleKind
from tandem.scm.support.service.filing import add_file
from tandem.scm.support.service.jira.creating import refer
from tandem.scm.support.service.jira.rating import take_rating
from tandem.scm.support.service.jira.session import Session, look_here
from tandem.scm.support.service.jira.telling import tell_linked, tell_unlinked
from tandem.scm.support.service.moving import change, move
from tandem.scm.support.service.settings import get_desk
from tandem.scm.support.service.talking import add_message, edit_message
from tandem.scm.support.store import jira_links, jira_queue

MIB = 1024 * 1024
OPS = {
    "status": Op.STATUS,
    "severity": Op.FIELDS,
    "subject": Op.FIELDS,
    "comment": Op.COMMENT,
    "comment_text": Op.EDIT,
    "file": Op.FILE,
}


async def take(session: Session) -> Trouble | bool:
    """Read the issue and settle what differs. A gone issue leaves the link orphaned."""
    async with session.recording() as (tx, link):
        # Asked for again while we read: it stays asked for.
        await jira_links.save(tx, msgspec.structs.replace(link, wants_pull=False))
    asked_at = session.work.now()
    there = await session.jira.read_issue(link.issue_id)
    if isinstance(there, Trouble):
        return await _without_issue(session, there)
    files = await _download(session, there)
    if isinstance(files, Trouble):
        return await _put_back(session, files)
    request = await session.jira.read_request(link.issue_id) if there.is_desk else Request()
    if isinstance(request, Trouble):
        return await _put_back(session, request)
    async with session.recording() as (tx, link):
        shown = msgspec.structs.replace(request, rating_note="")
        await jira_links.save(tx, msgspec.structs.replace(link, request=shown))
        await take_over(session, tx, link, there, files, now=session.work.now())
        await jira_queue.settle_arrivals(
            tx, link.id, ArrivalState.DONE, until=asked_at, now=session.work.now()
        )
        await take_rating(tx, link.complaint_id, request, now=session.work.now())
    return True


async def take_over(
    session: Session,
    tx: Tx,
    link: Link,
    there: RemoteIssue,
    files: dict[str, bytes | str],
    *,
    now: datetime,
) -> None:
    here = await look_here(tx, link)
    mapping = session.connection.mapping_in(here.complaint.category, there.project_key)
    found = jira_merge.differences(here, there, mapping=mapping, policy=session.connection.policy)
    taking = _Taking(session=session, tx=tx, link=link, there=there, mapping=mapping, now=now)
    pushed: set[str] = set()
    for one in found:
        if one.is_clash:
            await _tell_clash(tx, link, one, now)
        if one.side is Side.HERE:
            await taking.settle(one, files)
        elif one.side is Side.THERE:
            pushed.add(one.what)
            await jira_queue.add_sending(
                tx, link.id, OPS[one.what], subject_id=one.subject_id, now=now
            )
    after = await jira_links.find(tx, link.id)
    assert after is not None, "links are not deleted"
    await jira_links.save(
        tx,
        msgspec.structs.replace(
            after,
            shadow=_shadow(link.shadow, await look_here(tx, after), there, pushed),
            issue_key=there.key,
            project_key=there.project_key,
            is_desk=there.is_desk,
            seen_updated=there.updated,
            synced_at=now,
        ),
    )


class _Taking(msgspec.Struct, kw_only=True):
    """Puts differences right on our side."""

    session: Session
    tx: Tx
    link: Link
    there: RemoteIssue
    mapping: Mapping | None
    now: datetime

    async def settle(self, one: Difference, files: dict[str, bytes | str]) -> None:
        match one.what:
            case "place":
                await refer(self.tx, self.link.complaint_id, self.there.key)
                await tell_linked(self.tx, self.link.complaint_id, self.there.key)
            case "status":
                await self._move()
            case "severity":
                to = ComplaintChange(severity=Severity(one.theirs))
                await self._change(to)
            case "subject":
                await self._rename(one)
            case "comment":
                await self._hear(one.remote_id)
            case "comment_mark":
                await self._mark(one)
            case "comment_text":
                await self._correct(one)
            case "file":
                await self._keep_file(one, files)

    async def _move(self) -> None:
        here = await look_here(self.tx, self.link)
        rules = self.mapping or Mapping(project_key=self.there.project_key, issue_type_id="-")
        target = jira_merge.taken_status(here.complaint.status, self.there.status, rules)
        if target is None:
            return
        try:
            await move(
                self.tx,
                complaint_id=self.link.complaint_id,
                to=target,
                origin=Origin.JIRA,
                now=self.now,
                note=f"{self.there.status.name} in Jira",
            )
        except Refusal as refusal:
            await jira_queue.open_clash(
                self.tx,
                self.link.id,
                kind="status",
                ours=here.complaint.status,
                theirs=self.there.status.name,
                note=refusal.detail,
                now=self.now,
            )

    async def _change(self, to: ComplaintChange) -> None:
        await change(
            self.tx,
            complaint_id=self.link.complaint_id,
            to=to,
            origin=Origin.JIRA,
            now=self.now,
        )

    async def _rename(self, one: Difference) -> None:
        here = await look_here(self.tx, self.link)
        subject = subject_of(here.complaint.number, one.theirs)
        await self._change(ComplaintChange(subject=subject))

    async def _hear(self, comment_id: str) -> None:
        """Internal, unless the service desk shows it to its customer and our rules allow it."""
        comment = self._comment(comment_id)
        is_shown = comment.is_public and self.session.connection.policy.shows_public_replies
        message = await add_message(
            self.tx,
            complaint_id=self.link.complaint_id,
            body=comment.body[:BODY_LENGTH_MAX],
            origin=Origin.JIRA,
            now=self.now,
            visibility=Visibility.PUBLIC if is_shown else Visibility.INTERNAL,
            author=Author(kind="jira", label=comment.author_name),
            dedupe=f"jira:{self.link.connection_id}:{self.link.issue_id}:{comment.id}",
        )
        await self._put_mark(message.id, comment, message.sha256)

    async def _mark(self, one: Difference) -> None:
        """It is ours, and what recorded that it was sent has died."""
        here = await look_here(self.tx, self.link)
        message = next(found for found in here.messages if found.id == one.subject_id)
        await self._put_mark(message.id, self._comment(one.remote_id), message.sha256)

    async def _correct(self, one: Difference) -> None:
        comment = self._comment(one.remote_id)
        assert one.subject_id is not None, "a comment's text differs from a message's"
        if not comment.body:
            return
        message = await edit_message(
            self.tx,
            message_id=one.subject_id,
            body=comment.body[:BODY_LENGTH_MAX],
            origin=Origin.JIRA,
            now=self.now,
        )
        await self._put_mark(message.id, comment, message.sha256)

    async def _put_mark(self, message_id: UUID, comment: RemoteComment, sha256: str) -> None:
        mark = MessageMark(
            message_id=message_id,
            comment_id=comment.id,
            sha256=sha256_of(comment.body),
            message_sha256=sha256,
        )
        await jira_links.put_message_mark(self.tx, self.link.id, mark)

    async def _keep_file(self, one: Difference, files: dict[str, bytes | str]) -> None:
        """What our rules refuse is remembered as refused, with the reason."""
        content = files.get(one.remote_id)
        if content is None:
            return
        mark = FileMark(attachment_id=one.remote_id, file_id=None, note=str(content)[:200])
        if isinstance(content, bytes):
            try:
                file = await add_file(
                    self.tx,
                    self.session.work.get(Blobs),
                    complaint_id=self.link.complaint_id,
                    content=content,
                    filename=one.theirs,
                    origin=Origin.JIRA,
                    now=self.now,
                    author=Author(kind="jira", label="Jira"),
                )
                mark = FileMark(attachment_id=one.remote_id, file_id=file.id)
            except Refusal as refusal:
                mark = msgspec.structs.replace(mark, note=refusal.detail[:200])
        await jira_links.put_file_mark(self.tx, self.link.id, mark)

    def _comment(self, comment_id: str) -> RemoteComment:
        return next(one for one in self.there.comments if one.id == comment_id)


async def _tell_clash(tx: Tx, link: Link, one: Difference, now: datetime) -> None:
    if one.side is Side.NOWHERE:
        await jira_queue.open_clash(
            tx,
            link.id,
            kind=one.what,
            ours=one.ours,
            theirs=one.theirs,
            note="The complaint is closed and takes nothing any more.",
            now=now,
        )
        return
    decision = "theirs" if one.side is Side.HERE else "ours"
    await jira_queue.note_clash(
        tx,
        link.id,
        kind=one.what,
        ours=one.ours,
        theirs=one.theirs,
        decision=decision,
        now=now,
    )


def _shadow(before: Shadow, here: Here, there: RemoteIssue, pushed: set[str]) -> Shadow:
    """What is still to be sent keeps its old shadow, so that it still counts as our change."""
    now = jira_merge.agreed(here, there)
    if "status" in pushed:
        now = msgspec.structs.replace(now, status=before.status, status_there=before.status_there)
    if "severity" in pushed:
        now = msgspec.structs.replace(
            now, severity=before.severity, priority_there=before.priority_there
        )
    if "subject" in pushed:
        now = msgspec.structs.replace(
            now, subject=before.subject, subject_there=before.subject_there
        )
    return now


async def _download(session: Session, there: RemoteIssue) -> dict[str, bytes | str] | Trouble:
    """The new files' bytes by attachment; for one too large, the reason why not."""
    async with session.work.transaction() as tx:
        link = await jira_links.find(tx, session.link_id)
        assert link is not None, "links are not deleted"
        here = await look_here(tx, link)
        mib_max = (await get_desk(tx)).desk.file_mib_max
    wanted = [
        one
        for one in jira_merge.differences(
            here, there, mapping=None, policy=session.connection.policy
        )
        if one.what == "file" and one.side is Side.HERE
    ]
    sizes = {file.id: file.size_bytes for file in there.files}
    found: dict[str, bytes | str] = {}
    for one in wanted:
        if sizes[one.remote_id] > mib_max * MIB:
            found[one.remote_id] = f"A file may have {mib_max} MiB at most."
            continue
        content = await session.jira.download(one.remote_id)
        if isinstance(content, Trouble):
            if content.kind in {TroubleKind.LATER, TroubleKind.UNAUTHORIZED}:
                return content
            found[one.remote_id] = content.detail
            continue
        found[one.remote_id] = content
    return found


async def _without_issue(session: Session, trouble: Trouble) -> Trouble | bool:
    if trouble.kind is TroubleKind.MISSING:
        await _orphan(session)
        return True
    if trouble.kind in {TroubleKind.REFUSED, TroubleKind.FORBIDDEN}:
        async with session.recording() as (tx, link):
            await jira_queue.kill_first_arrival(tx, link.id, note=trouble.detail)
            await jira_links.save(tx, msgspec.structs.replace(link, error=trouble.detail))
        return True
    return await _put_back(session, trouble)


async def _put_back(session: Session, trouble: Trouble) -> Trouble:
    async with session.recording() as (tx, link):
        await jira_links.save(tx, msgspec.structs.replace(link, wants_pull=True))
    return trouble


async def _orphan(session: Session) -> None:
    """Deleted, or moved where we may not see it: told, and no longer followed."""
    now = session.work.now()
    async with session.recording() as (tx, link):
        words = f"{link.issue_key} was deleted in Jira, or moved where we cannot see it."
        after = msgspec.structs.replace(
            link, state=LinkState.ORPHANED, error=words, wants_pull=False
        )
        await jira_links.save(tx, after)
        await jira_queue.drop_sendings(tx, link.id, reason=words, now=now)
        await jira_queue.settle_arrivals(
            tx, link.id, ArrivalState.DONE, until=now, now=now, note=words
        )
        await jira_queue.open_clash(
            tx, link.id, kind="orphaned", ours=link.issue_key, theirs="", note=words, now=now
        )
        await tell_unlinked(tx, link.complaint_id, link.issue_key, words)
