"""What is due of an order, asked for by a payment link or a UPI QR code."""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import LinkKind, PaymentLink

PAYABLE = frozenset({"confirmed", "processing", "completed"})


class OrderNotPayable(Conflict):
    """The order is a draft, waits on its pay page, or is over."""

    code = "order_not_payable"


async def collect(
    tx: Tx,
    order_id: UUID,
    *,
    kind: LinkKind,
    amount_minor: int | None = None,
    accepts_partial: bool = False,
    lives: timedelta | None = None,
    now: datetime,
) -> PaymentLink:
    """Cash on delivery, or what is missing of an order that was paid in part.

    Raises OrderNotPayable, and what payments refuses: NothingToPay, LinkLive.
    """
    tx.actor.require("payments.request")
    order = await orders.lock_order(tx.with_all_grants(), order_id)
    if order.status not in PAYABLE:
        raise OrderNotPayable(f"Order {order.number} is {order.status.replace('_', ' ')}.")
    return await payments.open_link(
        tx,
        order=order,
        kind=kind,
        amount_minor=amount_minor,
        accepts_partial=accepts_partial,
        lives=lives,
        now=now,
    )
