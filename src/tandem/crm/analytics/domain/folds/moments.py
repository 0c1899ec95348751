"""What happened to people and when: the steps that funnels and cohorts are made of.

A happening that was taken back stays as a fact that no longer holds. What happened to nobody known
is left out.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid5

from tandem.contracts.customers import CustomerAdded
from tandem.contracts.marketing import CampaignClicked, CampaignOpened, EngagementRejudged
from tandem.contracts.notifications import MessageDelivered, MessageEvent, MessageSent
from tandem.contracts.orders import OrderCancelled, OrderConfirmed
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.contracts.sales import (
    LeadCaptured,
    LeadConversionUndone,
    LeadConverted,
    LeadEvent,
    LeadMoved,
    OpportunityStands,
    OpportunityWithdrawn,
)
from tandem.contracts.shipping import ShipmentStatusChanged
from tandem.contracts.support import ComplaintOpened, ComplaintStatusChanged
from tandem.crm.analytics.domain.folds.orders import placed_of, status_of
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story
from tandem.kernel.events import Event

_OF_ORDERS: tuple[tuple[type[Event], str], ...] = (
    (OrderConfirmed, "order_confirmed"),
    (OrderCancelled, "order_cancelled"),
    (PaymentCaptured, "order_paid"),
    (RefundProcessed, "order_refunded"),
)
_SOLVED = ("resolved", "closed")


class Person:
    """Whom the moments of one record happened to, and what they are cut by."""

    def __init__(self, story: Story, books: Books, **whose: Any) -> None:
        self.story = story
        self.books = books
        self.whose = whose

    def moment(self, known: Known, kind: str, **more: Any) -> Fact:
        at = more.pop("at", known.at)
        empty = dict.fromkeys(("channel", "source", "campaign", "state_code", "stage"), "")
        values = {
            **empty,
            "key": self.story.key,
            "at": at,
            "on_day": self.books.day(at),
            "kind": kind,
            "holds": True,
            "customer_id": None,
            "lead_id": None,
            "status": "",
            **self.whose,
            **more,
        }
        return Fact("moment", uuid5(known.id, kind), values)


def order_moments(story: Story, books: Books) -> Iterator[Fact]:
    """`status` is what became of the order; money and parcels are moments of their own."""
    placed = placed_of(story)
    if placed is None:
        return
    first = next(known for known in story.events if known.event is placed[1])
    person = Person(
        story,
        books,
        customer_id=placed[1].customer_id,
        record_id=placed[1].order_id,
        channel=placed[1].channel,
        state_code=placed[1].state_code,
        status=status_of(story),
    )
    yield person.moment(first, "order_placed")
    for known in story.events:
        kind = next((name for one, name in _OF_ORDERS if isinstance(known.event, one)), None)
        if kind is not None:
            yield person.moment(known, kind)
        elif isinstance(known.event, ShipmentStatusChanged) and known.event.status == "delivered":
            yield person.moment(known, "order_delivered", at=known.event.occurred_at)


def lead_moments(story: Story, books: Books) -> Iterator[Fact]:
    """A conversion that was undone never happened, nor did the moves it brought about."""
    first = next(story.of(LeadCaptured), None)
    if first is None:
        return
    captured = first[1]
    mine = list(story.of(LeadEvent))
    customers = [event.customer_id for _, event in mine if event.customer_id]
    person = Person(
        story,
        books,
        customer_id=customers[-1] if customers else None,
        lead_id=captured.lead_id,
        record_id=captured.lead_id,
        channel=captured.channel,
        source=captured.source or captured.utm_source,
        campaign=captured.utm_campaign,
    )
    undone = {event.conversion_id for _, event in story.of(LeadConversionUndone)}
    for known, event in mine:
        match event:
            case LeadCaptured():
                yield person.moment(known, "lead_captured")
            case LeadMoved(kind="qualified"):
                yield person.moment(known, "lead_qualified")
            case LeadMoved(kind="lost"):
                yield person.moment(known, "lead_lost")
            case LeadConverted():
                holds = event.conversion_id not in undone
                yield person.moment(known, "lead_converted", holds=holds)


def deal_moments(story: Story, books: Books) -> Iterator[Fact]:
    """Into each stage, won and lost each time; a deal that was withdrawn never was."""
    standings = list(story.of(OpportunityStands))
    customer = next((one.customer_id for _, one in reversed(standings) if one.customer_id), None)
    if customer is None:
        return
    last = standings[-1][1]
    person = Person(
        story,
        books,
        customer_id=customer,
        record_id=last.opportunity_id,
        source=last.source,
        status=last.status,
        holds=not any(story.of(OpportunityWithdrawn)),
    )
    before: OpportunityStands | None = None
    for known, now in standings:
        if before is None:
            yield person.moment(known, "deal_opened", stage=now.stage)
        if before is None or before.stage != now.stage:
            yield person.moment(known, "deal_stage", stage=now.stage)
        if now.status in ("won", "lost") and (before is None or before.status != now.status):
            yield person.moment(known, f"deal_{now.status}", stage=now.stage)
        before = now


def message_moments(story: Story, books: Books) -> Iterator[Fact]:
    """Sent and arrived; `stage` is the kind of message, `campaign` what it belongs to."""
    placed = placed_of(story)
    owner = placed[1].customer_id if placed else None
    kinds: dict[type[MessageEvent], str] = {
        MessageSent: "message_sent", MessageDelivered: "message_delivered",
    }  # fmt: skip
    for known, event in story.of(MessageEvent):
        customer = event.customer_id or owner
        if type(event) in kinds and customer is not None:
            person = Person(
                story,
                books,
                customer_id=customer,
                record_id=event.message_id,
                channel=event.channel,
                campaign=event.feed or "",
                stage=event.kind,
            )
            yield person.moment(known, kinds[type(event)])


def engagement_moments(story: Story, books: Books) -> Iterator[Fact]:
    """Opens and clicks; those that a machine did, by the verdict that stands, do not hold."""
    verdicts = {event.engagement_id: event.verdict for _, event in story.of(EngagementRejudged)}
    for known, event in story.of(CampaignOpened, CampaignClicked):
        if event.customer_id is None:
            continue
        person = Person(
            story,
            books,
            customer_id=event.customer_id,
            record_id=event.message_id or event.engagement_id,
            channel=event.channel,
            campaign=str(event.campaign_id or event.journey_id or ""),
            holds=verdicts.get(event.engagement_id, event.verdict) == "human",
        )
        clicked = isinstance(event, CampaignClicked)
        kind = "message_clicked" if clicked else "message_opened"
        yield person.moment(known, kind, at=event.at)


def complaint_moments(story: Story, books: Books) -> Iterator[Fact]:
    placed = placed_of(story)
    for known, opened in story.of(ComplaintOpened):
        customer = opened.customer_id or (placed[1].customer_id if placed else None)
        if customer is None:
            continue
        person = Person(
            story,
            books,
            customer_id=customer,
            record_id=opened.complaint_id,
            channel=opened.channel,
            stage=opened.category,
        )
        yield person.moment(known, "complaint_opened")
        for moved, event in story.of(ComplaintStatusChanged):
            mine = event.complaint_id == opened.complaint_id
            if mine and event.after in _SOLVED and event.before not in _SOLVED:
                yield person.moment(moved, "complaint_solved")


def customer_moments(story: Story, books: Books) -> Iterator[Fact]:
    for known, added in story.of(CustomerAdded):
        yield Person(
            story, books, customer_id=added.customer_id, record_id=added.customer_id
        ).moment(known, "customer_added")
