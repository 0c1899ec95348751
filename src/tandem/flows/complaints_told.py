"""What the customer hears of a complaint by e-mail and text: that we have it, what we answered,
that it is resolved. Only public words, read when they are sent; nothing internal is ever looked at.
"""

from collections.abc import Mapping
from datetime import datetime

from tandem.contracts.support import (
    ComplaintMessageAdded,
    ComplaintOpened,
    ComplaintStatusChanged,
)
from tandem.crm.customers import service as customers
from tandem.crm.notifications import service as notifications
from tandem.flows.tell_customer import company_name
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.public import about
from tandem.scm.support.domain.statuses import Origin, Status, Visibility

EMPTY: Mapping[str, str] = {}


@subscribe(ComplaintOpened, "tell_customer.complaint_opened")
async def tell_opened(tx: Tx, event: ComplaintOpened, now: datetime) -> None:
    """What a rule found is ours to know first; the customer hears of it when we write to them."""
    if event.origin == Origin.RULE:
        return
    complaint = await support.get_complaint(tx, event.complaint_id)
    desk = (await support.get_desk(tx)).desk
    await _tell(
        tx,
        complaint,
        "complaint_opened",
        f"complaint_opened:{complaint.id}",
        now=now,
        parameters={"about": about(complaint, desk)},
    )


@subscribe(ComplaintMessageAdded, "tell_customer.complaint_answered")
async def tell_answered(tx: Tx, event: ComplaintMessageAdded, now: datetime) -> None:
    if event.visibility != Visibility.PUBLIC or event.origin in {Origin.BUYER, Origin.RULE}:
        return
    message = await support.get_message(tx, event.message_id)
    if message.visibility is not Visibility.PUBLIC:
        return
    complaint = await support.get_complaint(tx, event.complaint_id)
    await _tell(
        tx,
        complaint,
        "complaint_answered",
        f"complaint_answered:{message.id}",
        now=now,
        parameters={"said": message.body},
    )


@subscribe(ComplaintStatusChanged, "tell_customer.complaint_resolved")
async def tell_resolved(tx: Tx, event: ComplaintStatusChanged, now: datetime) -> None:
    """With the question how it went; once for each time it was resolved."""
    if event.after != Status.RESOLVED:
        return
    complaint = await support.get_complaint(tx, event.complaint_id)
    if not complaint.is_known_to_customer or complaint.status is not Status.RESOLVED:
        return
    occasion = complaint.resolved_at.isoformat() if complaint.resolved_at else ""
    await _tell(
        tx,
        complaint,
        "complaint_resolved",
        f"complaint_resolved:{complaint.id}:{occasion}",
        now=now,
    )


async def _tell(
    tx: Tx,
    complaint: Complaint,
    template: str,
    dedupe: str,
    *,
    now: datetime,
    parameters: Mapping[str, str] = EMPTY,
) -> None:
    if complaint.erased_at is not None:
        return
    await notifications.send(
        tx,
        template=template,
        order_id=complaint.order_id,
        customer_id=complaint.customer_id,
        email=complaint.customer_email,
        phone=complaint.customer_phone,
        parameters={
            "company": await company_name(tx),
            "name": (complaint.customer_name.split() or ["there"])[0],
            "complaint": complaint.number,
            "complaint_link": f"/complaint/{complaint.public_token}",
            **parameters,
        },
        dedupe=dedupe,
        now=now,
        locale=await customers.locale_of(tx, complaint.customer_id),
    )
