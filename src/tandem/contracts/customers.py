"""What customers tells the rest of the suite. Data only."""

from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class CustomerAdded(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "customers.added.v1"
    customer_id: UUID
    name: str

    def key(self) -> str:
        return str(self.customer_id)


class CustomerChanged(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "customers.changed.v1"
    customer_id: UUID

    def key(self) -> str:
        return str(self.customer_id)


class CustomerAssigned(Event, frozen=True, kw_only=True):
    """Somebody else looks after them now."""

    topic: ClassVar[str] = "customers.assigned.v1"
    customer_id: UUID
    owner_id: UUID | None
    team_id: UUID | None

    def key(self) -> str:
        return str(self.customer_id)


class SegmentEntered(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "customers.segment_entered.v1"
    segment_id: UUID
    customer_id: UUID

    def key(self) -> str:
        return str(self.customer_id)


class SegmentLeft(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "customers.segment_left.v1"
    segment_id: UUID
    customer_id: UUID

    def key(self) -> str:
        return str(self.customer_id)
