"""What was held because somebody waited for us is decided anew once they wait no more."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.orders import OrderCancelled, OrderCompleted
from tandem.contracts.payments import RefundFailed, RefundProcessed
from tandem.contracts.support import ComplaintStatusChanged
from tandem.crm.notifications.service import rules
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.orders import service as orders
from tandem.scm.support import service as support
from tandem.scm.support.domain.statuses import Status

OVER = frozenset({Status.RESOLVED, Status.CLOSED})


@subscribe(ComplaintStatusChanged, "release_held.complaint")
async def complaint_over(tx: Tx, event: ComplaintStatusChanged, now: datetime) -> None:
    if event.after not in OVER:
        return
    complaint = await support.get_complaint(tx, event.complaint_id)
    if complaint.customer_id is not None:
        await rules.release_held(tx, complaint.customer_id, ("complaint_open",), now=now)


@subscribe(OrderCompleted, "release_held.order_completed")
async def order_completed(tx: Tx, event: OrderCompleted, now: datetime) -> None:
    await _release_of_order(tx, event.order_id, "late_order", now)


@subscribe(OrderCancelled, "release_held.order_cancelled")
async def order_cancelled(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    await _release_of_order(tx, event.order_id, "late_order", now)


@subscribe(RefundProcessed, "release_held.refund_processed")
async def refund_processed(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    await _release_of_order(tx, event.order_id, "refund_open", now)


@subscribe(RefundFailed, "release_held.refund_failed")
async def refund_failed(tx: Tx, event: RefundFailed, now: datetime) -> None:
    await _release_of_order(tx, event.order_id, "refund_open", now)


async def _release_of_order(tx: Tx, order_id: UUID, reason: str, now: datetime) -> None:
    order = await orders.get_order(tx, order_id)
    await rules.release_held(tx, order.customer_id, (reason,), now=now)
