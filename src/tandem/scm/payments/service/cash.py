"""Cash at the door is a payment like any other, captured the moment it is in the driver's hand."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.scm.payments.domain import Fact, Payment, PaymentFact, Source, Standing, Status
from tandem.scm.payments.service.facts import follow
from tandem.scm.payments.service.refunding import CASH
from tandem.scm.payments.store import ledger, payments


async def record_cash(
    tx: Tx,
    *,
    order_id: UUID,
    order_number: str,
    delivery_id: UUID,
    amount_minor: int,
    currency: str,
    now: datetime,
) -> Payment | None:
    """Once per delivery; None when it was recorded before. Whatever was paid counts: how much of
    the order it covers shows in the order's payment status."""
    tx.actor.require("payments.request")
    fact = Fact(
        provider=CASH,
        provider_payment_id=str(delivery_id),
        source=Source.DOOR,
        event_id=str(delivery_id),
        kind="cash.collected",
        occurred_at=now,
        payment=PaymentFact(
            provider_order_id=None,
            status=Status.CAPTURED,
            amount_minor=amount_minor,
            currency=currency,
            method=CASH,
        ),
    )
    await ledger.take_turn(tx, fact.provider_payment_id)
    if not await ledger.add_event(tx, fact, now=now):
        return None
    payment = Payment(
        id=new_id(),
        order_id=order_id,
        order_number=order_number,
        intent_id=None,
        provider=CASH,
        provider_payment_id=str(delivery_id),
        mode="live",
        standing=Standing.COUNTED,
        created_at=now,
    )
    await payments.insert(tx, payment)
    return await follow(tx, payment, [fact], now=now)
