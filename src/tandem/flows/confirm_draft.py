"""A draft becomes an order: its stock is held, and its payment is asked for or due at the door."""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.contracts.inventory import Demand, Hold
from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.shipping import PromiseAsk
from tandem.kernel.db import Tx
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.lifecycle import Action, Status, check_move
from tandem.scm.shipping import service as shipping


async def confirm_draft(tx: Tx, order_id: UUID, *, now: datetime) -> OrderSnapshot:
    """At the draft's prices, with today's promise. Refuses OutOfStock, changing nothing."""
    tx.actor.require("orders.write")
    draft = await orders.lock_order(tx, order_id)
    tx.actor.require_with("orders.write", draft)
    needs_payment = draft.payment_method == "prepaid" and draft.total_minor > 0
    target = Status.PENDING_PAYMENT if needs_payment else Status.CONFIRMED
    check_move(Action.PLACE, Status(draft.status), target)
    settings = await orders.get_settings(tx)
    until = now + timedelta(minutes=settings.unpaid_minutes) if needs_payment else None
    hold = Hold(
        order_id=order_id,
        demands=[
            Demand(variant_id=line.variant_id, sku=line.sku, quantity=line.quantity)
            for line in draft.lines
        ],
        held_until=until,
    )
    [refusal] = await inventory.reserve(tx, [hold], now=now)
    if refusal is not None:
        raise refusal
    ask = PromiseAsk(
        postal_code=draft.ship_to.postal_code, country=draft.ship_to.country, purchased_at=now
    )
    [promise] = await shipping.promise(tx, [ask], now=now)
    not_served = shipping.refusal_of(
        draft.payment_method, ask.postal_code, prepaid=promise.prepaid, cod=promise.cod
    )
    if not_served is not None:
        raise not_served
    return await orders.place_draft(
        tx, order_id, expires_at=until, promised_on=promise.promised_on, now=now
    )
