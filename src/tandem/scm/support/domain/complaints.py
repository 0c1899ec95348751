"""The complaint, its thread and its files."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole
from tandem.scm.support.domain.statuses import (
    UNSETTLED,
    Channel,
    Origin,
    Severity,
    Status,
    Visibility,
)

BODY_LENGTH_MAX = 20_000
NUMBER_START = 1001

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=whole("[a-z][a-z0-9_]*"))]
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
Body = Annotated[
    str, msgspec.Meta(min_length=1, max_length=BODY_LENGTH_MAX, pattern=r"^[^\x00]*\S[^\x00]*$")
]
Note = Annotated[str, msgspec.Meta(max_length=2_000, pattern=r"^[^\x00]*$")]


class UnknownCategory(Invalid):
    code = "unknown_category"


class UnknownQueue(Invalid):
    code = "unknown_queue"


class ComplaintClosed(Conflict):
    """A closed complaint is over: a new one may name it."""

    code = "complaint_closed"


class NotResolved(Conflict):
    code = "complaint_not_resolved"


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What a complaint is about, by id and by the number people use."""

    resource: ClassVar[str] = "complaint"

    order_id: UUID | None = None
    order_number: str = ""
    shipment_id: UUID | None = None
    shipment_number: str = ""
    invoice_id: UUID | None = None
    invoice_number: str = ""
    customer_id: UUID | None = None
    customer_name: str = ""
    customer_email: str | None = None
    customer_phone: str | None = None


class NewComplaint(msgspec.Struct, frozen=True, kw_only=True):
    """`severity` is the category's where it is left out. `body` is the first message, public where
    the buyer wrote it. A `rule` opens one complaint for its `rule_subject`, ever."""

    category: str
    subject: Subject
    channel: Channel
    links: Links = Links()
    severity: Severity | None = None
    queue: str | None = None
    body: str = ""
    visibility: Visibility = Visibility.INTERNAL
    dedupe: str | None = None
    rule: str | None = None
    rule_subject: UUID | None = None


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """Clocks: `…_due_at` while one runs, `resolution_left_seconds` of business time while it
    rests. `…_seconds` is what each was given."""

    resource: ClassVar[str] = "complaint"

    id: UUID
    number: str
    public_token: str
    order_id: UUID | None
    order_number: str
    shipment_id: UUID | None
    shipment_number: str
    invoice_id: UUID | None
    invoice_number: str
    customer_id: UUID | None
    customer_name: str
    customer_email: str | None
    customer_phone: str | None
    channel: Channel
    origin: Origin
    category: str
    severity: Severity
    status: Status
    queue: str
    assignee_id: UUID | None
    assignee_name: str
    subject: str
    rule: str | None
    rule_subject: UUID | None
    response_seconds: int
    response_due_at: datetime | None
    responded_at: datetime | None
    response_breached_at: datetime | None
    resolution_seconds: int
    resolution_due_at: datetime | None
    resolution_left_seconds: int | None
    resolution_breached_at: datetime | None
    next_due_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    rating: int | None
    rating_note: str
    rated_at: datetime | None
    erased_at: datetime | None
    version: int
    opened_at: datetime
    updated_at: datetime

    @property
    def is_unsettled(self) -> bool:
        return self.status in UNSETTLED

    @property
    def is_known_to_customer(self) -> bool:
        """They complained, or we wrote to them about it."""
        return self.origin is not Origin.RULE or self.responded_at is not None


class ComplaintChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only the fields given change."""

    category: Key | msgspec.UnsetType = msgspec.UNSET
    severity: Severity | msgspec.UnsetType = msgspec.UNSET
    subject: Subject | msgspec.UnsetType = msgspec.UNSET


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote something where it is not the actor: a person in Jira."""

    kind: str
    label: str
    id: UUID | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`sha256` is of the body, with line ends and outer blanks made alike."""

    id: UUID
    complaint_id: UUID
    visibility: Visibility
    origin: Origin
    author_kind: str
    author_id: UUID | None
    author_label: str
    body: str
    sha256: str
    created_at: datetime
    edited_at: datetime | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a complaint's history. `kind` is status, queue, assignee, category, …"""

    id: UUID
    complaint_id: UUID
    at: datetime
    kind: str
    origin: Origin
    actor_kind: str
    actor_id: UUID | None
    actor_label: str
    before: str = ""
    after: str = ""
    note: str = ""


def check_not_closed(complaint: Complaint) -> None:
    if complaint.status is Status.CLOSED:
        raise ComplaintClosed(
            f"Complaint {complaint.number} is closed. Open a new one and name it there."
        )
