"""What somebody did before they bought, who is whom, and what campaigns cost."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid5

from tandem.contracts.customers import CustomersMerged, CustomersParted
from tandem.contracts.marketing import (
    CampaignClicked,
    CampaignCost,
    EngagementRejudged,
)
from tandem.contracts.sales import LeadCaptured, LeadConversionUndone, LeadEvent, LeadsMerged
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story

HUMAN = "human"


def touches(story: Story, books: Books) -> Iterator[Fact]:
    """Clicks that a person made, and every time that a lead came from somewhere. Messages that
    were only sent or opened are none, nor are leads that somebody typed in without a source."""
    for _, clicked in story.of(CampaignClicked):
        if clicked.customer_id is not None:
            yield _click(story, books, clicked, clicked.customer_id)
    for known, came in story.of(LeadCaptured):
        marks = (came.source, came.utm_source, came.utm_medium, came.utm_campaign)
        if came.form_id or came.campaign_id or came.channel in ("form", "campaign") or any(marks):
            yield _visit(story, books, known, came)


def _click(story: Story, books: Books, one: CampaignClicked, customer_id: UUID) -> Fact:
    verdict = one.verdict
    for _, again in story.of(EngagementRejudged):
        if again.engagement_id == one.engagement_id:
            verdict = again.verdict
    tags = _tags(one.url)
    values = {
        "key": story.key,
        "at": one.at,
        "on_day": books.day(one.at),
        "person_id": customer_id,
        "kind": "click",
        "is_counted": verdict == HUMAN,
        "channel": one.channel,
        "source": tags.get("utm_source", ""),
        "medium": tags.get("utm_medium", one.channel),
        "utm_campaign": tags.get("utm_campaign", ""),
        "campaign_id": one.campaign_id,
        "journey_id": one.journey_id,
    }
    return Fact("touch", one.engagement_id, values)


def _tags(url: str) -> dict[str, str]:
    """The UTM tags of a link, as it was sent."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return {}
    return {name: value[:200] for name, value in parse_qsl(query) if name.startswith("utm_")}


def _visit(story: Story, books: Books, known: Known, one: LeadCaptured) -> Fact:
    values = {
        "key": story.key,
        "at": known.at,
        "on_day": books.day(known.at),
        "person_id": one.lead_id,
        "kind": "form" if one.form_id else "lead",
        "is_counted": True,
        "channel": one.channel,
        "source": one.utm_source or one.source,
        "medium": one.utm_medium,
        "utm_campaign": one.utm_campaign,
        "campaign_id": one.campaign_id,
        "journey_id": None,
    }
    return Fact("touch", one.touch_id, values)


def aliases(story: Story, books: Books) -> Iterator[Fact]:
    """A lead is a customer, a lead or a customer is another one; or is it no longer."""
    pairs: dict[tuple[UUID, UUID], tuple[Known, bool]] = {}
    linked: UUID | None = None
    for known, event in story.of(LeadEvent):
        if isinstance(event, LeadsMerged):
            pairs[event.loser_id, event.lead_id] = known, True
        if event.customer_id is None and not isinstance(event, LeadConversionUndone):
            continue
        if linked is not None and linked != event.customer_id:
            pairs[event.lead_id, linked] = known, False
        if event.customer_id is not None and linked != event.customer_id:
            pairs[event.lead_id, event.customer_id] = known, True
        linked = event.customer_id
    for known in story.events:
        match known.event:
            case CustomersMerged() | CustomersParted() as merge:
                is_on = isinstance(merge, CustomersMerged)
                pairs[merge.loser_id, merge.customer_id] = known, is_on
    for (from_id, to_id), (known, is_on) in pairs.items():
        values = {
            "key": story.key,
            "at": known.at,
            "on_day": books.day(known.at),
            "from_id": from_id,
            "to_id": to_id,
            "is_on": is_on,
        }
        yield Fact("alias", uuid5(from_id, str(to_id)), values)


def spends(story: Story, books: Books) -> Iterator[Fact]:
    """A line for each time that a campaign was said to cost more or less than before."""
    before = 0
    for known, event in story.of(CampaignCost):
        changed, before = event.cost_minor - before, event.cost_minor
        day = books.day(known.at)
        values: dict[str, Any] = {
            "key": story.key,
            "at": known.at,
            "on_day": day,
            "campaign_id": event.campaign_id,
            "name": event.name,
            "channel": event.channel,
            "source": event.utm_source,
            "medium": event.utm_medium,
            "utm_campaign": event.utm_campaign,
            "currency": event.currency,
            "spend_base": books.base(changed, event.currency, day),
        }
        yield Fact("spend", known.id, values)
