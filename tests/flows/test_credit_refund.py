"""One credit note for each refund, none for money that never belonged to the sale."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from tandem.app.wiring import import_reactions
from tandem.contracts.orders import OrderCancelled, OrderSnapshot
from tandem.contracts.payments import RefundProcessed
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.outbox import drain
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tests.invoicing import givens
from tests.invoicing.givens import NOW, cart_line

import_reactions()


async def invoiced(database: Database, actor: Actor, *, paid: bool = True) -> OrderSnapshot:
    """An order of 118.00, in the tables of orders, with its invoice."""
    async with database.transaction(actor) as tx:
        await givens.seller(tx)
        draft = await givens.order(tx, cart_line(10000), paid=paid)
        settings = await orders.get_settings(tx)
        placed = (await orders.place(tx, [draft], settings=settings, now=NOW))[0]
        if paid:
            placed = await pay(tx, placed, placed.total_minor)
        await invoicing.issue_for_order(tx, placed, now=NOW)
    return placed


async def pay(tx: Tx, order: OrderSnapshot, paid_minor: int) -> OrderSnapshot:
    """Money in payments' own ledger, and the order told of it."""
    await payments.record_cash(
        tx,
        order_id=order.id,
        order_number=order.number,
        delivery_id=new_id(),
        amount_minor=paid_minor,
        currency="INR",
        now=NOW,
    )
    paid = await payments.totals(tx, order.id)
    return await orders.record_payment(
        tx,
        order_id=order.id,
        paid_minor=paid.captured_minor,
        refunded_minor=0,
        authorized_minor=0,
        now=NOW,
    )


async def tell_refund(
    database: Database, actor: Actor, order: OrderSnapshot, amount: int, refunded: int
) -> UUID:
    event = RefundProcessed(
        order_id=order.id,
        refund_id=new_id(),
        payment_id=new_id(),
        amount_minor=amount,
        refunded_minor=refunded,
        currency="INR",
    )
    async with database.transaction(actor) as tx:
        await tx.publish(event, event)
    await drain(database)
    return event.refund_id


async def credit_notes(
    database: Database, actor: Actor, order: OrderSnapshot
) -> list[tuple[int, UUID | None]]:
    async with database.transaction(actor) as tx:
        documents = await invoicing.list_for_order(tx, order.id)
    return [(one.total_minor, one.refund_id) for one in documents if one.kind == "CRN"]


async def test_a_refund_told_twice_is_one_credit_note(database: Database, actor: Actor) -> None:
    order = await invoiced(database, actor)
    refund = await tell_refund(database, actor, order, 5000, 5000)
    assert await credit_notes(database, actor, order) == [(5000, refund)]


async def test_two_refunds_are_two_credit_notes_and_leave_nothing(
    database: Database, actor: Actor
) -> None:
    order = await invoiced(database, actor)
    first = await tell_refund(database, actor, order, 5000, 5000)
    second = await tell_refund(database, actor, order, 6800, 11800)
    assert await credit_notes(database, actor, order) == [(5000, first), (6800, second)]
    async with database.transaction(actor) as tx:
        assert await invoicing.creditable(tx, order.id) == 0


async def test_the_refund_of_money_beyond_the_sale_leaves_the_invoice_alone(
    database: Database, actor: Actor
) -> None:
    order = await invoiced(database, actor)
    async with database.transaction(actor) as tx:
        await pay(tx, order, order.total_minor)
    await tell_refund(database, actor, order, order.total_minor, order.total_minor)
    assert await credit_notes(database, actor, order) == []


async def test_a_refund_without_an_invoice_needs_no_credit_note(
    database: Database, actor: Actor
) -> None:
    async with database.transaction(actor) as tx:
        await givens.seller(tx)
        draft = msgspec.structs.replace(
            await givens.order(tx, cart_line(10000)),
            status="pending_payment",
            expires_at=NOW + timedelta(days=36_500),
        )
        settings = await orders.get_settings(tx)
        order = (await orders.place(tx, [draft], settings=settings, now=NOW))[0]
    await tell_refund(database, actor, order, 11800, 11800)
    assert await credit_notes(database, actor, order) == []


@pytest.mark.parametrize("paid", [True, False])
async def test_cancelling_credits_at_once_only_what_was_never_paid(
    database: Database, actor: Actor, paid: bool
) -> None:
    order = await invoiced(database, actor, paid=paid)
    cancelled = OrderCancelled(order_id=order.id, number=order.number, reason="Changed my mind")
    async with database.transaction(actor) as tx:
        await tx.publish(cancelled, cancelled)
    await drain(database)
    expected = [] if paid else [(order.total_minor, None)]
    assert await credit_notes(database, actor, order) == expected
