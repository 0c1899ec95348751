"""Each milestone of an order, told to its buyer by e-mail and text, once.

What is said is said by notifications; here stands when, to whom and with which links.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from tandem.contracts.delivery import DeliveryStatusChanged, DoorCodeRequested
from tandem.contracts.invoicing import InvoiceIssued
from tandem.contracts.orders import OrderCancelled, OrderConfirmed, OrderPlaced, OrderSnapshot
from tandem.contracts.payments import LatePaymentArrived, RefundProcessed, SurplusRefunded
from tandem.contracts.shipping import ShipmentStatusChanged
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.ids import new_id
from tandem.scm.delivery import service as delivery
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.domain.words import amount, with_symbol
from tandem.scm.orders import service as orders

NO_PROMISE = "as soon as we can"
CODE_IS_USEFUL = timedelta(minutes=30)
EMPTY: Mapping[str, str] = {}
LEFT_US = frozenset({"picked_up", "in_transit"})


@subscribe(OrderPlaced, "tell_customer.order_placed")
async def tell_placed(tx: Tx, event: OrderPlaced, now: datetime) -> None:
    """Where to pay, and until when. Cash on delivery is told by its confirmation."""
    if event.payment_method != "prepaid" or event.expires_at is None:
        return
    order = await orders.get_order(tx, event.order_id)
    await _tell(
        tx,
        order,
        "order_placed",
        f"order_placed:{order.id}",
        now=now,
        parameters={
            "pay_until": await _local_time(tx, event.expires_at),
            "pay_link": f"/pay/{order.public_token}",
            **_money(order.total_minor, order.currency),
        },
    )


@subscribe(OrderConfirmed, "tell_customer.order_confirmed")
async def tell_confirmed(tx: Tx, event: OrderConfirmed, now: datetime) -> None:
    order = await orders.get_order(tx, event.order_id)
    is_prepaid = event.payment_method == "prepaid"
    due = _money(order.total_minor - order.paid_minor, order.currency)
    await _tell(
        tx,
        order,
        "order_confirmed",
        f"order_confirmed:{order.id}",
        now=now,
        parameters={
            "payment": "Paid" if is_prepaid else f"{due['amount']}, on delivery",
            "payment_plain": "paid" if is_prepaid else f"{due['amount_plain']} on delivery",
        },
    )


@subscribe(InvoiceIssued, "tell_customer.invoice_issued")
async def tell_invoice(tx: Tx, event: InvoiceIssued, now: datetime) -> None:
    order = await orders.get_order(tx, event.order_id)
    await _tell(
        tx,
        order,
        "invoice_issued",
        f"invoice_issued:{event.invoice_id}",
        now=now,
        parameters={
            "invoice": event.number,
            "invoice_link": f"/v1/public/orders/{order.public_token}/invoice.pdf",
            **_money(event.total_minor, event.currency),
        },
    )


@subscribe(ShipmentStatusChanged, "tell_customer.shipment")
async def tell_shipment(tx: Tx, event: ShipmentStatusChanged, now: datetime) -> None:
    """Left us, on the road, handed over. A second day on the road is told anew."""
    if event.status in LEFT_US:
        template, occasion = "order_shipped", str(event.shipment_id)
    elif event.status == "out_for_delivery":
        day = await _local_day(tx, event.occurred_at)
        template, occasion = "out_for_delivery", f"{event.shipment_id}:{day}"
    elif event.status == "delivered":
        template, occasion = "order_delivered", str(event.shipment_id)
    else:
        return
    order = await orders.get_order(tx, event.order_id)
    await _tell(
        tx,
        order,
        template,
        f"{template}:{occasion}",
        now=now,
        parameters={"shipment": event.number, "due": _due_at_the_door(order)},
    )


@subscribe(DeliveryStatusChanged, "tell_customer.arriving")
async def tell_arriving(tx: Tx, event: DeliveryStatusChanged, now: datetime) -> None:
    if event.status != "arriving":
        return
    order = await orders.get_order(tx, event.order_id)
    day = await _local_day(tx, event.occurred_at)
    await _tell(tx, order, "arriving", f"arriving:{event.delivery_id}:{day}", now=now)


@subscribe(DoorCodeRequested, "tell_customer.door_code")
async def tell_door_code(tx: Tx, event: DoorCodeRequested, now: datetime) -> None:
    """Every request is an occasion of its own: the buyer asked again because they need it again."""
    order = await orders.get_order(tx, event.order_id)
    await _tell(
        tx,
        order,
        "door_code",
        f"door_code:{event.delivery_id}:{new_id()}",
        now=now,
        not_after=now + CODE_IS_USEFUL,
        is_secret=True,
        parameters={"code": await delivery.door_code(tx, event.delivery_id)},
    )


@subscribe(OrderCancelled, "tell_customer.order_cancelled")
async def tell_cancelled(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    order = await orders.get_order(tx, event.order_id)
    back = order.paid_minor - order.refunded_minor
    refund = _money(back, order.currency) if back > 0 else {"amount": "", "amount_plain": ""}
    await _tell(
        tx,
        order,
        "order_cancelled",
        f"order_cancelled:{order.id}",
        now=now,
        parameters={
            "reason": event.reason or "as asked",
            "refund": refund["amount"],
            "refund_plain": refund["amount_plain"],
        },
    )


@subscribe(RefundProcessed, "tell_customer.refund_processed")
async def tell_refund(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    await _tell_of_money(tx, event, "refund_processed", f"refund:{event.refund_id}", now=now)


@subscribe(SurplusRefunded, "tell_customer.surplus_refunded")
async def tell_surplus(tx: Tx, event: SurplusRefunded, now: datetime) -> None:
    await _tell_of_money(tx, event, "surplus_refunded", f"refund:{event.refund_id}", now=now)


@subscribe(LatePaymentArrived, "tell_customer.late_payment")
async def tell_late_payment(tx: Tx, event: LatePaymentArrived, now: datetime) -> None:
    template = f"late_payment_{event.outcome}"
    await _tell_of_money(tx, event, template, f"late_payment:{event.payment_id}", now=now)


async def _tell_of_money(
    tx: Tx,
    event: RefundProcessed | SurplusRefunded | LatePaymentArrived,
    template: str,
    dedupe: str,
    *,
    now: datetime,
) -> None:
    """Money that came or went: what it was about says the template, how much says the event."""
    order = await orders.get_order(tx, event.order_id)
    parameters = _money(event.amount_minor, event.currency)
    await _tell(tx, order, template, dedupe, now=now, parameters=parameters)


async def _tell(
    tx: Tx,
    order: OrderSnapshot,
    template: str,
    dedupe: str,
    *,
    now: datetime,
    parameters: Mapping[str, str] = EMPTY,
    is_secret: bool = False,
    not_after: datetime | None = None,
) -> None:
    """To the customer of the order, with what every template may use."""
    await notifications.send(
        tx,
        template=template,
        order_id=order.id,
        customer_id=order.customer_id,
        email=order.customer_email,
        phone=order.customer_phone,
        parameters={
            "company": await company_name(tx),
            "name": _first_name(order),
            "order": order.number,
            "promise": _day(order.promised_on),
            "track_link": f"/track/{order.public_token}",
            **parameters,
        },
        dedupe=dedupe,
        now=now,
        is_secret=is_secret,
        not_after=not_after,
        locale=await customers.locale_of(tx, order.customer_id),
    )


async def company_name(tx: Tx) -> str:
    """As on the invoices; before there is a tax profile, as the organisation was founded."""
    seller = await invoicing.find_seller(tx)
    return seller.display_name if seller else (await identity.get_organisation(tx)).name


async def _local_time(tx: Tx, at: datetime) -> str:
    zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
    return format_datetime(at.astimezone(zone), "d MMM, h:mm a", locale="en_IN")


async def _local_day(tx: Tx, at: datetime) -> date:
    return at.astimezone(ZoneInfo((await identity.get_organisation(tx)).time_zone)).date()


def _money(minor: int, currency: str) -> dict[str, str]:
    """With the sign for e-mail; in letters for texts, where ₹ would double their price."""
    code = "Rs" if currency == "INR" else currency
    return {
        "amount": with_symbol(minor, currency),
        "amount_plain": f"{code} {amount(minor, currency)}",
    }


def _due_at_the_door(order: OrderSnapshot) -> str:
    due = order.total_minor - order.paid_minor
    is_cash = order.payment_method == "cod" and due > 0
    return with_symbol(due, order.currency) if is_cash else ""


def _day(on: date | None) -> str:
    return format_date(on, "EEE, d MMM", locale="en_IN") if on else NO_PROMISE


def _first_name(order: OrderSnapshot) -> str:
    return (order.customer_name.split() or ["there"])[0]
