"""A lead becomes a customer, an account, a deal; and back, as long as nobody built on it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.opportunities import Amount, Title
from tandem.kernel.errors import Conflict

Thing = Literal["customer", "account", "membership", "opportunity", "note", "task", "consent"]
What = Literal["created", "linked", "filled", "moved"]


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a lead shall be converted. The customer and the account named, or those that fit, or
    new ones; the opportunity in the pipeline named, that of the form they sent, or the first.

    `id` is the conversion's own: the same id converts once and answers the same again.
    """

    id: UUID | None = None
    customer_id: UUID | None = None
    account_id: UUID | None = None
    has_account: bool = True
    has_opportunity: bool = True
    pipeline_id: UUID | None = None
    title: Title | None = None
    amount_minor: Amount | None = None
    close_on: date | None = None
    next_step: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")] = ""


class Ref(msgspec.Struct, frozen=True, kw_only=True):
    """One record that a conversion made, linked or filled. `version` is the record's right after;
    `fields` what was filled in."""

    thing: Thing
    id: UUID
    what: What
    label: str = ""
    version: int = 0
    fields: dict[str, Any] = {}


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """A record that may be the same as the one taken; nobody merged them."""

    thing: Literal["customer", "account"]
    id: UUID
    number: str
    name: str
    matched_on: list[str]


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The lead as it was."""

    status_id: UUID
    customer_id: UUID | None = None
    account_id: UUID | None = None
    opportunity_id: UUID | None = None


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What undoing did with a record: taken away, or kept and why."""

    thing: Thing
    id: UUID
    label: str
    is_removed: bool
    reason: str = ""


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    lead_id: UUID
    customer_id: UUID
    account_id: UUID | None
    opportunity_id: UUID | None
    before: Before
    refs: list[Ref]
    alike: list[Alike]
    converted_at: datetime
    actor_label: str
    undone_at: datetime | None = None
    undone_label: str = ""
    undone: list[Undone] = []

    def refs_of(self, thing: Thing, what: What | None = None) -> list[Ref]:
        return [ref for ref in self.refs if ref.thing == thing and what in (None, ref.what)]


class ConversionIdTaken(Conflict):
    """Another lead was converted under this id."""

    code = "conversion_id_taken"


class AlreadyUndone(Conflict):
    code = "conversion_undone"


class TheirsAlready(Conflict):
    """A colleague looks after this customer or account, out of the actor's reach."""

    code = "somebody_elses_customer"
