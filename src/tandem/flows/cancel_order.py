"""An order is cancelled before it ships, and everything about it is undone.

In one transaction: the order and its stock, its shipments (whose deliveries end with them), and the
refund of what was paid, which a job then carries out. The credit note follows the refund, or for an
order nobody paid the cancellation (flows/credit_refund). One wins: a shipment that has been picked
up refuses, and with it everything.
"""

from datetime import datetime
from uuid import UUID

from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.db import Tx
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.shipping import service as shipping


async def cancel_order(tx: Tx, order_id: UUID, *, reason: str, now: datetime) -> OrderSnapshot:
    """Refuses with IllegalMove once anything has shipped, was cancelled, or the order is over."""
    order = await orders.cancel(tx, order_id, reason=reason, now=now)
    trusted = tx.with_all_grants()
    await shipping.cancel_of_order(trusted, order_id=order_id, reason=reason, now=now)
    await inventory.release(trusted, order_id=order_id, reason="cancelled", now=now)
    await payments.refund(trusted, order_id=order_id, amount_minor=None, reason=reason, now=now)
    return order
