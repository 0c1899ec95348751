"""What a deal's owner hears of its quotes and of its order: answered, waiting, ended."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.sales import (
    OpportunityEvent,
    OpportunityOrderChanged,
    QuoteAccepted,
    QuoteDeclined,
    QuoteWaiting,
)
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import OVER
from tandem.flows.staff_inbox import tell
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe


@subscribe(QuoteAccepted, "tell_staff.quote_accepted")
async def tell_accepted(tx: Tx, event: QuoteAccepted, now: datetime) -> None:
    said = f"{event.number} is accepted: {event.title}"
    await _tell(tx, event, "quote_answered", said, f"/quotes/{event.quote_id}", event.quote_id, now)


@subscribe(QuoteDeclined, "tell_staff.quote_declined")
async def tell_declined(tx: Tx, event: QuoteDeclined, now: datetime) -> None:
    said = f"{event.number} is declined: {event.title}"
    await _tell(tx, event, "quote_answered", said, f"/quotes/{event.quote_id}", event.quote_id, now)


@subscribe(QuoteWaiting, "tell_staff.quote_waiting")
async def tell_waiting(tx: Tx, event: QuoteWaiting, now: datetime) -> None:
    """Once for a quote; further reasons stand on its page."""
    said = f"{event.number} is accepted and waits for its order"
    link = f"/quotes/{event.quote_id}"
    await _tell(tx, event, "quote_waiting", said, link, event.quote_id, now, body=event.reason)


@subscribe(OpportunityOrderChanged, "tell_staff.deal_order_ended")
async def tell_ended(tx: Tx, event: OpportunityOrderChanged, now: datetime) -> None:
    if event.status not in OVER:
        return
    said = f"{event.order_number} is {event.status}: {event.title}"
    link = f"/deals/{event.opportunity_id}"
    await _tell(tx, event, "deal_order_ended", said, link, event.order_id, now)


async def _tell(
    tx: Tx,
    event: OpportunityEvent,
    kind: str,
    title: str,
    link: str,
    thing: UUID,
    now: datetime,
    *,
    body: str = "",
) -> None:
    owner_id = (await sales.get_opportunity(tx, event.opportunity_id)).owner_id
    await tell(
        tx, [owner_id], kind=kind, title=title, body=body, link=link, dedupe=str(thing), now=now
    )
