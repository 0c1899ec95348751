"""Linking complaints with Jira, and queueing what is to be told there."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.scm.support.domain.jira_connection import Connection, NotConnected
from tandem.scm.support.domain.jira_link import Link, LinkState, Op, check_move
from tandem.scm.support.domain.jira_merge import is_file_sent, is_sent
from tandem.scm.support.service.reading import list_files, list_messages, lock_complaint
from tandem.scm.support.store import jira_connections, jira_links, jira_queue

SYNC_JOB = "support.sync_jira_link"


async def link_complaint(tx: Tx, complaint_id: UUID, *, now: datetime) -> Link:
    """An issue for this complaint, soon: once, however often and from wherever it is asked for.

    What was said before is told in order. A failed or lost link begins anew.
    Raises NotConnected.
    """
    tx.actor.require("support.write")
    connection = await jira_connections.find_active(tx)
    if connection is None:
        raise NotConnected("Connect Jira first; until then the desk works without it.")
    await lock_complaint(tx, complaint_id)
    found = await jira_links.find_of_complaint(tx, complaint_id)
    if found is not None and found.state not in {LinkState.FAILED, LinkState.ORPHANED}:
        return found
    if found is None:
        await jira_links.insert(
            tx,
            link_id=new_id(),
            complaint_id=complaint_id,
            connection_id=connection.id,
            now=now,
        )
    else:
        await begin_anew(tx, found, connection, now=now)
    link = await find_link(tx, complaint_id)
    assert link is not None, "it was written a moment ago"
    await queue_past(tx, link, connection, now=now)
    await wake(tx, link, now=now)
    return link


async def begin_anew(tx: Tx, link: Link, connection: Connection, *, now: datetime) -> None:
    check_move(link.state, LinkState.CREATING)
    fresh = msgspec.structs.replace(
        link, state=LinkState.CREATING, error="", tries=max(link.tries, 1)
    )
    if link.state is LinkState.ORPHANED:
        await jira_links.forget_marks(tx, link.id)
        fresh = msgspec.structs.replace(fresh, issue_id="", issue_key="", seen_updated=None)
    await jira_links.save(tx, fresh)


async def queue_past(tx: Tx, link: Link, connection: Connection, *, now: datetime) -> None:
    """Link and properties first, then everything that was said and sent."""
    await jira_queue.add_sending(tx, link.id, Op.FIELDS, now=now)
    for message in await list_messages(tx, link.complaint_id):
        if is_sent(message, connection.policy):
            await jira_queue.add_sending(tx, link.id, Op.COMMENT, subject_id=message.id, now=now)
    for file in await list_files(tx, link.complaint_id):
        if is_file_sent(file, connection.policy):
            await jira_queue.add_sending(tx, link.id, Op.FILE, subject_id=file.id, now=now)


async def unlink_complaint(tx: Tx, complaint_id: UUID, *, now: datetime) -> Link:
    """The issue stays in Jira and is no longer followed."""
    tx.actor.require("support.write")
    link = await find_link(tx, complaint_id)
    if link is None:
        raise NotFound("This complaint has no issue in Jira.")
    locked = await jira_links.lock(tx, link.id)
    assert locked is not None, "links are not deleted"
    if locked.state in {LinkState.FAILED, LinkState.ORPHANED}:
        return locked
    target = LinkState.FAILED if locked.state is LinkState.CREATING else LinkState.ORPHANED
    check_move(locked.state, target)
    after = msgspec.structs.replace(
        locked, state=target, error="Unlinked by hand.", wants_pull=False
    )
    await jira_links.save(tx, after)
    await jira_queue.drop_sendings(tx, link.id, reason="Unlinked by hand.", now=now)
    return after


async def queue(
    tx: Tx, complaint_id: UUID, op: Op, *, now: datetime, subject_id: UUID | None = None
) -> bool:
    """Something to be told about a complaint; False where Jira does not know it."""
    link = await find_link(tx, complaint_id)
    if link is None or link.state in {LinkState.FAILED, LinkState.ORPHANED}:
        return False
    await jira_queue.add_sending(tx, link.id, op, subject_id=subject_id, now=now)
    await wake(tx, link, now=now)
    return True


async def find_link(tx: Tx, complaint_id: UUID) -> Link | None:
    tx.actor.require("support.read")
    return await jira_links.find_of_complaint(tx, complaint_id)


async def wake(tx: Tx, link: Link, *, now: datetime, wants_pull: bool = False) -> None:
    await jira_links.wake(tx, link.id, wants_pull=wants_pull, now=now)
    await jobs.enqueue(tx, SYNC_JOB, link_id=link.id)
