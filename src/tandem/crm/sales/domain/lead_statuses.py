"""Statuses of leads: named and coloured freely, four kinds that mean something to the suite."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import StatusKind
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel.errors import Conflict, Invalid

STATUSES_MAX = 30
Colour = Literal["grey", "blue", "teal", "green", "amber", "orange", "red", "purple"]
COLOURS: tuple[Colour, ...] = (
    "grey", "blue", "teal", "green", "amber", "orange", "red", "purple",
)  # fmt: skip
StatusName = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PRINTABLE)]


class StatusDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A status as somebody wants it. `id` names one that is there; without it, it is new."""

    name: StatusName
    kind: StatusKind = StatusKind.OPEN
    colour: Colour = "grey"
    id: UUID | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    kind: StatusKind
    colour: Colour
    position: int
    version: int


class StatusInUse(Conflict):
    """Leads stand in it: move them first."""

    code = "status_in_use"


DEFAULTS = (
    StatusDraft(name="New", colour="blue"),
    StatusDraft(name="Contacted", colour="teal"),
    StatusDraft(name="Nurturing", colour="purple"),
    StatusDraft(name="Qualified", kind=StatusKind.QUALIFIED, colour="amber"),
    StatusDraft(name="Converted", kind=StatusKind.CONVERTED, colour="green"),
    StatusDraft(name="Lost", kind=StatusKind.LOST, colour="grey"),
)


def check_statuses(statuses: Sequence[StatusDraft]) -> None:
    """Somewhere to begin, to qualify and to lose, one place for what was converted, no name
    twice."""
    kinds = [status.kind for status in statuses]
    if kinds.count(StatusKind.CONVERTED) != 1 or not set(StatusKind) <= set(kinds):
        raise Invalid(
            "Leads need at least one open, one qualified and one lost status, and exactly one "
            "converted.",
            field="statuses",
        )
    names = [status.name.strip().casefold() for status in statuses]
    if len(set(names)) < len(names):
        raise Invalid("Two statuses have the same name.", field="statuses")


def check_successors(
    heirs: Mapping[UUID, UUID], gone: Sequence[UUID], known: Mapping[UUID, Status]
) -> None:
    """Each follows one that goes, stays itself, and means the same."""
    for source, into in heirs.items():
        is_kept = into in known and into not in gone
        if source not in gone or not is_kept or known[into].kind is not known[source].kind:
            raise Invalid(
                "Leads of a status that goes are handed to one of the same kind that stays.",
                field="successors",
            )
