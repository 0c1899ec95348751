"""Moving a complaint on, giving it to somebody, and correcting what it is called."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.support import (
    ComplaintAssigned,
    ComplaintChanged,
    ComplaintRated,
    ComplaintStatusChanged,
)
from tandem.kernel.calendars import BusinessTime
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.scm.support.domain import clocks
from tandem.scm.support.domain.complaints import (
    Complaint,
    ComplaintChange,
    NotResolved,
    check_not_closed,
)
from tandem.scm.support.domain.statuses import Origin, Status, check_move
from tandem.scm.support.service.reading import lock_complaint
from tandem.scm.support.service.settings import get_desk
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store.complaints import Change

replace = msgspec.structs.replace


async def move(
    tx: Tx, *, complaint_id: UUID, to: Status, origin: Origin, now: datetime, note: str = ""
) -> Complaint:
    """Into another state, with its clocks. Being there already changes nothing.

    `note` is internal and stays in the history. Raises IllegalMove.
    """
    tx.actor.require("support.write")
    complaint = await lock_complaint(tx, complaint_id)
    if complaint.status is to:
        return complaint
    return await move_locked(tx, complaint, to, origin=origin, now=now, note=note)


async def move_locked(
    tx: Tx, complaint: Complaint, to: Status, *, origin: Origin, now: datetime, note: str = ""
) -> Complaint:
    """As `move`, for a caller who holds the complaint's lock."""
    check_move(complaint.status, to)
    time = BusinessTime((await get_desk(tx)).desk.calendar)
    after = await store.save(tx, clocks.moved(complaint, to, time, now), now=now)
    step = Change(kind="status", before=complaint.status, after=to, note=note)
    await store.add_steps(tx, complaint.id, [step], origin=origin, now=now)
    await tx.publish(
        ComplaintStatusChanged(
            complaint_id=complaint.id,
            number=complaint.number,
            order_id=complaint.order_id,
            origin=origin,
            before=complaint.status,
            after=to,
        )
    )
    return after


async def assign(
    tx: Tx,
    *,
    complaint_id: UUID,
    origin: Origin,
    now: datetime,
    assignee_id: UUID | msgspec.UnsetType | None = msgspec.UNSET,
    assignee_name: str = "",
    queue: str | msgspec.UnsetType = msgspec.UNSET,
) -> Complaint:
    """To a person (None takes it from everybody), to a queue, or both.

    The caller knows that the person exists and what they are called. Raises UnknownQueue and
    ComplaintClosed.
    """
    tx.actor.require("support.assign")
    before = await lock_complaint(tx, complaint_id, permission="support.assign")
    check_not_closed(before)
    after = before
    if isinstance(queue, str):
        (await get_desk(tx)).desk.check_queue(queue)
        after = replace(after, queue=queue)
    if not isinstance(assignee_id, msgspec.UnsetType):
        name = assignee_name if assignee_id else ""
        after = replace(after, assignee_id=assignee_id, assignee_name=name)
    changes = _differences(before, after, queue="queue", assignee_name="assignee")
    if not changes and before.assignee_id == after.assignee_id:
        return before
    saved = await store.save(tx, after, now=now)
    await store.add_steps(tx, before.id, changes, origin=origin, now=now)
    await tx.publish(
        ComplaintAssigned(
            complaint_id=saved.id,
            number=saved.number,
            order_id=saved.order_id,
            origin=origin,
            queue=saved.queue,
            assignee_id=saved.assignee_id,
        )
    )
    return saved


async def change(
    tx: Tx, *, complaint_id: UUID, to: ComplaintChange, origin: Origin, now: datetime
) -> Complaint:
    """Category, severity and subject. Another severity gives the clocks other times.

    Raises UnknownCategory and ComplaintClosed.
    """
    tx.actor.require("support.write")
    before = await lock_complaint(tx, complaint_id)
    check_not_closed(before)
    desk = (await get_desk(tx)).desk
    given = {
        name: value
        for name, value in msgspec.structs.asdict(to).items()
        if value is not msgspec.UNSET
    }
    if "category" in given:
        desk.category(given["category"])
    after = replace(before, **given)
    changes = _differences(
        before, after, category="category", severity="severity", subject="subject"
    )
    if not changes:
        return before
    if after.severity is not before.severity:
        target, time = desk.targets.of(after.severity), BusinessTime(desk.calendar)
        after = clocks.retargeted(after, target, time, now)
    saved = await store.save(tx, after, now=now)
    await store.add_steps(tx, before.id, changes, origin=origin, now=now)
    await tx.publish(
        ComplaintChanged(
            complaint_id=saved.id,
            number=saved.number,
            order_id=saved.order_id,
            origin=origin,
            what=[step.kind for step in changes],
        )
    )
    return saved


async def rate(
    tx: Tx,
    *,
    complaint_id: UUID,
    rating: int,
    note: str,
    now: datetime,
    origin: Origin = Origin.BUYER,
) -> Complaint:
    """How it went, one to five, by the customer. A later answer replaces an earlier one.

    Raises NotResolved while it is still worked on.
    """
    tx.actor.require("support.write")
    if not 1 <= rating <= 5:
        raise Invalid("A rating is 1 to 5.", field="rating")
    before = await lock_complaint(tx, complaint_id)
    if before.status not in {Status.RESOLVED, Status.CLOSED}:
        raise NotResolved("This can be answered once the complaint is resolved.")
    if (before.rating, before.rating_note) == (rating, note):
        return before
    after = replace(before, rating=rating, rating_note=note, rated_at=now)
    saved = await store.save(tx, after, now=now)
    step = Change(kind="rating", after=str(rating))
    await store.add_steps(tx, before.id, [step], origin=origin, now=now)
    await tx.publish(
        ComplaintRated(
            complaint_id=saved.id,
            number=saved.number,
            order_id=saved.order_id,
            origin=origin,
            rating=rating,
        )
    )
    return saved


def _differences(before: Complaint, after: Complaint, **kinds: str) -> list[Change]:
    return [
        Change(kind=kind, before=str(getattr(before, name)), after=str(getattr(after, name)))
        for name, kind in kinds.items()
        if getattr(before, name) != getattr(after, name)
    ]
