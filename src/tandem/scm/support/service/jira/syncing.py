"""A link's turn: its issue is made, what changed there is read, what waits here is sent, in order.

Whoever has the lease works alone, so an echo of our own write is read after the write was recorded
and finds nothing new. A killed worker's lease ends and the next one looks before it writes.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.scm.support.domain.jira_link import (
    LEASE,
    STEPS_MAX,
    Link,
    LinkState,
    SendState,
)
from tandem.scm.support.gateways.jira.port import Trouble
from tandem.scm.support.service.jira.creating import create_issue
from tandem.scm.support.service.jira.sending import send
from tandem.scm.support.service.jira.session import LeaseLost, Session
from tandem.scm.support.service.jira.signing_in import note_answer, note_trouble, sign_in
from tandem.scm.support.service.jira.taking import take
from tandem.scm.support.store import jira_connections, jira_links, jira_queue

log = structlog.get_logger()

TURNS_MAX = 5
LINKED = frozenset({LinkState.LINKED, LinkState.CONFLICT})


async def sync_link(work: Work, link_id: UUID) -> None:
    """Work on a link until nothing is due. Network calls: never with a transaction open."""
    for _ in range(TURNS_MAX):
        try:
            if not await _turn(work, link_id):
                return
        except LeaseLost:
            log.warning("jira_lease_lost", link_id=str(link_id))
            return


async def _turn(work: Work, link_id: UUID) -> bool:
    """True when something is due again already."""
    lease, now = new_id(), work.now()
    async with work.transaction() as tx:
        link = await jira_links.find(tx, link_id)
        if link is None or link.next_at is None or link.next_at > now:
            return False
        connection = await jira_connections.find(tx, link.connection_id)
        if connection is None or not connection.may_be_called(now):
            return False
        if await jira_links.claim(tx, link_id, lease=lease, now=now, until=now + LEASE) is None:
            return False
    signed_in = await sign_in(work, link.connection_id)
    if isinstance(signed_in, Trouble):
        async with work.transaction() as tx:
            until = await note_trouble(tx, connection, signed_in, now=now)
            await jira_links.release(tx, link_id, lease=lease, next_at=until)
        return False
    connection, jira = signed_in
    session = Session(work=work, link_id=link_id, lease=lease, connection=connection, jira=jira)
    pause = await _work_on(session)
    return await _let_go(session, pause)


async def _work_on(session: Session) -> datetime | None:
    """Step by step; until when to rest after a trouble."""
    for _ in range(STEPS_MAX):
        step = await _step(session)
        if step is None:
            return None
        async with session.work.transaction() as tx:
            now = session.work.now()
            if not isinstance(step, Trouble):
                await note_answer(tx, session.connection.id, now=now)
                continue
            fresh = await jira_connections.find(tx, session.connection.id)
            assert fresh is not None, "connections are not deleted"
            until = await note_trouble(tx, fresh, step, now=now)
        if until is not None:
            return until
    return session.work.now() + timedelta(seconds=1)


async def _step(session: Session) -> Trouble | bool | None:
    """True when something was done, None when nothing is left to do."""
    async with session.recording() as (tx, link):
        sending = await jira_queue.next_sending(tx, link.id)
        is_held = await jira_queue.has_dead_arrival(tx, link.id)
    if link.state is LinkState.CREATING:
        return await create_issue(session)
    if link.state not in LINKED:
        return None
    if link.wants_pull and not is_held:
        return await take(session)
    if sending is None or sending.state is SendState.DEAD:
        return None
    if sending.next_at > session.work.now():
        return None
    return await send(session, sending)


async def _let_go(session: Session, pause: datetime | None) -> bool:
    now = session.work.now()
    async with session.recording() as (tx, link):
        next_at = pause or await _next_at(tx, link, now)
        await jira_links.release(tx, link.id, lease=session.lease, next_at=next_at)
    return pause is None and next_at is not None and next_at <= now


async def _next_at(tx: Tx, link: Link, now: datetime) -> datetime | None:
    if link.state is LinkState.CREATING:
        return now
    if link.state not in LINKED:
        return None
    if link.wants_pull and not await jira_queue.has_dead_arrival(tx, link.id):
        return now
    sending = await jira_queue.next_sending(tx, link.id)
    if sending is None or sending.state is SendState.DEAD:
        return None
    return sending.next_at
