"""What delivery tells the rest of the suite. Data only."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class DeliveryEvent(Event, frozen=True, kw_only=True):
    resource: ClassVar[str] = "delivery"
    field_rules: ClassVar[Mapping[str, str]] = {"amount_minor": "cash_minor"}

    order_id: UUID
    shipment_id: UUID
    delivery_id: UUID

    def key(self) -> str:
        return str(self.order_id)


class DeliveryCreated(DeliveryEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "delivery.created.v1"


class DeliveryAssigned(DeliveryEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "delivery.assigned.v1"
    driver_id: UUID
    driver_name: str
    vehicle: str


class DeliveryStatusChanged(DeliveryEvent, frozen=True, kw_only=True):
    """A row of the delivery status table, told. `occurred_at` is the device's corrected time."""

    topic: ClassVar[str] = "delivery.status_changed.v1"
    status: str
    reason: str = ""
    occurred_at: datetime


class CashCollected(DeliveryEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "delivery.cash_collected.v1"
    amount_minor: int
    currency: str
    driver_id: UUID


class DoorCodeRequested(DeliveryEvent, frozen=True, kw_only=True):
    """The buyer needs the one-time code now. The code itself is never in an event."""

    topic: ClassVar[str] = "delivery.door_code_requested.v1"


class DriverCodeRequested(Event, frozen=True, kw_only=True):
    """A driver signs in by phone and waits for a text. The code itself is never in an event."""

    topic: ClassVar[str] = "delivery.driver_code_requested.v1"
    driver_id: UUID
    code_id: UUID

    def key(self) -> str:
        return str(self.driver_id)
