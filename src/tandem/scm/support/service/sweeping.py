"""What time does to complaints: clocks run out, and what stays silent is closed."""

from datetime import datetime, timedelta

import msgspec

from tandem.contracts.support import ComplaintBreached
from tandem.kernel.db import Tx
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.statuses import Origin, Status
from tandem.scm.support.service.moving import move_locked
from tandem.scm.support.service.settings import get_desk
from tandem.scm.support.store import clocks
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store.complaints import Change

replace = msgspec.structs.replace


async def tell_breaches(tx: Tx, *, now: datetime) -> int:
    """Each clock that ran out is told once. A hundred at a time; answers how many."""
    overdue = await clocks.lock_overdue(tx, now)
    for complaint in overdue:
        after, events = _breached(complaint, now)
        await store.save(tx, after, now=now)
        steps = [Change(kind="breach", after=event.clock) for event in events]
        await store.add_steps(tx, complaint.id, steps, origin=Origin.SYSTEM, now=now)
        await tx.publish(*events)
    return len(overdue)


async def close_silent(tx: Tx, *, now: datetime) -> int:
    """Resolved for long enough with no word: closed. A hundred at a time; answers how many."""
    patience = timedelta(hours=(await get_desk(tx)).desk.close_after_hours)
    silent = await clocks.lock_silent(tx, now - patience)
    for complaint in silent:
        await move_locked(tx, complaint, Status.CLOSED, origin=Origin.SYSTEM, now=now)
    return len(silent)


def _breached(complaint: Complaint, now: datetime) -> tuple[Complaint, list[ComplaintBreached]]:
    after, clocks_out = complaint, []
    due = complaint.response_due_at
    if due and due <= now and complaint.response_breached_at is None:
        after, clocks_out = replace(after, response_breached_at=due), [("response", due)]
    due = complaint.resolution_due_at
    if due and due <= now and complaint.resolution_breached_at is None:
        after = replace(after, resolution_breached_at=due)
        clocks_out = [*clocks_out, ("resolution", due)]
    return after, [
        ComplaintBreached(
            complaint_id=complaint.id,
            number=complaint.number,
            order_id=complaint.order_id,
            origin=Origin.SYSTEM,
            clock=clock,
            due_at=due_at,
            assignee_id=complaint.assignee_id,
            queue=complaint.queue,
        )
        for clock, due_at in clocks_out
    ]
