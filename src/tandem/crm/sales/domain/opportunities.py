"""An opportunity: what it is worth, where it stands, and what moving it needs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.pipelines import PRINTABLE, Kind, Needed, Stage
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

AMOUNT_MAX = 2**53
OVER = frozenset({"cancelled", "expired"})
"""What an order is that will not be delivered: its deal may be opened again."""


class LostReason(StrEnum):
    PRICE = "price"
    COMPETITOR = "competitor"
    TIMING = "timing"
    NO_NEED = "no_need"
    NO_ANSWER = "no_answer"
    OTHER = "other"


Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
Currency = Annotated[str, msgspec.Meta(pattern=whole(r"[A-Z]{3}"))]
Rate = Annotated[str, msgspec.Meta(pattern=whole(r"[0-9]{1,9}(\.[0-9]{1,12})?"))]
Text = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]
Word = Annotated[str, msgspec.Meta(max_length=60, pattern=whole(r"[^\x00-\x1f]*"))]


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_minor` in minor units of `currency`; `fx_rate` is one unit of it in the company's own
    currency, kept as it was when the opportunity was made. `probability` in per cent is the
    stage's unless somebody set it. `amount_source` is `lines` where the amount is what its lines
    come to without tax, else `manual`. `order_status` is what the order was last heard to be,
    and `pending_order` while one is waited for."""

    resource: ClassVar[str] = "opportunity"
    field_rules: ClassVar[Mapping[str, str]] = {
        "manual_probability": "probability",
        "lost_reason": "lost_note",
    }

    id: UUID
    number: str
    title: str
    customer_id: UUID | None
    customer_name: str
    pipeline_id: UUID
    stage_id: UUID
    stage_name: str
    status: Kind
    amount_minor: int | None
    currency: str
    fx_rate: Decimal
    probability: int
    manual_probability: int | None
    close_on: date | None
    next_step: str
    source: str
    rank: str
    lost_reason: str
    lost_note: str
    competitor: str
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None
    order_id: UUID | None
    stage_entered_at: datetime
    expected_days: int | None
    closed_at: datetime | None
    version: int
    created_at: datetime
    amount_source: str = "manual"
    order_number: str = ""
    order_status: str = ""
    custom: dict[str, Any] = {}

    @property
    def is_erased(self) -> bool:
        """Its customer was erased, and every word of theirs with them (`store.people`). Whoever
        opens it again may give it another title, and still be told nothing of before."""
        return self.customer_name == "Erased"

    def is_rotting(self, now: datetime) -> bool:
        """It has stood in its stage longer than the stage expects."""
        if self.expected_days is None or self.status is not Kind.OPEN:
            return False
        return now - self.stage_entered_at > timedelta(days=self.expected_days)


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new opportunity. Without a stage it begins in the first one of its pipeline; without a
    pipeline, in the first pipeline."""

    title: Title
    customer_id: UUID | None = None
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    amount_minor: Amount | None = None
    currency: Currency | None = None
    fx_rate: Rate | None = None
    close_on: date | None = None
    next_step: Text = ""
    source: Word = ""
    owner_id: UUID | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null empties."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    amount_minor: Amount | msgspec.UnsetType | None = msgspec.UNSET
    close_on: date | msgspec.UnsetType | None = msgspec.UNSET
    manual_probability: Annotated[int, msgspec.Meta(ge=0, le=100)] | msgspec.UnsetType | None = (
        msgspec.UNSET
    )
    next_step: Text | msgspec.UnsetType = msgspec.UNSET
    source: Word | msgspec.UnsetType = msgspec.UNSET
    owner_id: UUID | msgspec.UnsetType | None = msgspec.UNSET


class Loss(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: LostReason
    note: Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""
    competitor: Annotated[str, msgspec.Meta(max_length=120, pattern=whole(r"[^\x00-\x1f]*"))] = ""


class StageChange(msgspec.Struct, frozen=True, kw_only=True):
    """`seconds` it stayed there; until now for where it stands."""

    from_stage_id: UUID | None
    to_stage_id: UUID
    stage_name: str
    at: datetime
    actor_label: str
    note: str
    seconds: int = 0


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """`words` is part of a title or a customer's name, or the start of a number; `escaped`."""

    status: str | None = None
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    customer_id: UUID | None = None
    owner_id: UUID | None = None
    words: str | None = None
    ids: list[UUID] | None = None


def escaped(words: str | None) -> str | None:
    """For a pattern in which `%` and `_` mean themselves."""
    if not words:
        return None
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class ColumnFull(Conflict):
    """The stage takes no more open cards."""

    code = "wip_limit_reached"


class NotOpen(Conflict):
    code = "opportunity_closed"


class AlreadyOpen(Conflict):
    code = "opportunity_open"


WORDS = {
    Needed.AMOUNT: "an amount",
    Needed.CLOSE_ON: "a closing date",
    Needed.CUSTOMER: "a customer",
    Needed.OWNER: "an owner",
    Needed.NEXT_STEP: "a next step",
}


YEARS = range(2000, 2201)
"""Anything else is a slip of the hand, and would stand at the end of every forecast."""


def check_close_day(day: date | None) -> None:
    if day is not None and day.year not in YEARS:
        raise Invalid("Give a year from 2000 to 2200.", field="close_on")


def check_entry(opportunity: Opportunity, target: Stage, stages: Sequence[Stage]) -> None:
    """Entering a stage needs what it asks for, and what every open stage before it asks for: none
    is skipped. Winning needs an amount. Refuses with the first field at fault."""
    needed = list(target.required_fields)
    if target.kind is not Kind.LOST:
        before = [one for one in stages if one.kind is Kind.OPEN]
        before = [one for one in before if one.position < target.position]
        needed += [field for one in before for field in one.required_fields]
    if target.kind is Kind.WON:
        needed.append(Needed.AMOUNT)
    for field in Needed:
        if field in needed and getattr(opportunity, field) in (None, ""):
            raise Invalid(f"{target.name} needs {WORDS[field]}.", field=field)


def check_loss(loss: Loss) -> None:
    """`other` explains itself; losing to a competitor names them."""
    if loss.reason is LostReason.OTHER and not loss.note.strip():
        raise Invalid("Say in a note what the reason was.", field="note")
    if loss.reason is LostReason.COMPETITOR and not loss.competitor.strip():
        raise Invalid("Name the competitor.", field="competitor")


def timed(changes: Sequence[StageChange], ends: datetime) -> list[StageChange]:
    """How long each stay lasted. The stays add up to the time from the first change to `ends`."""
    leaves = [change.at for change in changes[1:]] + [ends]
    return [
        msgspec.structs.replace(change, seconds=round((left - change.at).total_seconds()))
        for change, left in zip(changes, leaves, strict=True)
    ]
