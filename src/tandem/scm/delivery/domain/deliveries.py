"""A delivery as staff, as its driver and as the status table know it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.kernel.errors import Conflict
from tandem.kernel.patterns import whole
from tandem.scm.delivery.domain.eta import EtaWarning
from tandem.scm.delivery.domain.pings import Instant
from tandem.scm.delivery.domain.places import Latitude, Longitude, Point
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import ABOARD, Status

EVENTS_MAX = 100
REASON_LENGTH_MAX = 300

ReasonText = Annotated[str, msgspec.Meta(max_length=REASON_LENGTH_MAX, pattern=r"^[^\x00]*$")]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**13)]


class NobodyAvailable(Conflict):
    code = "no_driver_available"


class DriverFull(Conflict):
    code = "driver_full"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel's way to one door. `closed_at` is set with a final status; `expected_on` is the
    newest day the buyer was told, where it is not the one promised first."""

    resource: ClassVar[str] = "delivery"
    field_rules: ClassVar[Mapping[str, str]] = {"lat": "ship_to", "lon": "ship_to"}

    id: UUID
    order_id: UUID
    shipment_id: UUID
    order_number: str
    shipment_number: str
    public_token: str
    status: Status
    reason: str
    driver_id: UUID | None
    vehicle_id: UUID | None
    run_id: UUID | None
    stop_seq: int
    ship_to: Address
    recipient_phone: str
    lat: float | None
    lon: float | None
    pickup_name: str
    pickup_lat: float | None
    pickup_lon: float | None
    proof_policy: list[ProofKind]
    cod_minor: int
    cash_minor: int | None
    currency: str
    parcels: int
    promised_on: date | None
    expected_on: date | None
    attempt: int
    offered_until: datetime | None
    is_auto_offered: bool
    next_attempt_on: date | None
    picked_up_at: datetime | None
    set_out_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    version: int

    @property
    def door(self) -> Point | None:
        return Point(self.lat, self.lon) if self.lat is not None and self.lon is not None else None

    @property
    def pickup(self) -> Point | None:
        if self.pickup_lat is None or self.pickup_lon is None:
            return None
        return Point(self.pickup_lat, self.pickup_lon)

    @property
    def was_picked_up(self) -> bool:
        return self.picked_up_at is not None

    @property
    def is_aboard(self) -> bool:
        return self.status in ABOARD


class StatusRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the status table. `occurred_at` is the device's time, corrected; `received_at`
    the server's. A row that conflicted is kept with the reason and moved nothing."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "lat": "delivery.ship_to",
        "lon": "delivery.ship_to",
    }

    id: UUID
    seq: int
    delivery_id: UUID
    status: Status
    reason: str
    lat: float | None
    lon: float | None
    occurred_at: datetime
    received_at: datetime
    actor_kind: str
    actor_label: str
    proof_id: UUID | None
    client_event_id: UUID | None
    conflict: str | None


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a driver's phone says happened. `at` is the phone's time, `client_event_id` its own name
    for the event, so that telling it twice tells it once. `door_code` checks the code on the way;
    `cash_minor` is what was collected."""

    status: Status
    reason: ReasonText = ""
    lat: Latitude | None = None
    lon: Longitude | None = None
    at: Instant | None = None
    client_event_id: UUID | None = None
    door_code: Annotated[str, msgspec.Meta(pattern=whole(r"[0-9]{6}"))] | None = None
    cash_minor: Minor | None = None


class ClientEvent(Report, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the offline queue. `seen_version` is the version the phone last saw; being
    behind is not an error, only the move itself can conflict."""

    delivery_id: UUID
    client_event_id: UUID
    at: Instant
    seen_version: int | None = None


class SyncResult(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome`: applied, known (told before), conflict (kept, moved nothing) or refused."""

    client_event_id: UUID
    outcome: str
    status: Status | None
    version: int | None
    problem: dict[str, Any] | None = None


class EtaView(msgspec.Struct, frozen=True, kw_only=True):
    """`source` says whose data it is; `confidence` is high, medium or low."""

    arrives_at: datetime
    minutes: int
    distance_m: int
    computed_at: datetime
    source: str
    confidence: str
    warnings: list[EtaWarning]


class LivePosition(msgspec.Struct, frozen=True, kw_only=True):
    """Where a driver was last believed to be. `heard_at` is the device's corrected time then."""

    driver_id: UUID
    driver_name: str
    vehicle_id: UUID | None
    vehicle: str
    lat: float
    lon: float
    heading: float | None
    speed_mps: float | None
    accuracy_m: float | None
    battery: float | None
    heard_at: datetime
    received_at: datetime
    skew_seconds: float
