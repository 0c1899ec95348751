"""What shipping tells the rest of the suite, and the promise others ask for. Data only."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.kernel.events import Event


class PromiseAsk(msgspec.Struct, frozen=True, kw_only=True):
    postal_code: str
    country: str = "IN"
    purchased_at: datetime


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """The honest date and how it came about; every date in the origin's time zone. `prepaid` and
    `cod`: whether orders paid before, and at the door, are taken there at all."""

    zone: str
    accepted_on: date
    dispatch_on: date
    arrival_on: date
    floor_on: date
    promised_on: date
    prepaid: bool = True
    cod: bool = True


class ShipmentItem(msgspec.Struct, frozen=True, kw_only=True):
    order_line_id: UUID
    variant_id: UUID
    sku: str
    title: str
    quantity: int
    weight_grams: int


class ShipmentEvent(Event, frozen=True, kw_only=True):
    resource: ClassVar[str] = "shipment"

    order_id: UUID
    shipment_id: UUID
    number: str

    def key(self) -> str:
        return str(self.order_id)


class ShipmentCreated(ShipmentEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "shipping.shipment_created.v1"
    carrier: str
    promised_on: date | None


class ShipmentReady(ShipmentEvent, frozen=True, kw_only=True):
    """Packed and labelled. With carrier `own_fleet` the delivery service takes it from here."""

    topic: ClassVar[str] = "shipping.shipment_ready.v1"
    carrier: str
    ship_to: Address
    recipient_phone: str | None
    promised_on: date | None
    cod_minor: int
    currency: str
    parcels: int


class ShipmentStatusChanged(ShipmentEvent, frozen=True, kw_only=True):
    """One of shipping's normalised statuses; `occurred_at` is the carrier's or device's time."""

    topic: ClassVar[str] = "shipping.status_changed.v1"
    status: str
    occurred_at: datetime
    items: list[ShipmentItem] = msgspec.field(default_factory=list)


class CashToCollectLowered(ShipmentEvent, frozen=True, kw_only=True):
    """The buyer paid some of it meanwhile: so much is left to collect at the door."""

    topic: ClassVar[str] = "shipping.cash_to_collect_lowered.v1"
    cod_minor: int
    currency: str


class ShipmentCancelled(ShipmentEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "shipping.shipment_cancelled.v1"
    reason: str


class PromiseRevised(ShipmentEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "shipping.promise_revised.v1"
    first_on: date
    current_on: date
    cause: str


class ReattemptRequested(ShipmentEvent, frozen=True, kw_only=True):
    """Whoever carries it should try again on that day; `attempt` is the coming one's number."""

    topic: ClassVar[str] = "shipping.reattempt_requested.v1"
    case_id: UUID
    attempt: int
    on: date
    reason: str
    is_automatic: bool
