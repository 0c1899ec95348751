"""What marketing tells the rest of the suite. Data only."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from tandem.kernel.events import Event


class CampaignEvent(Event, frozen=True, kw_only=True):
    campaign_id: UUID
    name: str
    channel: str

    def key(self) -> str:
        return str(self.campaign_id)


class CampaignScheduled(CampaignEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "marketing.campaign_scheduled.v1"
    scheduled_at: datetime


class CampaignCost(CampaignEvent, frozen=True, kw_only=True):
    """`cost_minor` is what the campaign cost so far, as its owner states it; the UTM tags are those
    that its links carry."""

    cost_minor: int
    currency: str
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""


class CampaignStarted(CampaignCost, frozen=True, kw_only=True):
    topic: ClassVar[str] = "marketing.campaign_started.v1"
    purpose: str


class CampaignCosted(CampaignCost, frozen=True, kw_only=True):
    """Somebody stated the campaign's cost anew; minor units."""

    topic: ClassVar[str] = "marketing.campaign_costed.v1"


class CampaignPaused(CampaignEvent, frozen=True, kw_only=True):
    """`reason` is by_hand, errors, bounces, complaints, outage or approval."""

    topic: ClassVar[str] = "marketing.campaign_paused.v1"
    reason: str
    owner_id: UUID | None


class CampaignResumed(CampaignEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "marketing.campaign_resumed.v1"


class CampaignProgressed(CampaignEvent, frozen=True, kw_only=True):
    """Its counts have changed: for pages that show them."""

    topic: ClassVar[str] = "marketing.campaign_progressed.v1"


class CampaignFinished(CampaignEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "marketing.campaign_finished.v1"


class CampaignCancelled(CampaignEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "marketing.campaign_cancelled.v1"


class CampaignExpired(CampaignEvent, frozen=True, kw_only=True):
    """Its hour had passed by more than its owner allowed; nothing was sent."""

    topic: ClassVar[str] = "marketing.campaign_expired.v1"
    scheduled_at: datetime
    owner_id: UUID | None


class CampaignApprovalAsked(CampaignEvent, frozen=True, kw_only=True):
    """A second person is to say yes; whoever stands in `not_by` had a hand in it and may not."""

    topic: ClassVar[str] = "marketing.campaign_approval_asked.v1"
    approval_id: UUID
    people: int
    asked_by: UUID | None
    not_by: list[UUID]


class CampaignApprovalDecided(CampaignEvent, frozen=True, kw_only=True):
    """`told` are those who wait for the answer."""

    topic: ClassVar[str] = "marketing.campaign_approval_decided.v1"
    approval_id: UUID
    is_approved: bool
    told: list[UUID]


class JourneyEvent(Event, frozen=True, kw_only=True):
    journey_id: UUID
    name: str

    def key(self) -> str:
        return str(self.journey_id)


class JourneyApprovalAsked(JourneyEvent, frozen=True, kw_only=True):
    """A second person is to say yes; whoever stands in `not_by` had a hand in it and may not."""

    topic: ClassVar[str] = "marketing.journey_approval_asked.v1"
    approval_id: UUID
    asked_by: UUID | None
    not_by: list[UUID]


class JourneyApprovalDecided(JourneyEvent, frozen=True, kw_only=True):
    """`told` are those who wait for the answer."""

    topic: ClassVar[str] = "marketing.journey_approval_decided.v1"
    approval_id: UUID
    is_approved: bool
    told: list[UUID]


class JourneyTold(Event, frozen=True, kw_only=True):
    """A step of a journey tells systems outside about somebody: for webhooks. `title` is what its
    author calls the occasion; the same step of the same way is told once."""

    topic: ClassVar[str] = "marketing.journey_told.v1"
    journey_id: UUID
    run_id: UUID
    step: str
    customer_id: UUID
    title: str
    at: datetime

    def key(self) -> str:
        return str(self.customer_id)


class Touch(Event, frozen=True, kw_only=True):
    """Something between one person and what marketing sent; `campaign_id` or `journey_id` is set.

    Without `customer_id` it was counted without the person.
    """

    message_id: UUID | None
    customer_id: UUID | None
    campaign_id: UUID | None
    journey_id: UUID | None
    channel: str
    at: datetime

    def key(self) -> str:
        return str(self.customer_id or self.campaign_id or self.journey_id)


class CampaignReached(Touch, frozen=True, kw_only=True):
    """The provider took a message of a campaign or a journey."""

    topic: ClassVar[str] = "marketing.reached.v1"
    variant_id: UUID | None


class Engaged(Touch, frozen=True, kw_only=True):
    """Told once the verdict has settled, some seconds after it happened."""

    engagement_id: UUID
    variant_id: UUID | None
    verdict: Literal["human", "bot"]
    reason: str


class CampaignOpened(Engaged, frozen=True, kw_only=True):
    topic: ClassVar[str] = "marketing.opened.v1"


class CampaignClicked(Engaged, frozen=True, kw_only=True):
    topic: ClassVar[str] = "marketing.clicked.v1"
    url: str


class EngagementRejudged(Engaged, frozen=True, kw_only=True):
    """Its verdict is another one now; what was counted on the first one is to be taken back."""

    topic: ClassVar[str] = "marketing.engagement_rejudged.v1"
    type: Literal["open", "click"]
    verdict_before: Literal["human", "bot"]


class CampaignUnsubscribed(Touch, frozen=True, kw_only=True):
    """Somebody took their consent back by a link in a message of marketing."""

    topic: ClassVar[str] = "marketing.unsubscribed.v1"
    purpose: str


class SendingDomainChecked(Event, frozen=True, kw_only=True):
    """The records of a sending domain were looked at."""

    topic: ClassVar[str] = "marketing.sending_domain_checked.v1"
    domain_id: UUID
    domain: str
    is_verified: bool

    def key(self) -> str:
        return str(self.domain_id)
