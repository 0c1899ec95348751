"""Webhooks: signed over the raw bytes, kept once, answered at once, worked on later."""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.signatures import is_signed
from tandem.scm.support.domain.jira_link import Arrival, ArrivalState, Link, LinkState
from tandem.scm.support.domain.jira_notice import EVENTS, Notice
from tandem.scm.support.service.jira.queueing import wake
from tandem.scm.support.store import jira_connections, jira_links, jira_queue

PREFIX = "sha256="
KEPT = timedelta(days=30)


async def is_genuine(tx: Tx, connection_id: UUID, body: bytes, signature: str) -> bool:
    """With the current or the previous secret. No signature is never genuine."""
    if not signature.startswith(PREFIX):
        return False
    if await jira_connections.find(tx, connection_id) is None:
        return False
    secrets = await jira_connections.read_secrets(tx, connection_id)
    listed = (secrets.webhook_secret, secrets.webhook_secret_previous)
    return is_signed(listed, body, signature.removeprefix(PREFIX))


async def accept(
    tx: Tx, connection_id: UUID, notice: Notice, *, webhook_id: str, now: datetime
) -> ArrivalState | None:
    """None when this webhook came before. Only what says something new wakes the link."""
    link = None
    if notice.issue_id:
        link = await jira_links.find_of_issue(tx, connection_id, notice.issue_id)
    state, note = _judge(notice, link)
    arrival = Arrival(
        id=new_id(),
        connection_id=connection_id,
        link_id=link.id if link else None,
        webhook_id=webhook_id,
        issue_id=notice.issue_id,
        event=notice.event,
        updated=notice.updated,
        state=state,
        note=note,
        received_at=now,
        done_at=None if state is ArrivalState.WAITING else now,
    )
    if not await jira_queue.add_arrival(tx, arrival):
        return None
    if link is not None and state is ArrivalState.WAITING:
        await wake(tx, link, now=now, wants_pull=True)
    return state


def _judge(notice: Notice, link: Link | None) -> tuple[ArrivalState, str]:
    if notice.event not in EVENTS:
        return ArrivalState.IGNORED, "not an event that we follow"
    if link is None:
        return ArrivalState.IGNORED, "no complaint of ours"
    if link.state in {LinkState.ORPHANED, LinkState.FAILED}:
        return ArrivalState.IGNORED, "this complaint is not linked any more"
    seen = link.seen_updated
    if notice.updated is not None and seen is not None and notice.updated <= seen:
        return ArrivalState.IGNORED, "we have seen the issue as it was then, or later"
    return ArrivalState.WAITING, ""


async def forget(tx: Tx, *, now: datetime) -> int:
    """What is settled and a month old. A webhook is not repeated after so long."""
    return await jira_queue.forget_arrivals(tx, before=now - KEPT)
