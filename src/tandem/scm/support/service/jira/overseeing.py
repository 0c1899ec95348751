"""What people look at: a complaint's sync log, dead letters, disagreements, and the health."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.scm.support.domain.jira_connection import Connection
from tandem.scm.support.domain.jira_link import (
    Arrival,
    ArrivalState,
    Clash,
    FileMark,
    Link,
    LinkState,
    Op,
    Sending,
    SendState,
)
from tandem.scm.support.service.jira.queueing import find_link, wake
from tandem.scm.support.store import jira_connections, jira_links, jira_queue
from tandem.scm.support.store.jira_health import Counts, count


class SyncLog(msgspec.Struct, frozen=True, kw_only=True):
    """Everything between a complaint and its issue, newest first."""

    link: Link
    url: str
    sent: list[Sending]
    arrived: list[Arrival]
    clashes: list[Clash]
    files: list[FileMark]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What Jira will not take, or what we could not read; later events of the issue wait for it.
    `direction` is out or in."""

    id: UUID
    direction: str
    link_id: UUID | None
    complaint_id: UUID | None
    issue_key: str
    what: str
    reason: str
    since: datetime


class Health(msgspec.Struct, frozen=True, kw_only=True):
    connection: Connection | None
    counts: Counts
    oldest_waiting_seconds: int | None
    is_blocked: bool


async def read_log(tx: Tx, complaint_id: UUID) -> SyncLog | None:
    """None where Jira does not know the complaint."""
    tx.actor.require("support.read")
    link = await find_link(tx, complaint_id)
    if link is None:
        return None
    connection = await jira_connections.find(tx, link.connection_id)
    assert connection is not None, "connections are not deleted"
    return SyncLog(
        link=link,
        url=link.url(connection.site_url),
        sent=await jira_queue.list_sendings(tx, link.id),
        arrived=await jira_queue.list_arrivals(tx, link.id),
        clashes=await jira_queue.list_clashes(tx, link.id),
        files=await jira_links.list_file_marks(tx, link.id),
    )


async def list_links(tx: Tx, complaint_ids: Sequence[UUID]) -> dict[UUID, Link]:
    """By complaint, for lists."""
    tx.actor.require("support.read")
    found = await jira_links.list_of_complaints(tx, complaint_ids)
    return {link.complaint_id: link for link in found}


async def list_dead_letters(tx: Tx) -> list[DeadLetter]:
    """Oldest first: 200 of each direction at most, and links that could not be made."""
    tx.actor.require("support.connect")
    found: list[DeadLetter] = []
    for sending in await jira_queue.list_dead_sendings(tx):
        link = await jira_links.find(tx, sending.link_id)
        since = sending.created_at
        found.append(_dead(sending.id, "out", link, sending.op, sending.error, since))
    for arrival in await jira_queue.list_dead_arrivals(tx):
        link = await jira_links.find(tx, arrival.link_id) if arrival.link_id else None
        since = arrival.received_at
        found.append(_dead(arrival.id, "in", link, arrival.event, arrival.note, since))
    for link in await jira_links.list_in(tx, LinkState.FAILED):
        found.append(_dead(link.id, "out", link, "create", link.error, link.created_at))
    return sorted(found, key=lambda one: one.since)


def _dead(
    letter_id: UUID, direction: str, link: Link | None, what: str, reason: str, since: datetime
) -> DeadLetter:
    return DeadLetter(
        id=letter_id,
        direction=direction,
        link_id=link.id if link else None,
        complaint_id=link.complaint_id if link else None,
        issue_key=link.issue_key if link else "",
        what=what,
        reason=reason,
        since=since,
    )


async def retry(tx: Tx, letter_id: UUID, *, now: datetime) -> None:
    """Once more, now; what waits behind it follows."""
    await _settle(tx, letter_id, is_dropped=False, now=now)


async def drop(tx: Tx, letter_id: UUID, *, now: datetime) -> None:
    """Never mind it; what waits behind it follows."""
    await _settle(tx, letter_id, is_dropped=True, now=now)


async def _settle(tx: Tx, letter_id: UUID, *, is_dropped: bool, now: datetime) -> None:
    tx.actor.require("support.connect")
    verb = "drop" if is_dropped else "retry"
    await audit.write(
        tx,
        action=f"support.{verb}_jira_dead_letter",
        subject_kind="jira_dead_letter",
        subject_id=letter_id,
        now=now,
        after={},
    )
    sending = await jira_queue.lock_sending(tx, letter_id)
    if sending is not None and sending.state is SendState.DEAD:
        state = SendState.DROPPED if is_dropped else SendState.WAITING
        await jira_queue.settle_sending(tx, letter_id, state, error=sending.error, now=now)
        return await _wake(tx, sending.link_id, now=now)
    arrival = await jira_queue.lock_arrival(tx, letter_id)
    if arrival is not None and arrival.state is ArrivalState.DEAD and arrival.link_id:
        state_in = ArrivalState.DROPPED if is_dropped else ArrivalState.WAITING
        await jira_queue.settle_arrival(tx, letter_id, state_in, note=arrival.note, now=now)
        return await _wake(tx, arrival.link_id, now=now, wants_pull=True)
    link = await jira_links.lock(tx, letter_id)
    if link is not None and link.state is LinkState.FAILED:
        if is_dropped:
            return await _give_up(tx, link, now=now)
        again = msgspec.structs.replace(link, state=LinkState.CREATING, error="")
        await jira_links.save(tx, again)
        return await _wake(tx, link.id, now=now)
    raise NotFound("There is no such dead letter.")


async def _give_up(tx: Tx, link: Link, *, now: datetime) -> None:
    await jira_queue.drop_sendings(tx, link.id, reason="Given up by hand.", now=now)
    await jira_links.save(tx, msgspec.structs.replace(link, error="Given up by hand."))


async def _wake(tx: Tx, link_id: UUID, *, now: datetime, wants_pull: bool = False) -> None:
    link = await jira_links.find(tx, link_id)
    assert link is not None, "links are not deleted"
    await wake(tx, link, now=now, wants_pull=wants_pull)


async def list_clashes(tx: Tx) -> list[Clash]:
    """Open disagreements, oldest first."""
    tx.actor.require("support.read")
    return await jira_queue.list_open_clashes(tx)


async def decide(tx: Tx, clash_id: UUID, *, winner: str, now: datetime) -> None:
    """`ours` tells Jira again, `theirs` takes over what is there, `dismissed` leaves both."""
    tx.actor.require("support.write")
    if winner not in {"ours", "theirs", "dismissed"}:
        raise Invalid("Choose ours, theirs or dismissed.", field="winner")
    clash = await jira_queue.lock_clash(tx, clash_id)
    if clash is None:
        raise NotFound("There is no such disagreement.")
    if clash.decided_at is not None:
        return
    await jira_queue.decide_clash(tx, clash.link_id, clash.kind, winner, now=now)
    link = await jira_links.lock(tx, clash.link_id)
    assert link is not None, "links are not deleted"
    if clash.kind not in {"status", "transition"} or winner == "dismissed":
        return
    # The side that wins counts as the one that changed.
    if winner == "ours":
        shadow = msgspec.structs.replace(link.shadow, status=None)
        await jira_queue.add_sending(tx, link.id, Op.STATUS, now=now)
    else:
        shadow = msgspec.structs.replace(link.shadow, status_there="-")
    await jira_links.save(tx, msgspec.structs.replace(link, shadow=shadow))
    await wake(tx, link, now=now, wants_pull=True)


async def read_health(tx: Tx, *, now: datetime) -> Health:
    tx.actor.require("support.read")
    connection = await jira_connections.find_active(tx)
    counts = await count(tx)
    age = (now - counts.oldest_waiting_at).total_seconds() if counts.oldest_waiting_at else None
    return Health(
        connection=connection,
        counts=counts,
        oldest_waiting_seconds=None if age is None else max(0, int(age)),
        is_blocked=connection is not None and not connection.may_be_called(now),
    )
