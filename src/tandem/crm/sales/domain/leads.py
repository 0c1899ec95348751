"""A lead: somebody who may become a customer, where they came from and how far they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.contacts import normal_email, normal_phone
from tandem.contracts.likeness import Strength
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel.errors import Conflict, Gone, Invalid
from tandem.kernel.patterns import whole

TAGS_MAX = 50
TOUCHES_MAX = 500
"""Touches that are kept of one lead; whoever comes more often is known well enough."""


class StatusKind(StrEnum):
    OPEN = "open"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"


class Channel(StrEnum):
    FORM = "form"
    API = "api"
    IMPORT = "import"
    MANUAL = "manual"
    CAMPAIGN = "campaign"
    OTHER = "other"


LINE = whole(r"[^\x00-\x1f\x7f]*")
Name = Annotated[str, msgspec.Meta(max_length=200, pattern=LINE)]
JobTitle = Annotated[str, msgspec.Meta(max_length=120, pattern=LINE)]
Contact = Annotated[str, msgspec.Meta(max_length=254, pattern=LINE)]
Website = Annotated[str, msgspec.Meta(max_length=200, pattern=LINE)]
City = Annotated[str, msgspec.Meta(max_length=100, pattern=LINE)]
Country = Annotated[str, msgspec.Meta(pattern=whole(r"([A-Z]{2})?"))]
Description = Annotated[str, msgspec.Meta(max_length=5000, pattern=r"^[^\x00]*$")]
Source = Annotated[str, msgspec.Meta(max_length=60, pattern=LINE)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PRINTABLE)]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=TAGS_MAX)]
Mark = Annotated[str, msgspec.Meta(max_length=200, pattern=LINE)]
Address = Annotated[str, msgspec.Meta(max_length=1000, pattern=LINE)]


class NewTouch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where somebody came from this time: UTM marks, the page before, the page they landed on."""

    source: Source = ""
    utm_source: Mark = ""
    utm_medium: Mark = ""
    utm_campaign: Mark = ""
    utm_term: Mark = ""
    utm_content: Mark = ""
    referrer: Address = ""
    landing: Address = ""
    campaign_id: UUID | None = None


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    channel: Channel
    source: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    referrer: str
    landing: str
    campaign_id: UUID | None
    form_id: UUID | None
    at: datetime


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is what its status means. `email` in lower case, `phone` in E.164. `score` is
    `fit_score` plus `behaviour_score`; `score_due_at` is when points expire next."""

    resource: ClassVar[str] = "lead"
    field_rules: ClassVar[Mapping[str, str]] = {
        "fit_score": "score",
        "behaviour_score": "score",
        "score_due_at": "score",
    }

    id: UUID
    number: str
    name: str
    company_name: str
    job_title: str
    email: str | None
    phone: str | None
    website: str
    city: str
    country: str
    description: str
    status_id: UUID
    status_name: str
    status_colour: str
    kind: StatusKind
    lost_reason: str
    source: str
    campaign_id: UUID | None
    first_touch: dict[str, Any] | None
    last_touch: dict[str, Any] | None
    touch_count: int
    score: int
    fit_score: int
    behaviour_score: int
    score_due_at: datetime | None
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None
    customer_id: UUID | None
    account_id: UUID | None
    opportunity_id: UUID | None
    conversion_id: UUID | None
    converted_at: datetime | None
    tags: list[str]
    custom: dict[str, Any]
    merged_into_id: UUID | None
    erased_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def title(self) -> str:
        """What a list calls them."""
        return self.name or self.company_name or self.email or self.phone or self.number


class LeadDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody new, or known already by e-mail or phone. Without a status, the first open one."""

    name: Name = ""
    company_name: Name = ""
    job_title: JobTitle = ""
    email: Contact = ""
    phone: Contact = ""
    website: Website = ""
    city: City = ""
    country: Country = ""
    description: Description = ""
    status_id: UUID | None = None
    source: Source = ""
    owner_id: UUID | None = None
    team_id: UUID | None = None
    territory_id: UUID | None = None
    tags: Tags = []
    custom: dict[str, Any] = {}
    touch: NewTouch | None = None


class LeadChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null or an empty text empties. Of `custom` the keys given change.

    Converting has a call of its own; `lost_reason` is for a status that means lost."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    company_name: Name | msgspec.UnsetType = msgspec.UNSET
    job_title: JobTitle | msgspec.UnsetType = msgspec.UNSET
    email: Contact | msgspec.UnsetType | None = msgspec.UNSET
    phone: Contact | msgspec.UnsetType | None = msgspec.UNSET
    website: Website | msgspec.UnsetType = msgspec.UNSET
    city: City | msgspec.UnsetType = msgspec.UNSET
    country: Country | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    source: Source | msgspec.UnsetType = msgspec.UNSET
    status_id: UUID | msgspec.UnsetType = msgspec.UNSET
    lost_reason: Mark | msgspec.UnsetType = msgspec.UNSET
    owner_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    team_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    territory_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    tags: Tags | msgspec.UnsetType = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class LeadAlike(msgspec.Struct, frozen=True, kw_only=True):
    """A lead or a customer who may be the same person; nobody merged them."""

    thing: Literal["lead", "customer"]
    id: UUID
    number: str
    name: str
    company_name: str
    matched_on: list[str]
    strength: Strength


class AddedLead(Lead, frozen=True, kw_only=True):
    """`alike`: who else this may be, the surest first. It is kept all the same: whoever came must
    not be lost, and two leads can be merged."""

    alike: list[LeadAlike] = []


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """`is_new` is false where the person was a lead already: then this was one more touch."""

    lead: Lead
    is_new: bool


class Order(StrEnum):
    NEWEST = "newest"
    SCORE = "score"


class LeadFilters(msgspec.Struct, frozen=True, kw_only=True):
    """`words` is part of a name, a company, an address or a number, `escaped` for a pattern."""

    kind: str | None = None
    status_id: UUID | None = None
    owner_id: UUID | None = None
    is_unowned: bool = False
    team_id: UUID | None = None
    territory_id: UUID | None = None
    customer_id: UUID | None = None
    form_id: UUID | None = None
    campaign_id: UUID | None = None
    source: str | None = None
    tag: str | None = None
    score_min: int | None = None
    words: str | None = None
    ids: list[UUID] | None = None


class LeadNote(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    text: str
    author_id: UUID | None
    author_label: str
    created_at: datetime


class PossibleDuplicateLead(Conflict):
    """Nobody was written in. Say that it is another person after all, or open the one there is."""

    code = "possible_duplicate"

    def __init__(self, alike: Sequence[LeadAlike]) -> None:
        super().__init__(
            "This may be somebody you know already.",
            candidates=[msgspec.to_builtins(found) for found in alike],
        )


class LeadExists(Conflict):
    """Somebody else looks after this person already."""

    code = "lead_exists"


class AlreadyConverted(Conflict):
    """What became of it is changed there: the customer, the account, the opportunity."""

    code = "lead_converted"


class LeadMerged(Gone):
    code = "lead_merged"

    def __init__(self, merged_into_id: UUID) -> None:
        super().__init__(
            "This lead was merged into another one.", merged_into_id=str(merged_into_id)
        )


BLANKS = (
    "name", "company_name", "job_title", "website", "city", "country", "description", "source",
)  # fmt: skip
"""Texts that a later touch fills where they are empty, and never replaces."""


def check_somebody(name: str, company: str, email: str | None, phone: str | None) -> None:
    if not (name or company or email or phone):
        raise Invalid("Give a name, a company, an e-mail or a phone number.", field="name")


def read_contacts(email: str | None, phone: str | None) -> tuple[str | None, str | None]:
    """Their normal forms. Refuses EmailWrong, PhoneWrong."""
    mail = normal_email(email) if email and email.strip() else None
    call = normal_phone(phone) if phone and phone.strip() else None
    return mail, call


def filled(lead: Lead, draft: LeadDraft) -> dict[str, Any]:
    """What the draft knows and the lead does not."""
    taken: dict[str, Any] = {
        name: getattr(draft, name).strip()
        for name in BLANKS
        if not getattr(lead, name) and getattr(draft, name).strip()
    }
    if new := {key: value for key, value in draft.custom.items() if key not in lead.custom}:
        taken["custom"] = {**lead.custom, **new}
    if tags := [tag for tag in draft.tags if tag not in lead.tags]:
        taken["tags"] = [*lead.tags, *tags][:TAGS_MAX]
    return taken


def told(touch: Touch) -> dict[str, Any]:
    """A touch as the lead itself keeps it: without what is empty."""
    kept = msgspec.to_builtins(touch)
    return {name: value for name, value in kept.items() if value and name != "id"}
