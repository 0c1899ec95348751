"""A list of complaints: what it is narrowed to, how it is ordered, and how many there are."""

from enum import StrEnum
from uuid import UUID

import msgspec

from tandem.scm.support.domain.statuses import Severity, Status


class Sort(StrEnum):
    """`due`: what runs out first, then what has no clock running."""

    NEWEST = "-opened_at"
    DUE = "due"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Empty means everything. `text` is a number or a part of a name or subject."""

    statuses: tuple[Status, ...] = ()
    queue: str = ""
    category: str = ""
    severity: Severity | None = None
    assignee_id: UUID | None = None
    is_unassigned: bool = False
    is_overdue: bool = False
    order_id: UUID | None = None
    shipment_id: UUID | None = None
    customer_id: UUID | None = None
    text: str = ""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Complaints not settled yet, of one queue or of everybody (`queue` is empty)."""

    queue: str
    unsettled: int
    unassigned: int
    overdue: int
    mine: int
