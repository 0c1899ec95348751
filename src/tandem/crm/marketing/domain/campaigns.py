"""A campaign: whom it is for, what it says, when and how fast it leaves, and when it stops."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.crm.marketing.domain.trials import Trial
from tandem.kernel.errors import Conflict, IllegalMove, Invalid
from tandem.kernel.patterns import whole

VARIANTS_MAX = 10
OUTAGE = "outage"
"""Why a campaign stands still that goes on by itself: its channel cannot be reached."""
SEGMENTS_MAX = 50
MONEY_MAX = 2**53


class State(StrEnum):
    """`building`: its people are being written down. `sending`: they are being written to."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    BUILDING = "building"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MOVES: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SCHEDULED, State.CANCELLED}),
    State.SCHEDULED: frozenset({State.DRAFT, State.BUILDING, State.CANCELLED, State.EXPIRED}),
    State.BUILDING: frozenset({State.SENDING, State.PAUSED, State.CANCELLED}),
    State.SENDING: frozenset({State.PAUSED, State.DONE, State.CANCELLED}),
    State.PAUSED: frozenset({State.BUILDING, State.SENDING, State.CANCELLED}),
    State.DONE: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}
assert MOVES.keys() == set(State), "every state states its moves"

AT_WORK = frozenset({State.BUILDING, State.SENDING})
ENDED = frozenset({State.DONE, State.CANCELLED, State.EXPIRED})


class Kind(StrEnum):
    """`once` leaves at its hour; `welcome` stays on and greets whoever enters its segments;
    `opt_in` asks those for their consent who have neither given nor refused it."""

    ONCE = "once"
    WELCOME = "welcome"
    OPT_IN = "opt_in"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    WEBHOOK = "webhook"


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=FILLED)]
VariantName = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=FILLED)]
Purpose = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z_]{0,39}"))]
Tag = Annotated[str, msgspec.Meta(max_length=100, pattern=whole(r"[^\x00-\x20&#?=]*"))]
Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]
Money = Annotated[int, msgspec.Meta(ge=0, le=MONEY_MAX)]
Ids = Annotated[list[UUID], msgspec.Meta(max_length=SEGMENTS_MAX)]
PerMinute = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=7 * 24 * 60)]
ClockTime = Annotated[str, msgspec.Meta(pattern=whole(r"(([01][0-9]|2[0-3]):[0-5][0-9])?"))]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
YEARS = range(2000, 2200)
"""What can be reckoned with: days and zones around it exist."""
Subject = Annotated[str, msgspec.Meta(max_length=300, pattern=whole(r"[^\x00-\x1f]*"))]
Body = Annotated[str, msgspec.Meta(max_length=200_000, pattern=r"^[^\x00]*$")]


class Utm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put on every link that has none of its own. All empty: links stay as they are. A plan that
    says nothing gets the channel and its own name."""

    source: Tag = ""
    medium: Tag = ""
    campaign: Tag = ""
    term: Tag = ""
    content: Tag = ""


class NewVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a template's version, or its own words; `{{ name }}` and the like are filled in."""

    name: VariantName = "A"
    weight: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    template_version_id: UUID | None = None
    subject: Subject = ""
    text: Body = ""
    html: Body = ""


class Variant(NewVariant, frozen=True, kw_only=True):
    id: UUID
    position: int

    def has_words(self) -> bool:
        return self.template_version_id is not None or bool(self.text or self.html)


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At which share, in per cent of what left, a campaign stops itself."""

    errors: Percent = 20
    bounces: Percent = 10
    complaints: Percent = 1


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that may be said of a campaign before it leaves.

    `include_ids` and `exclude_ids` are segments; `is_live` looks them up when it leaves, otherwise
    who is in them when it is scheduled is kept. Holdout: so many per cent get nothing, to compare.
    By webhook it calls the company's address `endpoint_id` about each person with the variant's
    `text`, a JSON. With `local_time` it leaves on the day it is scheduled for, at that hour of
    everybody's own clock (domain.local_times); whose zone is not known lives by the company's. With
    a `trial` the variants go to a sample first, and the rest gets the one that did best.
    """

    resource: ClassVar[str] = "campaign"

    name: Name
    kind: Kind = Kind.ONCE
    channel: Channel = Channel.EMAIL
    endpoint_id: UUID | None = None
    purpose: Purpose = "marketing"
    include_ids: Ids = []
    exclude_ids: Ids = []
    is_live: bool = True
    skip_if_later_minutes: Minutes | None = None
    send_until: Instant | None = None
    local_time: ClockTime = ""
    per_minute: PerMinute | None = None
    holdout_percent: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0
    trial: Trial | None = None
    from_address_id: UUID | None = None
    tracks_clicks: bool = True
    tracks_opens: bool = False
    is_tracking_people: bool = True
    utm: Utm | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    budget_minor: Money | None = None
    cost_minor: Money = 0
    variants: Annotated[list[NewVariant], msgspec.Meta(min_length=1, max_length=VARIANTS_MAX)] = (
        msgspec.field(default_factory=lambda: [NewVariant()])
    )


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """`cost_minor` and `budget_minor` in minor units of `currency`. `progress` counts people by
    state as of a few seconds ago. `trial_ends_at` is when the winner of its trial is chosen,
    `winner_id` the variant that everybody else gets, and `winner_says` by what."""

    resource: ClassVar[str] = "campaign"

    id: UUID
    name: str
    kind: Kind
    channel: Channel
    endpoint_id: UUID | None
    purpose: str
    state: State
    state_reason: str
    paused_for: str
    include_ids: list[UUID]
    exclude_ids: list[UUID]
    is_live: bool
    scheduled_at: datetime | None
    skip_if_later_minutes: int | None
    send_until: datetime | None
    local_time: str
    local_day: date | None
    per_minute: int | None
    holdout_percent: int
    trial: Trial | None
    trial_ends_at: datetime | None
    winner_id: UUID | None
    winner_says: str
    from_address_id: UUID | None
    tracks_clicks: bool
    tracks_opens: bool
    is_tracking_people: bool
    utm: Utm
    limits: Limits
    budget_minor: int | None
    cost_minor: int
    currency: str
    variants: list[Variant]
    owner_id: UUID | None
    created_by: UUID | None
    changed_by: UUID | None
    built_through: UUID | None
    built_at: datetime | None
    released_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    progress: dict[str, int]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def feed(self) -> str:
        """Under which notifications know its messages: throttled, paused and cancelled together."""
        return feed_of(self.id)

    @property
    def people(self) -> int:
        """How many it was for, as far as they are written down."""
        return sum(self.progress.values())

    @property
    def reached(self) -> int:
        return sum(self.progress.get(state, 0) for state in ("sent", "delivered", "complained"))

    def is_too_late(self, now: datetime) -> bool:
        """Its hour has passed by more than its owner allows. With an hour of everybody's own that
        is asked of each."""
        late_max = self.late_max
        if self.scheduled_at is None or late_max is None or self.local_time:
            return False
        return now - self.scheduled_at > late_max

    def is_on_trial(self, now: datetime) -> bool:
        """Its sample has been written to, and the time to see what came of it is not over."""
        return (
            self.winner_id is None and self.trial_ends_at is not None and now < self.trial_ends_at
        )

    @property
    def late_max(self) -> timedelta | None:
        minutes = self.skip_if_later_minutes
        return None if minutes is None else timedelta(minutes=minutes)


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an hour it leaves at once."""

    at: Instant | None = None


class CampaignFixed(Conflict):
    """What has been scheduled does not change under those it was promised to."""

    code = "campaign_fixed"


class CampaignIncomplete(Invalid):
    """Something is missing before it may leave; `field` names it."""

    code = "campaign_incomplete"


def written(channel: Channel) -> Literal["email", "sms", "whatsapp"]:
    """Of a campaign that writes to people, which a webhook does not."""
    match channel:
        case Channel.EMAIL:
            return "email"
        case Channel.SMS:
            return "sms"
        case Channel.WHATSAPP:
            return "whatsapp"
        case Channel.WEBHOOK:
            raise AssertionError("nobody is written to by webhook")


def feed_of(campaign_id: UUID) -> str:
    return f"campaign:{campaign_id}"


def campaign_of(feed: str | None) -> UUID | None:
    """The campaign that a feed belongs to, if it is one's."""
    kind, _, rest = (feed or "").partition(":")
    return UUID(rest) if kind == "campaign" else None


def journey_of(feed: str | None) -> UUID | None:
    """The same of a journey."""
    kind, _, rest = (feed or "").partition(":")
    return UUID(rest) if kind == "journey" else None


def with_tags(plan: Plan, *, source: str) -> Plan:
    """A plan that says nothing of UTM gets where it comes from, its channel and its name."""
    if plan.utm is not None:
        return plan
    name = re.sub(r"[^a-z0-9]+", "-", plan.name.lower()).strip("-")[:100]
    tags = Utm(source=source[:100], medium=plan.channel.value, campaign=name)
    return msgspec.structs.replace(plan, utm=tags)


def check_instant(at: datetime | None, field: str) -> None:
    if at is not None and at.year not in YEARS:
        raise Invalid("Say a time of these years.", field=field)


def check_trial(plan: Plan) -> None:
    """Refuses a trial that could not be counted, or has no end that is the same for all."""
    if plan.trial is None:
        return
    by_opens = plan.trial.metric == "opens"
    is_counted = plan.tracks_opens if by_opens else plan.tracks_clicks
    for is_wrong, why in (
        (plan.kind is not Kind.ONCE, "Only a campaign that leaves once can try its variants."),
        (plan.channel is Channel.WEBHOOK, "Nobody clicks in a webhook."),
        (bool(plan.local_time), "With an hour of everybody's own a trial has no end."),
        (not plan.is_tracking_people, "A trial has to know whose click it was."),
        (by_opens and plan.channel is not Channel.EMAIL, "Only e-mails are known to be opened."),
        (not is_counted, "What decides is not counted."),
    ):
        if is_wrong:
            raise Invalid(why, field="trial")


def check_move(campaign: Campaign, target: State) -> None:
    if target not in MOVES[campaign.state]:
        raise IllegalMove("Campaign", campaign.state, target, sorted(MOVES[campaign.state]))


def check_draft(campaign: Campaign) -> None:
    if campaign.state is not State.DRAFT:
        raise CampaignFixed("Take it back to a draft before you change it.")


def check_complete(campaign: Campaign, at: datetime, now: datetime) -> None:
    """Whom it is for and what it says must be there before it is scheduled."""
    if not campaign.include_ids:
        raise CampaignIncomplete("Say whom it is for.", field="include_ids")
    if campaign.channel is Channel.WEBHOOK and campaign.endpoint_id is None:
        raise CampaignIncomplete("Say which webhook it calls.", field="endpoint_id")
    for variant in campaign.variants:
        if not variant.has_words():
            raise CampaignIncomplete(f"Variant {variant.name} says nothing.", field="variants")
        if campaign.channel is Channel.EMAIL and not _has_subject(variant):
            raise CampaignIncomplete(f"Variant {variant.name} has no subject.", field="variants")
    ends = campaign.send_until
    if ends is not None and ends <= max(at, now):
        raise CampaignIncomplete("It would end before it begins.", field="send_until")
    if campaign.trial is None:
        return
    if ends is not None and ends <= max(at, now) + timedelta(minutes=campaign.trial.after_minutes):
        raise CampaignIncomplete("It would end before its trial does.", field="send_until")
    if len(campaign.variants) < 2:
        raise CampaignIncomplete("A trial compares two variants at least.", field="trial")


def _has_subject(variant: Variant) -> bool:
    return variant.template_version_id is not None or bool(variant.subject.strip())
