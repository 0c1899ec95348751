"""A company with something in every kind of facts: forty orders and what followed them."""

import random
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tandem.contracts.customers import CustomerAdded
from tandem.contracts.inventory import StockAdjusted, StockCommitted, StockMove
from tandem.contracts.invoicing import CreditNoteIssued, InvoiceIssued
from tandem.contracts.marketing import CampaignClicked, CampaignOpened
from tandem.contracts.notifications import MessageBounced, MessageDelivered, MessageSent
from tandem.contracts.orders import OrderExpired, OrderPlaced
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.contracts.sales import LeadCaptured, LeadConverted, OpportunityStands
from tandem.contracts.shipping import ShipmentCreated, ShipmentStatusChanged
from tandem.contracts.support import ComplaintOpened, ComplaintRated, ComplaintStatusChanged
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id
from tests.analytics.givens import NOON, Counted, cancelled, confirmed, placed

ORDERS = 40
DICE = 20261122


async def fill(company: Counted, *, batches: int = 1) -> None:
    """Told in a random order, and counted in so many batches a minute apart."""
    dice = random.Random(DICE)
    customers = [new_id() for _ in range(9)]
    at = NOON - timedelta(days=70)
    told: list[tuple[datetime, list[Event]]] = [
        (at, [CustomerAdded(customer_id=one, name="Somebody") for one in customers])
    ]
    for _ in range(ORDERS):
        placed_at = at + timedelta(days=dice.uniform(0, 69.9))
        order = placed(
            dice.randint(-2, 50) * 100_00 + 17,
            customer=dice.choice(customers),
            channel=dice.choice(["web", "shop", ""]),
            currency=dice.choice(["INR", "INR", "INR", "USD"]),
            state=dice.choice(["29", "27", ""]),
            lines=[(dice.choice(["TEA", "MUG"]), dice.randint(1, 5), dice.randint(1, 9999))],
        )
        told.append((placed_at, [order]))
        told += [(placed_at + timedelta(hours=5), [one]) for one in _after(order, dice, placed_at)]
    told += [(at + timedelta(days=dice.uniform(0, 69)), _others(dice, at)) for _ in range(12)]
    dice.shuffle(told)
    for place, (moment, events) in enumerate(told, 1):
        await company.tell(*events, at=moment, counts=False)
        if place * batches // len(told) > (place - 1) * batches // len(told):
            await company.count()
            company.clock.at += timedelta(minutes=batches - 1)


def _after(order: OrderPlaced, dice: random.Random, at: datetime) -> list[Event]:
    fate = dice.random()
    if fate < 0.15:
        return [OrderExpired(order_id=order.order_id, number=order.number)]
    money: dict[str, Any] = {
        "order_id": order.order_id,
        "payment_id": new_id(),
        "currency": order.currency,
    }
    amount = abs(order.total_minor)
    paid = PaymentCaptured(
        **money,
        provider_payment_id="pay",
        method=dice.choice(["upi", "card"]),
        amount_minor=amount,
        captured_minor=amount,
    )
    paper: dict[str, Any] = {
        "order_id": order.order_id,
        "currency": order.currency,
        "total_minor": amount,
    }
    invoice_id = new_id()
    done: list[Event] = [
        confirmed(order),
        paid,
        InvoiceIssued(**paper, invoice_id=invoice_id, number="I"),
    ]
    if fate < 0.3:
        back = RefundProcessed(
            **money, refund_id=new_id(), amount_minor=amount, refunded_minor=amount
        )
        credit = CreditNoteIssued(
            **paper, invoice_id=new_id(), number="C", original_id=invoice_id, original_number="I"
        )
        return [*done, cancelled(order), back, credit]
    return [*done, *_parcel(order, dice, at), *_complaint(order, dice)]


def _parcel(order: OrderPlaced, dice: random.Random, at: datetime) -> list[Event]:
    shipment: dict[str, Any] = {"order_id": order.order_id, "shipment_id": new_id(), "number": "S"}
    arrives = at + timedelta(days=dice.uniform(0.5, 6))
    move = StockMove(
        variant_id=UUID(int=1), sku="TEA", location_id=UUID(int=7), quantity=-dice.randint(1, 4)
    )
    return [
        ShipmentCreated(
            **shipment,
            carrier=dice.choice(["own_fleet", "blue"]),
            promised_on=dice.choice([None, (at + timedelta(days=3)).date()]),
        ),
        StockCommitted(order_id=order.order_id, shipment_id=shipment["shipment_id"], moves=[move]),
        ShipmentStatusChanged(**shipment, status="delivery_failed", occurred_at=arrives),
        ShipmentStatusChanged(**shipment, status="delivered", occurred_at=arrives),
    ]


def _complaint(order: OrderPlaced, dice: random.Random) -> list[Event]:
    if dice.random() < 0.5:
        return []
    about: dict[str, Any] = {
        "complaint_id": new_id(), "number": "C", "order_id": order.order_id, "origin": "staff",
    }  # fmt: skip
    opened = ComplaintOpened(
        **about,
        category=dice.choice(["late", "broken"]),
        severity="p2",
        queue="care",
        channel="phone",
        customer_id=order.customer_id,
        shipment_id=None,
    )
    if dice.random() < 0.5:
        return [opened]
    return [
        opened,
        ComplaintStatusChanged(**about, before="open", after="resolved"),
        ComplaintRated(**about, rating=dice.randint(1, 5)),
    ]


def _others(dice: random.Random, at: datetime) -> list[Event]:
    """A deal, a lead, a message with what came of it, and goods on a shelf."""
    message: dict[str, Any] = {
        "message_id": new_id(), "order_id": None, "channel": "email", "template": "campaign",
    }  # fmt: skip
    lead: dict[str, Any] = {"lead_id": new_id(), "number": "L"}
    touch: dict[str, Any] = {
        "message_id": message["message_id"], "customer_id": new_id(), "campaign_id": new_id(),
        "journey_id": None, "channel": "email", "variant_id": None, "reason": "",
        "at": at + timedelta(days=dice.uniform(0, 60)),
    }  # fmt: skip
    return [
        OpportunityStands(
            opportunity_id=new_id(),
            number="D",
            title="Benches",
            customer_id=None,
            pipeline_id=UUID(int=3),
            stage=dice.choice(["New", "Offer"]),
            status=dice.choice(["open", "won", "lost"]),
            amount_minor=dice.choice([None, dice.randint(0, 10**7)]),
            currency="INR",
            fx_rate="1",
            probability=dice.randint(0, 100),
            close_on=date(2026, 12, 1),
            source="",
            lost_reason="",
            owner_id=None,
        ),
        LeadCaptured(
            **lead, is_new=True, touch_id=new_id(), channel="form", source="", utm_source="ads",
            utm_medium="", utm_campaign="", campaign_id=None, form_id=None, owner_id=None,
        ),
        *(
            [LeadConverted(**lead, conversion_id=new_id(), account_id=None, opportunity_id=None)]
            if dice.random() < 0.5 else []
        ),
        MessageSent(**message),
        dice.choice(
            [MessageDelivered(**message), MessageBounced(**message, bounce="hard", reason="gone")]
        ),
        CampaignOpened(**touch, engagement_id=new_id(), verdict=dice.choice(["human", "bot"])),
        CampaignClicked(
            **touch, engagement_id=new_id(), verdict=dice.choice(["human", "bot"]), url="https://x"
        ),
        StockAdjusted(
            variant_id=UUID(int=1), sku="TEA", location_id=UUID(int=7),
            quantity=dice.randint(-3, 30), reason="received",
        ),
    ]  # fmt: skip
