"""What sales tells the rest of the suite. Data only."""

from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class OpportunityEvent(Event, frozen=True, kw_only=True):
    opportunity_id: UUID
    number: str
    title: str
    customer_id: UUID | None

    def key(self) -> str:
        return str(self.opportunity_id)


class OpportunityOpened(OpportunityEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.opportunity_opened.v1"
    stage: str


class OpportunityMoved(OpportunityEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.opportunity_moved.v1"
    stage: str


class OpportunityWon(OpportunityEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.opportunity_won.v1"
    amount_minor: int
    currency: str


class OpportunityLost(OpportunityEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.opportunity_lost.v1"
    reason: str


class OpportunityReopened(OpportunityEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.opportunity_reopened.v1"
    stage: str
