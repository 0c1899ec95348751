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


class NoteAdded(Event, frozen=True, kw_only=True):
    """Beside a customer, account, opportunity or order. What it says is read where it is kept."""

    topic: ClassVar[str] = "customers.note_added.v1"
    note_id: UUID
    subject_kind: str
    subject_id: UUID
    author_id: UUID | None

    def key(self) -> str:
        return str(self.subject_id)


class ImportFailed(Event, frozen=True, kw_only=True):
    """A file could not be read to its end. `user_id` is the member who began it."""

    topic: ClassVar[str] = "customers.import_failed.v1"
    job_id: UUID
    filename: str
    reason: str
    user_id: UUID | None

    def key(self) -> str:
        return str(self.job_id)


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


class ConsentAsked(Event, frozen=True, kw_only=True):
    """A double opt-in waits; the link's token is in no event."""

    topic: ClassVar[str] = "customers.consent_asked.v1"
    customer_id: UUID
    request_id: UUID

    def key(self) -> str:
        return str(self.customer_id)


class ConsentChanged(Event, frozen=True, kw_only=True):
    """`state` is none, pending, granted or withdrawn."""

    topic: ClassVar[str] = "customers.consent_changed.v1"
    customer_id: UUID
    purpose: str
    channel: str
    state: str

    def key(self) -> str:
        return str(self.customer_id)


class AddressSuppressed(Event, frozen=True, kw_only=True):
    """Hexadecimal SHA-256 of `org:channel:address`: every sender can compare, nobody can read."""

    topic: ClassVar[str] = "customers.address_suppressed.v1"
    channel: str
    address_hash: str
    reason: str

    def key(self) -> str:
        return self.address_hash


class AddressReleased(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "customers.address_released.v1"
    channel: str
    address_hash: str

    def key(self) -> str:
        return self.address_hash


class CustomersMerged(Event, frozen=True, kw_only=True):
    """`loser_id` means `customer_id` from now on; records elsewhere moved in the same commit."""

    topic: ClassVar[str] = "customers.merged.v1"
    merge_id: UUID
    customer_id: UUID
    loser_id: UUID

    def key(self) -> str:
        return str(self.customer_id)


class CustomersParted(Event, frozen=True, kw_only=True):
    """A merge was undone: they are two again."""

    topic: ClassVar[str] = "customers.parted.v1"
    merge_id: UUID
    customer_id: UUID
    loser_id: UUID

    def key(self) -> str:
        return str(self.customer_id)


class CustomerErased(Event, frozen=True, kw_only=True):
    """Nothing of them is left but the id; whoever keeps copies lets go of them too."""

    topic: ClassVar[str] = "customers.erased.v1"
    customer_id: UUID

    def key(self) -> str:
        return str(self.customer_id)
