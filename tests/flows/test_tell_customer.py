"""Each milestone is told once, to the right person, with links that work."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tandem.app.wiring import import_reactions
from tandem.contracts.delivery import DeliveryStatusChanged, DoorCodeRequested, DriverCodeRequested
from tandem.contracts.invoicing import InvoiceIssued
from tandem.contracts.orders import OrderCancelled, OrderConfirmed, OrderSnapshot
from tandem.contracts.payments import LatePaymentArrived, RefundProcessed, SurplusRefunded
from tandem.contracts.shipping import ShipmentReady, ShipmentStatusChanged
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.people import NewCustomer
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import SITE, Message
from tandem.crm.notifications.domain.template_versions import Content, Variable
from tandem.crm.notifications.service import templates
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.outbox import drain
from tandem.kernel.resources import Resources
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.jobs import send_sign_in_codes
from tandem.scm.orders import service as orders
from tests.invoicing import givens
from tests.invoicing.givens import NOW, cart_line

import_reactions()
SHIPMENT, DELIVERY = new_id(), new_id()


async def waiting(
    database: Database, actor: Actor, *, cod: bool = False, **changes: Any
) -> OrderSnapshot:
    """An order of 118.00 that nobody has paid yet."""
    async with database.transaction(actor) as tx:
        await givens.seller(tx)
        draft = msgspec.structs.replace(
            await givens.order(tx, cart_line(10000), paid=not cod),
            status="pending_payment",
            expires_at=NOW + timedelta(days=36_500),
            promised_on=date(2026, 11, 24),
            **changes,
        )
        settings = await orders.get_settings(tx)
        return (await orders.place(tx, [draft], settings=settings, now=NOW))[0]


async def test_who_wants_hindi_is_told_in_hindi_where_there_are_words(
    database: Database, actor: Actor
) -> None:
    """A-NOT-8, with the language a customer has."""
    async with database.transaction(actor) as tx:
        who = await customers.add_customer(tx, NewCustomer(name="Asha", locale="hi-IN"), now=NOW)
        words = await templates.own_template(tx, "order_cancelled", "email", now=NOW)
        content = Content(
            format="html",
            subject="{{ order }} रद्द",
            source="<p>नमस्ते {{ name }}</p>",
            variables=[Variable(name="order", example="SO-1")],
        )
        made = await templates.draft(tx, words.id, content, locale="hi", now=NOW)
        await templates.publish(tx, made.id, now=NOW)
    order = await waiting(database, actor, customer_id=who.id)
    event = OrderCancelled(order_id=order.id, number=order.number, reason="Out of stock")
    found = await tell(database, actor, order, event)
    assert found["order_cancelled", "email"].subject == f"{order.number} रद्द"


async def told(database: Database, actor: Actor, order: OrderSnapshot) -> list[Message]:
    """Without the message about the placing itself."""
    await drain(database)
    async with database.transaction(actor) as tx:
        page = await notifications.list_messages(tx, limit=50, cursor=None, order_id=order.id)
    return [one for one in reversed(page.items) if one.template != "order_placed"]


async def tell(
    database: Database, actor: Actor, order: OrderSnapshot, event: Event
) -> dict[tuple[str, str], Message]:
    """Publish an event twice; what was queued, by template and channel."""
    async with database.transaction(actor) as tx:
        await tx.publish(event, event)
    messages = await told(database, actor, order)
    found = {(message.template, message.channel.value): message for message in messages}
    assert len(found) == len(messages), "nothing is told twice"
    return found


async def test_a_placed_order_is_told_with_its_pay_link(database: Database, actor: Actor) -> None:
    order = await waiting(database, actor)
    await drain(database)
    async with database.transaction(actor) as tx:
        page = await notifications.list_messages(tx, limit=50, cursor=None, order_id=order.id)
    mail, text = sorted(page.items, key=lambda message: message.channel)
    assert (mail.template, mail.recipient) == ("order_placed", "meera@example.test")
    assert (text.recipient, mail.sender_name) == ("+919812345678", "Tandem Demo Store")
    assert f"{SITE}/pay/{order.public_token}" in mail.text
    assert f"Pay Rs 118.00: {SITE}/pay/{order.public_token}" in text.text
    assert "₹118.00" in mail.html


@pytest.mark.parametrize(
    ("cod", "words"), [(False, "is confirmed, paid."), (True, "is confirmed, Rs 118.00 on")]
)
async def test_a_confirmation_says_what_is_paid_and_what_is_due(
    database: Database, actor: Actor, cod: bool, words: str
) -> None:
    order = await waiting(database, actor, cod=cod)
    event = OrderConfirmed(
        order_id=order.id,
        number=order.number,
        payment_method="cod" if cod else "prepaid",
        total_minor=order.total_minor,
    )
    found = await tell(database, actor, order, event)
    assert found.keys() == {("order_confirmed", "email"), ("order_confirmed", "sms")}
    text = found["order_confirmed", "sms"].text
    assert words in text
    assert "Delivery by Tue, 24 Nov" in text
    assert f"{SITE}/track/{order.public_token}" in text


async def test_an_invoice_comes_by_e_mail_with_its_link(database: Database, actor: Actor) -> None:
    order = await waiting(database, actor)
    event = InvoiceIssued(
        order_id=order.id,
        invoice_id=new_id(),
        number="INV/26-27/000001",
        total_minor=11800,
        currency="INR",
    )
    found = await tell(database, actor, order, event)
    assert found.keys() == {("invoice_issued", "email")}
    link = f"{SITE}/v1/public/orders/{order.public_token}/invoice.pdf"
    assert link in found["invoice_issued", "email"].text


@pytest.mark.parametrize(
    ("status", "template"),
    [
        ("picked_up", "order_shipped"),
        ("in_transit", "order_shipped"),
        ("out_for_delivery", "out_for_delivery"),
        ("delivered", "order_delivered"),
        ("on_hold", None),
    ],
)
async def test_a_shipments_milestones(
    database: Database, actor: Actor, status: str, template: str | None
) -> None:
    order = await waiting(database, actor)
    found = await tell(database, actor, order, shipment(order, status))
    expected = {(template, "email"), (template, "sms")} if template else set()
    assert found.keys() == expected


def shipment(order: OrderSnapshot, status: str, days: int = 0) -> ShipmentStatusChanged:
    return ShipmentStatusChanged(
        order_id=order.id,
        shipment_id=SHIPMENT,
        number="SHP-1",
        status=status,
        occurred_at=NOW + timedelta(days=days),
    )


async def test_picked_up_and_then_in_transit_is_one_message(
    database: Database, actor: Actor
) -> None:
    order = await waiting(database, actor)
    await tell(database, actor, order, shipment(order, "picked_up"))
    found = await tell(database, actor, order, shipment(order, "in_transit"))
    assert found.keys() == {("order_shipped", "email"), ("order_shipped", "sms")}


async def test_a_second_day_on_the_road_is_told_anew(database: Database, actor: Actor) -> None:
    order = await waiting(database, actor)
    for days in (0, 0, 1):
        async with database.transaction(actor) as tx:
            await tx.publish(shipment(order, "out_for_delivery", days))
    assert len(await told(database, actor, order)) == 4


async def test_cash_on_delivery_is_asked_to_be_ready(database: Database, actor: Actor) -> None:
    order = await waiting(database, actor, cod=True)
    found = await tell(database, actor, order, shipment(order, "out_for_delivery"))
    assert "keep ₹118.00 ready" in found["out_for_delivery", "email"].text


@pytest.mark.parametrize(("status", "count"), [("arriving", 1), ("arrived", 0), ("en_route", 0)])
async def test_arriving_is_a_text(
    database: Database, actor: Actor, status: str, count: int
) -> None:
    order = await waiting(database, actor)
    event = DeliveryStatusChanged(
        order_id=order.id,
        shipment_id=SHIPMENT,
        delivery_id=DELIVERY,
        status=status,
        occurred_at=NOW,
    )
    found = await tell(database, actor, order, event)
    assert len(found) == count
    assert {channel for _, channel in found} <= {"sms"}


async def test_a_door_code_goes_to_the_buyer_and_nowhere_else(
    database: Database, actor: Actor
) -> None:
    order = await waiting(database, actor)
    system = Actor.system(actor.org_id)
    ready = ShipmentReady(
        order_id=order.id,
        shipment_id=new_id(),
        number="SHP-1",
        carrier="own_fleet",
        ship_to=order.ship_to,
        recipient_phone=order.customer_phone,
        promised_on=None,
        cod_minor=0,
        currency="INR",
        parcels=1,
    )
    async with database.transaction(system) as tx:
        opened = await delivery.open_delivery(tx, event=ready, now=NOW)
        code = await delivery.door_code(tx, opened.id)
        await tx.publish(
            DoorCodeRequested(
                order_id=order.id, shipment_id=opened.shipment_id, delivery_id=opened.id
            )
        )
    messages = await told(database, actor, order)
    assert [(one.template, one.is_secret) for one in messages] == [("door_code", True)] * 2
    assert all(code in one.text for one in messages)
    assert all(one.not_after for one in messages)
    assert all(code not in one.subject for one in messages)


async def test_a_driver_gets_the_sign_in_code_by_text(database: Database, actor: Actor) -> None:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await givens.seller(tx)
        driver = await delivery.add_driver(
            tx, name="Ravi Kumar", phone="+919812300001", user_id=None, now=NOW
        )
    await send_sign_in_codes(Work(database, Resources(), INSTALLATION), driver.phone)
    await drain(database)
    async with database.transaction(actor) as tx:
        page = await notifications.list_messages(tx, limit=5, cursor=None, template="driver_code")
    (text,) = page.items
    assert (text.recipient, text.is_secret, text.order_id) == ("+919812300001", True, None)
    assert DriverCodeRequested.topic == "delivery.driver_code_requested.v1"


async def test_a_cancellation_names_its_reason_and_the_money(
    database: Database, actor: Actor
) -> None:
    order = await waiting(database, actor)
    async with database.transaction(actor) as tx:
        await orders.record_payment(
            tx,
            order_id=order.id,
            paid_minor=11800,
            refunded_minor=0,
            authorized_minor=0,
            now=NOW,
        )
    event = OrderCancelled(order_id=order.id, number=order.number, reason="Out of stock")
    found = await tell(database, actor, order, event)
    assert "Out of stock" in found["order_cancelled", "email"].text
    assert "₹118.00" in found["order_cancelled", "email"].text
    assert "Rs 118.00" in found["order_cancelled", "sms"].text


async def test_money_that_goes_back_is_told(database: Database, actor: Actor) -> None:
    order = await waiting(database, actor)
    ids: dict[str, Any] = {"order_id": order.id, "payment_id": new_id(), "currency": "INR"}
    events: list[Event] = [
        RefundProcessed(refund_id=new_id(), amount_minor=5000, refunded_minor=5000, **ids),
        SurplusRefunded(refund_id=new_id(), amount_minor=700, **ids),
        LatePaymentArrived(outcome="refunded", amount_minor=11800, **ids),
    ]
    for event in events:
        found = await tell(database, actor, order, event)
    assert {template for template, _ in found} == {
        "refund_processed",
        "surplus_refunded",
        "late_payment_refunded",
    }
    assert "Rs 50.00" in found["refund_processed", "sms"].text
    assert "Rs 7.00" in found["surplus_refunded", "sms"].text
    assert "Rs 118.00" in found["late_payment_refunded", "sms"].text


async def test_a_late_payment_in_time_after_all_is_told(database: Database, actor: Actor) -> None:
    order = await waiting(database, actor)
    event = LatePaymentArrived(
        order_id=order.id,
        payment_id=new_id(),
        outcome="revived",
        amount_minor=11800,
        currency="INR",
    )
    found = await tell(database, actor, order, event)
    assert found.keys() == {("late_payment_revived", "email"), ("late_payment_revived", "sms")}


async def test_who_left_no_address_is_left_alone(database: Database, actor: Actor) -> None:
    order = await waiting(database, actor, customer_email=None, customer_phone=None)
    event = OrderCancelled(order_id=order.id, number=order.number, reason="")
    assert await tell(database, actor, order, event) == {}
