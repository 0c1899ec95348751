"""What sales tells the rest of the suite. Data only."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class OpportunityEvent(Event, frozen=True, kw_only=True):
    resource: ClassVar[str] = "opportunity"
    field_rules: ClassVar[Mapping[str, str]] = {"total_minor": "quote.total_minor"}

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


class OpportunityWithdrawn(OpportunityEvent, frozen=True, kw_only=True):
    """It was opened by mistake and nobody touched it: it is gone, and nothing counts it."""

    topic: ClassVar[str] = "sales.opportunity_withdrawn.v1"


class OpportunityReopened(OpportunityEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.opportunity_reopened.v1"
    stage: str


class OpportunityStands(OpportunityEvent, frozen=True, kw_only=True):
    """How it stands after a change, whole, for whoever counts. `amount_minor` is in `currency`,
    `fx_rate` one unit of it in the company's own, `probability` in per cent."""

    topic: ClassVar[str] = "sales.opportunity_stands.v1"
    pipeline_id: UUID
    stage: str
    status: str
    amount_minor: int | None
    currency: str
    fx_rate: str
    probability: int
    close_on: date | None
    source: str
    lost_reason: str
    owner_id: UUID | None


class OpportunityAmountChanged(OpportunityEvent, frozen=True, kw_only=True):
    """`amount_source` says whether somebody wrote the amount (`manual`) or its lines make it."""

    topic: ClassVar[str] = "sales.opportunity_amount_changed.v1"
    amount_minor: int | None
    currency: str
    amount_source: str


class QuoteEvent(OpportunityEvent, frozen=True, kw_only=True):
    """Of one version of a quote; `number` is the quote's, `title` the deal's."""

    quote_id: UUID
    revision: int


class QuoteSent(QuoteEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.quote_sent.v1"
    total_minor: int
    currency: str


class QuoteViewed(QuoteEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.quote_viewed.v1"


class QuoteAccepted(QuoteEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.quote_accepted.v1"
    total_minor: int
    currency: str


class QuoteDeclined(QuoteEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.quote_declined.v1"


class QuoteExpired(QuoteEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.quote_expired.v1"


class QuoteWaiting(QuoteEvent, frozen=True, kw_only=True):
    """Accepted, and its order cannot be placed yet; `reason` in words."""

    topic: ClassVar[str] = "sales.quote_waiting.v1"
    reason: str


class QuoteOrdered(QuoteEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.quote_ordered.v1"
    order_id: UUID
    order_number: str


class OpportunityOrderChanged(OpportunityEvent, frozen=True, kw_only=True):
    """The order that a won deal became is now `status`, in the words of orders."""

    topic: ClassVar[str] = "sales.opportunity_order_changed.v1"
    order_id: UUID
    order_number: str
    status: str


class LeadEvent(Event, frozen=True, kw_only=True):
    """No event of a lead says who it is: names and addresses are read where they are kept."""

    resource: ClassVar[str] = "lead"

    lead_id: UUID
    number: str
    customer_id: UUID | None = None

    def key(self) -> str:
        return str(self.lead_id)


class LeadCaptured(LeadEvent, frozen=True, kw_only=True):
    """Somebody came: for the first time (`is_new`), or once more. `channel` is form, api, import,
    manual, campaign or other; the marks are those of this touch."""

    topic: ClassVar[str] = "sales.lead_captured.v1"
    is_new: bool
    touch_id: UUID
    channel: str
    source: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    campaign_id: UUID | None
    form_id: UUID | None
    owner_id: UUID | None
    is_owner_by_default: bool = False
    """Whoever wrote it in has it, and nobody said so: a rule may still give it to somebody else."""


class LeadChanged(LeadEvent, frozen=True, kw_only=True):
    """`fields` are the names of what changed."""

    topic: ClassVar[str] = "sales.lead_changed.v1"
    fields: list[str]


class LeadNoted(LeadEvent, frozen=True, kw_only=True):
    """Somebody of the staff wrote a note beside it."""

    topic: ClassVar[str] = "sales.lead_noted.v1"
    note_id: UUID
    author_id: UUID | None


class LeadMoved(LeadEvent, frozen=True, kw_only=True):
    """Into another status; `kind` is what that means: open, qualified, converted or lost."""

    topic: ClassVar[str] = "sales.lead_moved.v1"
    status: str
    kind: str
    before: str


class LeadLinked(LeadEvent, frozen=True, kw_only=True):
    """The lead is a customer that is known: `customer_id` is set."""

    topic: ClassVar[str] = "sales.lead_linked.v1"


class LeadScored(LeadEvent, frozen=True, kw_only=True):
    """The score changed. `crossed` is the threshold it rose over, `fell_below` the one it fell
    under; empty where none."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "before": "score",
        "crossed": "score",
        "fell_below": "score",
    }

    topic: ClassVar[str] = "sales.lead_scored.v1"
    score: int
    before: int
    crossed: str = ""
    fell_below: str = ""


class LeadAssigned(LeadEvent, frozen=True, kw_only=True):
    """`rule_id` is the assignment rule that chose; none where a person did."""

    topic: ClassVar[str] = "sales.lead_assigned.v1"
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None
    rule_id: UUID | None = None


class LeadQualified(LeadEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.lead_qualified.v1"
    status: str


class LeadConverted(LeadEvent, frozen=True, kw_only=True):
    """It became these; `conversion_id` is what can be undone."""

    topic: ClassVar[str] = "sales.lead_converted.v1"
    conversion_id: UUID
    account_id: UUID | None
    opportunity_id: UUID | None


class LeadConversionUndone(LeadEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.lead_conversion_undone.v1"
    conversion_id: UUID


class LeadsMerged(LeadEvent, frozen=True, kw_only=True):
    """`loser_id` means `lead_id` from now on."""

    topic: ClassVar[str] = "sales.leads_merged.v1"
    loser_id: UUID


class SequenceEvent(LeadEvent, frozen=True, kw_only=True):
    """A lead's way through a sequence of mails."""

    run_id: UUID
    sequence: str


class SequenceStarted(SequenceEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "sales.sequence_started.v1"


class SequenceMailed(SequenceEvent, frozen=True, kw_only=True):
    """The mail `step` (from 1) is on its way."""

    topic: ClassVar[str] = "sales.sequence_mailed.v1"
    step: int


class SequenceEnded(SequenceEvent, frozen=True, kw_only=True):
    """Before its last mail: `reason` is replied, came_again, by_hand, settled, said_no, bounced,
    ..."""

    topic: ClassVar[str] = "sales.sequence_ended.v1"
    reason: str


class LeadWithdrawn(LeadEvent, frozen=True, kw_only=True):
    """It came by a file that was taken back, and is gone whole."""

    topic: ClassVar[str] = "sales.lead_withdrawn.v1"


class LeadImportFailed(Event, frozen=True, kw_only=True):
    """A file of leads could not be read to its end. `user_id` is the member who began it."""

    topic: ClassVar[str] = "sales.lead_import_failed.v1"
    job_id: UUID
    filename: str
    reason: str
    user_id: UUID | None

    def key(self) -> str:
        return str(self.job_id)


class FormSubmitted(Event, frozen=True, kw_only=True):
    """Somebody sent a form: `verdict` is accepted, waiting (for the mailed link) or spam."""

    topic: ClassVar[str] = "sales.form_submitted.v1"
    form_id: UUID
    submission_id: UUID
    verdict: str

    def key(self) -> str:
        return str(self.submission_id)
