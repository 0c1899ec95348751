"""Messages to customers, and what people and machines did with them."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from tandem.contracts.marketing import CampaignClicked, CampaignOpened, EngagementRejudged
from tandem.contracts.notifications import (
    MessageBounced,
    MessageComplained,
    MessageDelivered,
    MessageEvent,
    MessageFailed,
    MessageSent,
    MessageSkipped,
    MessageUnknown,
)
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story

_STATES: Mapping[type[MessageEvent], tuple[str, int]] = {
    MessageSkipped: ("skipped", 1),
    MessageUnknown: ("unknown", 2),
    MessageFailed: ("failed", 3),
    MessageSent: ("sent", 4),
    MessageDelivered: ("delivered", 5),
    MessageBounced: ("bounced", 6),
    MessageComplained: ("complained", 7),
}
"""What is known of a message's end, and which of two that came in any order counts."""


def messages(story: Story, books: Books) -> Iterator[Fact]:
    mine: dict[UUID, list[tuple[Known, MessageEvent]]] = {}
    for known, event in story.of(MessageEvent):
        if type(event) in _STATES:
            mine.setdefault(event.message_id, []).append((known, event))
    for message_id, told in mine.items():
        known, first = told[0]
        _, last = max(told, key=lambda one: _STATES[type(one[1])][1])
        values = {
            "key": story.key,
            "at": known.at,
            "on_day": books.day(known.at),
            "order_id": first.order_id,
            "customer_id": first.customer_id,
            "channel": first.channel,
            "kind": first.kind,
            "feed": first.feed or "",
            "state": _STATES[type(last)][0],
            "reason": getattr(last, "reason", "")[:200],
        }
        yield Fact("message", message_id, values)


def engagements(story: Story, books: Books) -> Iterator[Fact]:
    """An open or a click with the verdict that stands."""
    for _, event in story.of(CampaignOpened, CampaignClicked):
        verdict = event.verdict
        for _, again in story.of(EngagementRejudged):
            if again.engagement_id == event.engagement_id:
                verdict = again.verdict
        values = {
            "key": story.key,
            "at": event.at,
            "on_day": books.day(event.at),
            "message_id": event.message_id,
            "customer_id": event.customer_id,
            "campaign_id": event.campaign_id,
            "channel": event.channel,
            "kind": "click" if isinstance(event, CampaignClicked) else "open",
            "verdict": verdict,
        }
        yield Fact("engagement", event.engagement_id, values)
