"""New orders: numbered, given their links, written and told of, a batch at a time."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tandem.contracts.orders import (
    OrderChanged,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
    OrderSnapshot,
    SoldLine,
)
from tandem.kernel import audit, numbering, tokens
from tandem.kernel.db import Tx
from tandem.kernel.events import Event
from tandem.scm.orders.domain.lifecycle import Status
from tandem.scm.orders.domain.settings import OrderSettings, SettingsChange
from tandem.scm.orders.store import placing
from tandem.scm.orders.store import settings as store

DEFAULTS = OrderSettings()


async def get_settings(tx: Tx) -> OrderSettings:
    return await store.find(tx) or DEFAULTS


async def save_settings(tx: Tx, change: SettingsChange, *, now: datetime) -> OrderSettings:
    tx.actor.require("orders.configure")
    before = await get_settings(tx)
    after = await store.save(tx, msgspec.convert(change, OrderSettings, from_attributes=True))
    await audit.write(
        tx,
        action="orders.configure",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after),
    )
    return after


async def place(
    tx: Tx, orders: Sequence[OrderSnapshot], *, settings: OrderSettings, now: datetime
) -> list[OrderSnapshot]:
    """Write new orders, which come without number and token and leave with both.

    The counter's row is locked last, because every other order of the company waits for it.
    """
    placed = await place_last(tx, orders, settings=settings, now=now)
    await tx.end()
    return placed


async def place_last(
    tx: Tx, orders: Sequence[OrderSnapshot], *, settings: OrderSettings, now: datetime
) -> list[OrderSnapshot]:
    """Place orders, but they are written at the transaction's end: nobody reads them before."""
    links = await tokens.issue(tx, kind="order", entity_ids=[order.id for order in orders])
    first = await numbering.take(tx, kind="order", count=len(orders), start=settings.number_start)
    placed = [
        msgspec.structs.replace(
            order, number=settings.number(first + place), public_token=links[place]
        )
        for place, order in enumerate(orders)
    ]
    await placing.insert(tx, placed, now)
    await tx.publish(*(event for order in placed for event in told_when_placed(order)))
    return placed


def told_when_placed(order: OrderSnapshot) -> list[Event]:
    if order.status == Status.DRAFT:
        return [changed(order, "drafted")]
    events: list[Event] = [
        OrderPlaced(
            order_id=order.id,
            number=order.number,
            customer_id=order.customer_id,
            payment_method=order.payment_method,
            currency=order.currency,
            total_minor=order.total_minor,
            promised_on=order.promised_on,
            expires_at=order.expires_at,
            channel=order.channel,
            state_code=order.ship_to.state_code,
            tax_minor=order.tax_minor,
            discount_minor=order.discount_minor,
            lines=[_sold(line) for line in order.lines],
        )
    ]
    if order.status == Status.CONFIRMED:
        events.append(confirmed(order))
    return events


def _sold(line: OrderLine) -> SoldLine:
    return SoldLine(
        line_no=line.line_no,
        variant_id=line.variant_id,
        sku=line.sku,
        quantity=line.quantity,
        taxable_minor=line.taxable_minor,
        total_minor=line.total_minor,
    )


def confirmed(order: OrderSnapshot) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order.id,
        number=order.number,
        payment_method=order.payment_method,
        total_minor=order.total_minor,
    )


def changed(order: OrderSnapshot, what: str) -> OrderChanged:
    return OrderChanged(
        order_id=order.id,
        number=order.number,
        what=what,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
    )
