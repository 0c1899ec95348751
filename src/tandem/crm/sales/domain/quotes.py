"""A quote: what is offered, until when, and what became of it."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE, Address
from tandem.contracts.orders import PaymentMethod
from tandem.crm.sales.domain.lines import Line, LineDrafts
from tandem.kernel.errors import Conflict, Gone

VALID_DAYS = 15
PAY_DAYS = 3


class State(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    VIEWED = "viewed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class OrderState(StrEnum):
    """Of an accepted quote: whether its order is there yet."""

    NONE = ""
    PENDING = "pending_order"
    ORDERED = "ordered"


OPEN = frozenset({State.SENT, State.VIEWED})
"""The buyer can still say yes or no."""

ENDED: Mapping[State, str] = {
    State.ACCEPTED: "This quote was accepted already.",
    State.DECLINED: "This quote was declined.",
    State.EXPIRED: "This quote is no longer valid.",
    State.SUPERSEDED: "There is a newer version of this quote.",
}

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]
Email = Annotated[str, msgspec.Meta(max_length=254, pattern=PRINTABLE)]
Phone = Annotated[str, msgspec.Meta(max_length=20, pattern=PRINTABLE)]
Gstin = Annotated[str, msgspec.Meta(max_length=15, pattern=PRINTABLE)]
Words = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")]
PayDays = Annotated[int, msgspec.Meta(ge=1, le=60)]
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """One version. Minor units of `currency`; `valid_until` is its last day in the company's time
    zone; `token` opens its page `/q/<token>` once it is sent. Whose it is follows the deal.
    `pending_reason` says why an accepted quote has no order yet."""

    resource: ClassVar[str] = "quote"
    field_rules: ClassVar[Mapping[str, str]] = {
        "taxable_minor": "total_minor",
        "tax_minor": "total_minor",
        "round_off_minor": "total_minor",
        "lines": "total_minor",
    }

    id: UUID
    number: str
    revision: int
    opportunity_id: UUID
    opportunity_title: str
    state: State
    customer_id: UUID | None
    customer_name: str
    customer_email: str | None
    customer_phone: str | None
    customer_gstin: str | None
    ship_to: Address | None
    currency: str
    payment_method: PaymentMethod
    pay_days: int
    valid_until: date
    note: str
    terms: str
    place_of_supply: str
    supply_kind: str
    is_inter_state: bool
    taxable_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int
    token: str
    pdf_blob_id: UUID | None
    pdf_sha256: str
    sent_at: datetime | None
    viewed_at: datetime | None
    settled_at: datetime | None
    settled_by: str
    decline_reason: str
    order_state: OrderState
    order_id: UUID | None
    order_number: str
    pending_reason: str
    attempts: int
    next_attempt_at: datetime | None
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None
    version: int
    created_at: datetime
    created_by: str
    buyer_reminded_at: datetime | None = None
    owner_reminded_at: datetime | None = None
    lines: list[Line] = []

    @property
    def label(self) -> str:
        """QUO-1001, or QUO-1001 v2 from the second version on."""
        return f"{self.number} v{self.revision}" if self.revision > 1 else self.number


class QuoteTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be said of a draft; what is left out stays. Lines replace all lines."""

    customer_name: Name | Unset = UNSET
    customer_email: Email | Unset | None = UNSET
    customer_phone: Phone | Unset | None = UNSET
    customer_gstin: Gstin | Unset | None = UNSET
    ship_to: Address | Unset | None = UNSET
    payment_method: PaymentMethod | Unset = UNSET
    pay_days: PayDays | Unset = UNSET
    valid_until: date | Unset = UNSET
    note: Words | Unset = UNSET
    terms: Words | Unset = UNSET
    lines: LineDrafts | Unset = UNSET


class NewQuote(QuoteTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft for a deal: its lines and customer, unless something else is said."""

    opportunity_id: UUID


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who says yes. The address is needed where the quote has none, and replaces the one it has."""

    name: Name
    ship_to: Address | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """`words` is part of a customer's name or a deal's title, or the start of a number."""

    state: State | None = None
    opportunity_id: UUID | None = None
    customer_id: UUID | None = None
    is_waiting: bool | None = None
    words: str | None = None


class QuoteEnded(Gone):
    """Nothing more can be done with it: accepted, declined, expired, superseded."""

    code = "quote_ended"


class NotDraft(Conflict):
    """A version that was sent does not change; an edit makes the next one."""

    code = "quote_sent"


class DraftExists(Conflict):
    """The next version is being written already."""

    code = "quote_draft_exists"


class NotSent(Conflict):
    code = "quote_not_sent"


class NotWaiting(Conflict):
    """There is no order to wait for, or it is there."""

    code = "quote_not_waiting"


def check_open(quote: Quote, today: date) -> None:
    """Whether the buyer can still answer. Refuses with QuoteEnded and, of a draft, NotSent."""
    if quote.state is State.DRAFT:
        raise NotSent("It was not sent yet.")
    if quote.state not in OPEN:
        raise QuoteEnded(ENDED[quote.state], state=str(quote.state))
    if quote.valid_until < today:
        raise QuoteEnded(ENDED[State.EXPIRED], state=str(State.EXPIRED))


def check_revisable(quote: Quote) -> None:
    """Refuses an accepted quote: it became, or becomes, an order."""
    if quote.state is State.ACCEPTED:
        raise QuoteEnded("It was accepted and changes no more.", state=str(quote.state))
    if quote.state is State.SUPERSEDED:
        raise QuoteEnded("There is a newer version. Change that.", state=str(quote.state))
    if quote.state is State.DRAFT:
        raise DraftExists("This version is a draft. Change it as it is.")


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """All that a draft says, worked out; `Quote` has the same fields."""

    customer_id: UUID | None
    customer_name: str
    customer_email: str | None
    customer_phone: str | None
    customer_gstin: str | None
    ship_to: Address | None
    payment_method: PaymentMethod
    pay_days: int
    valid_until: date
    note: str
    terms: str
    place_of_supply: str = ""
    supply_kind: str = ""
    is_inter_state: bool = False
    taxable_minor: int = 0
    tax_minor: int = 0
    round_off_minor: int = 0
    total_minor: int = 0
    lines: list[Line] = []


def body_of(quote: Quote) -> Body:
    return Body(**{name: getattr(quote, name) for name in Body.__struct_fields__})


def given_of(terms: QuoteTerms) -> dict[str, object]:
    """What was said, by the names of the body's fields; lines are priced apart."""
    return {
        name: value
        for name in QuoteTerms.__struct_fields__
        if name != "lines" and (value := getattr(terms, name)) is not UNSET
    }
