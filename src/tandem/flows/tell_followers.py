"""What followers of a record hear: a deal or lead that moves, an order that ends, a complaint of a
customer's. Whoever did it knows it already."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from tandem.contracts.customers import CustomerErased, CustomersMerged
from tandem.contracts.orders import OrderCancelled, OrderCompleted, OrderEvent
from tandem.contracts.payments import RefundProcessed
from tandem.contracts.sales import (
    LeadConverted,
    LeadEvent,
    LeadMoved,
    LeadsMerged,
    OpportunityEvent,
    OpportunityLost,
    OpportunityMoved,
    OpportunityReopened,
    OpportunityWon,
)
from tandem.contracts.support import ComplaintOpened
from tandem.crm.notifications.service import following
from tandem.crm.notifications.service.following import Followed
from tandem.flows.followed import RECORDS, page_of, who_sees
from tandem.flows.staff_inbox import tell
from tandem.kernel import history
from tandem.kernel.db import Tx
from tandem.kernel.events import Event, subscribe

E = TypeVar("E", bound=OpportunityEvent | LeadEvent | OrderEvent)


def _news(event: type[E], name: str, kind: Followed, said: Callable[[E], str]) -> None:
    """One row: an event whose key is its record's id and that holds all the words need."""

    @subscribe(event, f"tell_followers.{name}")
    async def hear(tx: Tx, event: E, now: datetime) -> None:
        await _tell(tx, event, kind, UUID(event.key()), said(event), now)


_news(OpportunityMoved, "deal_moved", "deal", lambda it: f"{it.number} moved to {it.stage}")
_news(OpportunityWon, "deal_won", "deal", lambda it: f"{it.number} is won")
_news(OpportunityLost, "deal_lost", "deal", lambda it: f"{it.number} is lost")
_news(OpportunityReopened, "deal_reopened", "deal", lambda it: f"{it.number} is open again")
_news(LeadMoved, "lead_moved", "lead", lambda it: f"{it.number} is {it.status} now")
_news(LeadConverted, "lead_converted", "lead", lambda it: f"{it.number} is converted")
_news(OrderCancelled, "order_cancelled", "order", lambda it: f"{it.number} is cancelled")
_news(OrderCompleted, "order_completed", "order", lambda it: f"{it.number} is completed")


@subscribe(RefundProcessed, "tell_followers.refund_processed")
async def refund_processed(tx: Tx, event: RefundProcessed, now: datetime) -> None:
    if not await following.watchers_of(tx, "order", event.order_id):
        return
    number = await RECORDS["order"].read(tx.with_all_grants(), event.order_id)
    await _tell(tx, event, "order", event.order_id, f"{number}: a refund is through", now)


@subscribe(ComplaintOpened, "tell_followers.complaint_opened")
async def complaint_opened(tx: Tx, event: ComplaintOpened, now: datetime) -> None:
    """Beside the order and beside the customer; who follows both is told once."""
    said = f"{event.number} was opened: {event.category.replace('_', ' ')}"
    if event.order_id is not None:
        await _tell(tx, event, "order", event.order_id, said, now)
    if event.customer_id is not None:
        await _tell(tx, event, "customer", event.customer_id, said, now)


@subscribe(CustomersMerged, "tell_followers.customers_merged")
async def customers_merged(tx: Tx, event: CustomersMerged, now: datetime) -> None:
    await following.hand_over(tx, "customer", event.loser_id, event.customer_id)


@subscribe(LeadsMerged, "tell_followers.leads_merged")
async def leads_merged(tx: Tx, event: LeadsMerged, now: datetime) -> None:
    await following.hand_over(tx, "lead", event.loser_id, event.lead_id)


@subscribe(CustomerErased, "tell_followers.customer_erased")
async def customer_erased(tx: Tx, event: CustomerErased, now: datetime) -> None:
    await following.forget(tx, [event.customer_id])


async def _tell(
    tx: Tx, event: Event, kind: Followed, subject_id: UUID, said: str, now: datetime
) -> None:
    watchers = await following.watchers_of(tx, kind, subject_id)
    if not watchers:
        return
    did_it = await history.last_actor(tx, event.topic, event.key())
    others = [one for one in watchers if one != did_it]
    await tell(
        tx,
        await who_sees(tx, others, kind, subject_id, now=now),
        kind="followed",
        title=said,
        link=page_of(kind, subject_id),
        dedupe=f"{event.topic}:{event.key()}:{now.isoformat()}",
        now=now,
    )
