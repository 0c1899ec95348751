"""A shipment: one order's goods on their way in one or more parcels, under a number of its own."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.address import PRINTABLE, Address
from tandem.contracts.shipping import ShipmentItem
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole
from tandem.scm.shipping.domain.statuses import ScanStatus, Status

VOLUMETRIC_DIVISOR = 5000
"""Cubic centimetres that are charged like a kilogram, as carriers in India do."""

PARCELS_MAX = 20


class NothingToShip(Conflict):
    """Every unit of the order is in a shipment already, or the named units are not there."""

    code = "nothing_to_ship"


class LabelNotReady(Conflict):
    code = "label_not_ready"


class UnknownCarrier(Invalid):
    code = "unknown_carrier"


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Where it leaves from, as it was when the shipment was made."""

    name: str
    address: Address | None
    time_zone: str


class NewParcel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    weight_grams: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    length_mm: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    width_mm: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    height_mm: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """`number` is the shipment's with the parcel's place: SHP-100001-2."""

    resource: ClassVar[str] = "shipment"

    number: str
    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int

    @property
    def charged_grams(self) -> int:
        """The greater of weight and volume, by the carriers' divisor."""
        cubic_mm = self.length_mm * self.width_mm * self.height_mm
        return max(self.weight_grams, cubic_mm // VOLUMETRIC_DIVISOR)


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """`promised_first_on` is what the buyer was told first and never changes; `promised_on` is the
    newest estimate. `is_on_time` judges the delivery by the first. `base_status` is our decision;
    `status` what it comes to with the scans; `carrier_status` the newest scan as it is.
    `cod_minor` is the cash to collect at the door."""

    resource: ClassVar[str] = "shipment"
    field_rules: ClassVar[Mapping[str, str]] = {"charged_grams": "weight_grams"}

    id: UUID
    number: str
    public_token: str
    order_id: UUID
    order_number: str
    carrier: str
    awb: str | None
    status: Status
    base_status: Status
    carrier_status: ScanStatus | None
    status_at: datetime
    sender: Sender
    ship_to: Address
    recipient_phone: str | None
    weight_grams: int
    charged_grams: int
    value_minor: int
    cod_minor: int
    currency: str
    promised_first_on: date | None
    promised_on: date | None
    attempts: int
    picked_up_at: datetime | None
    delivered_at: datetime | None
    delivered_on: date | None
    is_on_time: bool | None
    cancel_reason: str
    manifest_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
    items: list[ShipmentItem]
    parcels: list[Parcel]


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One thing somebody saw: `occurred_at` by the carrier's or device's clock, `received_at` ours.

    `code` is the carrier's own word for it, `reason` why it failed or waits.
    """

    id: UUID
    shipment_id: UUID
    status: ScanStatus
    code: str
    reason: str
    location: str
    source: str
    latitude: float | None
    longitude: float | None
    occurred_at: datetime
    received_at: datetime


class PromiseRevision(msgspec.Struct, frozen=True, kw_only=True):
    """The first row is the promise itself; every later one says what moved it."""

    promised_on: date
    cause: str
    told_at: datetime
    told_by: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The hand-over sheet: what a carrier took with it at once."""

    id: UUID
    number: str
    carrier: str
    created_at: datetime
    shipments: list[str]


Reason = Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]
Code = Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)]
Awb = Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9-]{4,40}"), max_length=40)]
