"""Opening a complaint, once however often it is asked for."""

from datetime import datetime

from tandem.contracts.support import ComplaintOpened
from tandem.kernel import numbering, tokens
from tandem.kernel.calendars import BusinessTime
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden
from tandem.kernel.ids import new_id
from tandem.scm.support.domain.complaints import (
    NUMBER_START,
    Complaint,
    NewComplaint,
)
from tandem.scm.support.domain.desk import Desk
from tandem.scm.support.domain.statuses import Origin, Status
from tandem.scm.support.domain.words import sha256_of
from tandem.scm.support.service.settings import get_desk
from tandem.scm.support.service.talking import add_message
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store.complaints import Change
from tandem.scm.support.store.reached import is_customer_reached

COMPLAINT = "complaint"
"""What public tokens of complaints are issued as."""


async def open_complaint(
    tx: Tx, draft: NewComplaint, *, origin: Origin, now: datetime
) -> Complaint:
    """A new complaint with its first message and both clocks running.

    The same `dedupe`, or the same rule about the same subject, answers the complaint that is there
    and tells nobody. Raises UnknownCategory and UnknownQueue.
    """
    tx.actor.require("support.write")
    desk = (await get_desk(tx)).desk
    category = desk.category(draft.category)
    desk.check_queue(draft.queue or category.queue)
    await _check_reach(tx, draft)
    if found := await _find_same(tx, draft):
        return found
    complaint = await _drafted(tx, draft, desk, origin, now)
    await store.insert(tx, complaint, dedupe=draft.dedupe, now=now)
    await store.add_steps(
        tx, complaint.id, [Change(kind="status", after=Status.OPEN)], origin=origin, now=now
    )
    await tx.publish(_opened(complaint))
    if draft.body.strip():
        await add_message(
            tx,
            complaint_id=complaint.id,
            body=draft.body,
            visibility=draft.visibility,
            origin=origin,
            dedupe=dedupe_of(draft.body) if draft.rule else None,
            now=now,
            is_first=True,
        )
    return complaint


async def _check_reach(tx: Tx, draft: NewComplaint) -> None:
    """Whoever is narrowed to some customers complains for those only, and sees it afterwards."""
    reach = tx.actor.reach("support.write")
    customer_id = draft.links.customer_id
    if reach.is_all or tx.actor.standing is None:
        return
    if customer_id is None or not await is_customer_reached(tx, reach, customer_id):
        raise Forbidden(
            "Your permission 'support.write' does not reach this customer.",
            permission="support.write",
            reason="out_of_reach",
        )


def dedupe_of(happened: str) -> str:
    """What a rule notes it notes once."""
    return f"rule:{sha256_of(happened)}"


async def _find_same(tx: Tx, draft: NewComplaint) -> Complaint | None:
    """Two of the same at once: the second waits for the first and finds it."""
    if draft.rule is not None and draft.rule_subject is not None:
        await store.hold_dedupe(tx, f"rule:{draft.rule}:{draft.rule_subject}")
        return await store.find_by_rule(tx, draft.rule, draft.rule_subject)
    if draft.dedupe is None:
        return None
    await store.hold_dedupe(tx, draft.dedupe)
    return await store.find_by_dedupe(tx, draft.dedupe)


async def _drafted(
    tx: Tx, draft: NewComplaint, desk: Desk, origin: Origin, now: datetime
) -> Complaint:
    category = desk.category(draft.category)
    severity = draft.severity or category.severity
    target, time = desk.targets.of(severity), BusinessTime(desk.calendar)
    response, resolution = target.response_minutes * 60, target.resolution_minutes * 60
    complaint_id, links = new_id(), draft.links
    response_due_at, resolution_due_at = time.after(now, response), time.after(now, resolution)
    [token] = await tokens.issue(tx, kind=COMPLAINT, entity_ids=[complaint_id])
    number = await numbering.take(tx, kind="complaint", start=NUMBER_START)
    return Complaint(
        id=complaint_id,
        number=f"CMP-{number}",
        public_token=token,
        order_id=links.order_id,
        order_number=links.order_number,
        shipment_id=links.shipment_id,
        shipment_number=links.shipment_number,
        invoice_id=links.invoice_id,
        invoice_number=links.invoice_number,
        customer_id=links.customer_id,
        customer_name=links.customer_name,
        customer_email=links.customer_email,
        customer_phone=links.customer_phone,
        channel=draft.channel,
        origin=origin,
        category=category.key,
        severity=severity,
        status=Status.OPEN,
        queue=draft.queue or category.queue,
        assignee_id=None,
        assignee_name="",
        subject=draft.subject,
        rule=draft.rule,
        rule_subject=draft.rule_subject,
        response_seconds=response,
        response_due_at=response_due_at,
        responded_at=None,
        response_breached_at=None,
        resolution_seconds=resolution,
        resolution_due_at=resolution_due_at,
        resolution_left_seconds=None,
        resolution_breached_at=None,
        next_due_at=min(response_due_at, resolution_due_at),
        resolved_at=None,
        closed_at=None,
        rating=None,
        rating_note="",
        rated_at=None,
        erased_at=None,
        version=1,
        opened_at=now,
        updated_at=now,
    )


def _opened(complaint: Complaint) -> ComplaintOpened:
    return ComplaintOpened(
        complaint_id=complaint.id,
        number=complaint.number,
        order_id=complaint.order_id,
        origin=complaint.origin,
        category=complaint.category,
        severity=complaint.severity,
        queue=complaint.queue,
        channel=complaint.channel,
        customer_id=complaint.customer_id,
        shipment_id=complaint.shipment_id,
    )
