"""What followers of a record hear: a deal or lead that moves, an order that ends, a complaint of a
customer's. Whoever did it knows it already."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.customers import CustomerErased, CustomersMerged
from tandem.contracts.orders import OrderCancelled, OrderCompleted
from tandem.contracts.payments import RefundProcessed
from tandem.contracts.sales import (
    LeadConverted,
    LeadMoved,
    LeadsMerged,
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


@subscribe(OpportunityMoved, "tell_followers.deal_moved")
async def deal_moved(tx: Tx, event: OpportunityMoved, now: datetime) -> None:
    said = f"{event.number} moved to {event.stage}"
    await _tell(tx, event, "deal", event.opportunity_id, said, now)


@subscribe(OpportunityWon, "tell_followers.deal_won")
async def deal_won(tx: Tx, event: OpportunityWon, now: datetime) -> None:
    await _tell(tx, event, "deal", event.opportunity_id, f"{event.number} is won", now)


@subscribe(OpportunityLost, "tell_followers.deal_lost")
async def deal_lost(tx: Tx, event: OpportunityLost, now: datetime) -> None:
    await _tell(tx, event, "deal", event.opportunity_id, f"{event.number} is lost", now)


@subscribe(OpportunityReopened, "tell_followers.deal_reopened")
async def deal_reopened(tx: Tx, event: OpportunityReopened, now: datetime) -> None:
    await _tell(tx, event, "deal", event.opportunity_id, f"{event.number} is open again", now)


@subscribe(LeadMoved, "tell_followers.lead_moved")
async def lead_moved(tx: Tx, event: LeadMoved, now: datetime) -> None:
    await _tell(tx, event, "lead", event.lead_id, f"{event.number} is {event.status} now", now)


@subscribe(LeadConverted, "tell_followers.lead_converted")
async def lead_converted(tx: Tx, event: LeadConverted, now: datetime) -> None:
    await _tell(tx, event, "lead", event.lead_id, f"{event.number} is converted", now)


@subscribe(OrderCancelled, "tell_followers.order_cancelled")
async def order_cancelled(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    await _tell(tx, event, "order", event.order_id, f"{event.number} is cancelled", now)


@subscribe(OrderCompleted, "tell_followers.order_completed")
async def order_completed(tx: Tx, event: OrderCompleted, now: datetime) -> None:
    await _tell(tx, event, "order", event.order_id, f"{event.number} is completed", now)


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
