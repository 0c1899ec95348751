"""Saying something on a complaint, and what follows of itself from it."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.support import ComplaintMessageAdded, ComplaintMessageEdited
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.scm.support.domain import clocks
from tandem.scm.support.domain.complaints import (
    BODY_LENGTH_MAX,
    Author,
    Complaint,
    Message,
    check_not_closed,
)
from tandem.scm.support.domain.statuses import Origin, Status, Visibility
from tandem.scm.support.domain.words import fold, sha256_of
from tandem.scm.support.service.moving import move_locked
from tandem.scm.support.service.reading import lock_complaint
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store import threads

FROM_US = frozenset({Origin.STAFF, Origin.JIRA})


class TooManyMessages(Conflict):
    code = "too_many_messages"


async def add_message(
    tx: Tx,
    *,
    complaint_id: UUID,
    body: str,
    origin: Origin,
    now: datetime,
    visibility: Visibility = Visibility.INTERNAL,
    author: Author | None = None,
    dedupe: str | None = None,
    is_first: bool = False,
) -> Message:
    """Internal unless `visibility` says otherwise. The same `dedupe` again answers the first one.

    Our first public words stop the clock of the first answer and acknowledge the complaint; the
    customer's words put a waiting one back to work and open a resolved one again.
    Raises ComplaintClosed and TooManyMessages.
    """
    tx.actor.require("support.write")
    words = _checked(body)
    complaint = await lock_complaint(tx, complaint_id)
    if dedupe and (found := await threads.find_message_by_dedupe(tx, complaint_id, dedupe)):
        return found
    check_not_closed(complaint)
    if await threads.count_messages(tx, complaint_id) >= threads.MESSAGES_MAX:
        raise TooManyMessages(
            f"A complaint takes {threads.MESSAGES_MAX} messages. Open a new one and name this."
        )
    message = _written(tx, complaint_id, words, visibility, origin, author, now)
    await threads.insert_message(tx, message, dedupe=dedupe)
    await tx.publish(
        ComplaintMessageAdded(
            complaint_id=complaint.id,
            number=complaint.number,
            order_id=complaint.order_id,
            origin=origin,
            message_id=message.id,
            visibility=visibility,
        )
    )
    if not is_first:
        await _follow(tx, complaint, message, now)
    return message


async def edit_message(
    tx: Tx, *, message_id: UUID, body: str, origin: Origin, now: datetime
) -> Message:
    """Other words for the same message. The same words again change nothing and tell nobody."""
    tx.actor.require("support.write")
    words = _checked(body)
    before = await threads.find_message(tx, message_id)
    if before is None:
        raise NotFound("There is no such message.")
    complaint = await lock_complaint(tx, before.complaint_id)
    check_not_closed(complaint)
    if before.sha256 == sha256_of(words):
        return before
    await threads.edit_message(tx, message_id, words, sha256_of(words), now)
    await tx.publish(
        ComplaintMessageEdited(
            complaint_id=complaint.id,
            number=complaint.number,
            order_id=complaint.order_id,
            origin=origin,
            message_id=message_id,
            visibility=before.visibility,
        )
    )
    return msgspec.structs.replace(before, body=words, sha256=sha256_of(words), edited_at=now)


async def _follow(tx: Tx, complaint: Complaint, message: Message, now: datetime) -> None:
    if message.visibility is not Visibility.PUBLIC:
        return
    if message.origin is Origin.BUYER:
        target = {
            Status.WAITING_CUSTOMER: Status.IN_PROGRESS,
            Status.RESOLVED: Status.REOPENED,
        }.get(complaint.status)
        if target:
            await move_locked(tx, complaint, target, origin=Origin.BUYER, now=now)
        return
    if message.origin not in FROM_US or complaint.responded_at is not None:
        return
    after = await store.save(tx, clocks.answered(complaint, now), now=now)
    if after.status is Status.OPEN:
        await move_locked(tx, after, Status.ACKNOWLEDGED, origin=message.origin, now=now)


def _written(
    tx: Tx,
    complaint_id: UUID,
    words: str,
    visibility: Visibility,
    origin: Origin,
    author: Author | None,
    now: datetime,
) -> Message:
    by = author or Author(kind=tx.actor.kind, id=tx.actor.user_id, label=tx.actor.label)
    return Message(
        id=new_id(),
        complaint_id=complaint_id,
        visibility=visibility,
        origin=origin,
        author_kind=by.kind,
        author_id=by.id,
        author_label=by.label,
        body=words,
        sha256=sha256_of(words),
        created_at=now,
    )


def _checked(body: str) -> str:
    words = fold(body)
    if not words or "\x00" in words:
        raise Invalid("Write something first.", field="body")
    if len(words) > BODY_LENGTH_MAX:
        raise Invalid(f"A message has {BODY_LENGTH_MAX} characters at most.", field="body")
    return words
