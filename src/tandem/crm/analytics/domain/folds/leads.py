"""Leads: where they came from and what became of them."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from tandem.contracts.sales import (
    LeadAssigned,
    LeadCaptured,
    LeadConversionUndone,
    LeadConverted,
    LeadEvent,
    LeadMoved,
    LeadScored,
    LeadWithdrawn,
)
from tandem.crm.analytics.domain.folds.story import Books, Fact, Story, days_between


def leads(story: Story, books: Books) -> Iterator[Fact]:
    """The first touch is where a lead came from, whatever touched it later."""
    first = next(story.of(LeadCaptured), None)
    if first is None or any(story.of(LeadWithdrawn)):
        return
    known, captured = first
    owner, score, status = captured.owner_id, 0, "open"
    customer: UUID | None = None
    deal: UUID | None = None
    converted: datetime | None = None
    for one, event in story.of(LeadEvent):
        customer = event.customer_id or customer
        match event:
            case LeadAssigned():
                owner = event.owner_id
            case LeadScored():
                score = event.score
            case LeadMoved():
                status = event.kind
            case LeadConverted():
                converted, deal, status = one.at, event.opportunity_id, "converted"
            case LeadConversionUndone():
                converted, deal, status = None, None, "open"
    values = {
        "key": story.key,
        "at": known.at,
        "on_day": books.day(known.at),
        "number": captured.number,
        "customer_id": customer,
        "owner_id": owner,
        "opportunity_id": deal,
        "channel": captured.channel,
        "source": captured.source or captured.utm_source,
        "campaign": captured.utm_campaign,
        "status": status,
        "score": score,
        "converted_at": converted,
        "converted_on": books.day(converted) if converted else None,
        "days": days_between(known.at, converted) if converted else None,
    }
    yield Fact("lead", captured.lead_id, values)
