"""What support tells the rest of the suite. Data only: nothing anybody wrote is in an event."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class ComplaintEvent(Event, frozen=True, kw_only=True):
    """`origin` says where the change came from: staff, buyer, rule, jira or system."""

    complaint_id: UUID
    number: str
    order_id: UUID | None
    origin: str

    def key(self) -> str:
        """On the order's timeline where there is an order."""
        return str(self.order_id or self.complaint_id)


class ComplaintOpened(ComplaintEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "support.complaint_opened.v1"
    category: str
    severity: str
    queue: str
    channel: str
    customer_id: UUID | None
    shipment_id: UUID | None


class ComplaintMessageAdded(ComplaintEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "support.message_added.v1"
    message_id: UUID
    visibility: str


class ComplaintMessageEdited(ComplaintEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "support.message_edited.v1"
    message_id: UUID
    visibility: str


class ComplaintFileAdded(ComplaintEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "support.file_added.v1"
    file_id: UUID
    visibility: str


class ComplaintStatusChanged(ComplaintEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "support.status_changed.v1"
    before: str
    after: str


class ComplaintAssigned(ComplaintEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "support.assigned.v1"
    queue: str
    assignee_id: UUID | None


class ComplaintChanged(ComplaintEvent, frozen=True, kw_only=True):
    """`what` names the fields that are different now: category, severity, subject, links."""

    topic: ClassVar[str] = "support.complaint_changed.v1"
    what: list[str]


class ComplaintBreached(ComplaintEvent, frozen=True, kw_only=True):
    """A clock ran out. `clock` is "response" or "resolution"."""

    topic: ClassVar[str] = "support.clock_breached.v1"
    clock: str
    due_at: datetime
    assignee_id: UUID | None
    queue: str


class ComplaintRated(ComplaintEvent, frozen=True, kw_only=True):
    """One to five; what was written with it stays with the complaint."""

    topic: ClassVar[str] = "support.complaint_rated.v1"
    rating: int


class ComplaintErased(ComplaintEvent, frozen=True, kw_only=True):
    """What a customer wrote, sent and was called is gone; copies elsewhere have to follow."""

    topic: ClassVar[str] = "support.complaint_erased.v1"


class ComplaintLinked(ComplaintEvent, frozen=True, kw_only=True):
    """The complaint has its issue in Jira; told again when the issue gets another key."""

    topic: ClassVar[str] = "support.jira_linked.v1"
    issue_key: str


class ComplaintUnlinked(ComplaintEvent, frozen=True, kw_only=True):
    """The issue is gone, or could not be made: somebody has to look."""

    topic: ClassVar[str] = "support.jira_unlinked.v1"
    issue_key: str
    reason: str
