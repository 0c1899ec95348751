"""A delivery tried in vain (NDR, the carriers' non-delivery report) and what comes of it."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict
from tandem.scm.shipping.domain.configuration import Reattempts
from tandem.scm.shipping.domain.statuses import Step

FOR_A_PERSON = frozenset({"refused", "damaged"})
"""Why it failed when another try alone cannot help: somebody has to talk to the buyer first."""


class CaseState(StrEnum):
    """`open`: somebody has to decide. `closed`: it was tried again, delivered, or given up."""

    OPEN = "open"
    REATTEMPT = "reattempt"
    RETURNING = "returning"
    CLOSED = "closed"


class Action(StrEnum):
    REATTEMPT = "reattempt"
    RETURN = "return"


class CaseClosed(Conflict):
    """The parcel is out again, delivered, or on its way back: there is nothing left to decide."""

    code = "ndr_case_closed"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """`attempts` were made in vain by then; `is_automatic` where nobody had to decide; `next_on` is
    the day of the next try."""

    resource: ClassVar[str] = "shipment"
    field_rules: ClassVar[Mapping[str, str]] = {}

    id: UUID
    shipment_id: UUID
    shipment_number: str
    order_id: UUID
    carrier: str
    failed_at: datetime
    reason: str
    attempts: int
    state: CaseState
    next_on: date | None
    note: str
    is_automatic: bool
    decided_by: str
    decided_at: datetime | None
    created_at: datetime


def asks_again(reattempts: Reattempts, *, attempts: int, failure: Step) -> bool:
    """Whether the next try is asked for without anybody deciding. A visit that was none counts for
    nothing, so it is always worth another."""
    word = failure.reason.partition(":")[0].strip()
    if not reattempts.is_automatic or word in FOR_A_PERSON:
        return False
    return attempts < reattempts.attempts_max or failure.is_no_attempt
