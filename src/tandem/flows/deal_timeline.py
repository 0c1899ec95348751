"""What happens with a customer's deals and quotes, on the customer's timeline."""

from datetime import datetime
from typing import Any

from tandem.contracts.sales import (
    OpportunityEvent,
    OpportunityLost,
    OpportunityOpened,
    OpportunityWon,
    QuoteAccepted,
    QuoteDeclined,
    QuoteEvent,
    QuoteSent,
)
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.timeline import NewActivity
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe

TIMELINE = "sales.customers_timeline"


@subscribe(OpportunityOpened, TIMELINE)
async def deal_opened(tx: Tx, event: OpportunityOpened, now: datetime) -> None:
    await _write(tx, "deal_opened", event, now, detail=event.title)


@subscribe(OpportunityWon, TIMELINE)
async def deal_won(tx: Tx, event: OpportunityWon, now: datetime) -> None:
    money = {"amount_minor": event.amount_minor, "currency": event.currency}
    await _write(tx, "deal_won", event, now, detail=event.title, **money)


@subscribe(OpportunityLost, TIMELINE)
async def deal_lost(tx: Tx, event: OpportunityLost, now: datetime) -> None:
    await _write(tx, "deal_lost", event, now, detail=event.title)


@subscribe(QuoteSent, TIMELINE)
async def quote_sent(tx: Tx, event: QuoteSent, now: datetime) -> None:
    money = {"amount_minor": event.total_minor, "currency": event.currency}
    await _write(tx, "quote_sent", event, now, detail=event.title, **money)


@subscribe(QuoteAccepted, TIMELINE)
async def quote_accepted(tx: Tx, event: QuoteAccepted, now: datetime) -> None:
    money = {"amount_minor": event.total_minor, "currency": event.currency}
    await _write(tx, "quote_accepted", event, now, detail=event.title, **money)


@subscribe(QuoteDeclined, TIMELINE)
async def quote_declined(tx: Tx, event: QuoteDeclined, now: datetime) -> None:
    await _write(tx, "quote_declined", event, now, detail=event.title)


async def _write(tx: Tx, kind: str, event: OpportunityEvent, now: datetime, **facts: Any) -> None:
    """Once for a deal, once for each version of a quote. Nobody's deal is on nobody's timeline."""
    if event.customer_id is None:
        return
    thing = event.quote_id if isinstance(event, QuoteEvent) else event.opportunity_id
    await customers.record_activity(
        tx,
        NewActivity(
            kind=kind,
            dedupe=f"{kind}:{thing}",
            occurred_at=now,
            customer_id=event.customer_id,
            facts={"number": event.number, "deal_id": str(event.opportunity_id), **facts},
        ),
    )
