"""What a stranger with a link may see, and when: privacy is decided here, not on a page."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.scm.delivery.domain.eta import EtaWarning
from tandem.scm.delivery.domain.places import Latitude, Longitude
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import ABOARD, UNDER_WAY, Status


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One organisation's choice. `live_stops_away_max` 0 shows the vehicle only to whoever is next.

    `proof_policy` is what new deliveries need at the door; the pick-up point is the hub.
    """

    live_stops_away_max: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    live_within_m: Annotated[int, msgspec.Meta(ge=100, le=100_000)] | None = None
    link_hours_after: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24
    position_decimals: Annotated[int, msgspec.Meta(ge=2, le=6)] = 5
    shows_driver_name: bool = True
    shows_plate: bool = True
    ping_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    offer_seconds: Annotated[int, msgspec.Meta(ge=15, le=3600)] = 60
    proof_policy: Annotated[list[ProofKind], msgspec.Meta(max_length=3)] = msgspec.field(
        default_factory=lambda: [ProofKind.OTP]
    )
    pickup_name: Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00]*$")] = "Hub"
    pickup_lat: Latitude | None = None
    pickup_lon: Longitude | None = None


class Sight(StrEnum):
    NOTHING = "nothing"
    STOPS_AWAY = "stops_away"
    LIVE = "live"


class OnBoard(msgspec.Struct, frozen=True, kw_only=True):
    """Another parcel in the same vehicle, as far as the order of stops needs it."""

    delivery_id: UUID
    status: Status
    stop_seq: int


class VehicleLocation(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is when the vehicle was there; `is_stale` when that is too long ago to call it live."""

    latitude: float
    longitude: float
    heading: float | None
    at: datetime
    is_stale: bool


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A status as the public is told it; `reason` only for a failed attempt, in our words."""

    status: str
    at: datetime
    reason: str | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    latitude: float
    longitude: float


class OtherParcel(msgspec.Struct, frozen=True, kw_only=True):
    """Another parcel of the same order, for whoever holds the order's own link."""

    tracking_id: str
    shipment_number: str
    status: str


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """The public answer, after Google Fleet Engine's TaskTrackingInfo. Nobody else's address, no
    surname and no phone number has a place in it. `needs_code`: the buyer will be asked for the
    door code, and has not said it yet."""

    tracking_id: str
    order_number: str
    shipment_number: str
    status: str
    state: str
    sight: Sight
    steps: list[Step]
    vehicle_location: VehicleLocation | None = None
    route_polyline_points: list[Place] = []
    route_source: str | None = None
    remaining_stop_count: int | None = None
    remaining_driving_distance_meters: int | None = None
    estimated_arrival_time: datetime | None = None
    estimated_minutes: int | None = None
    eta_confidence: str | None = None
    warnings: list[EtaWarning] = []
    task_outcome: str | None = None
    task_outcome_time: datetime | None = None
    planned_location: Place | None = None
    promised_on: date | None = None
    expected_on: date | None = None
    driver_first_name: str | None = None
    vehicle_kind: str | None = None
    vehicle_plate: str | None = None
    proofs: list[ProofKind] = []
    needs_code: bool = False
    other_parcels: list[OtherParcel] = []
    cash_due_minor: int | None = None
    currency: str | None = None
    event_id: str = ""


def stops_ahead(delivery_id: UUID, aboard: Sequence[OnBoard]) -> int | None:
    """How many doors come before this one; None when it is not aboard. What is under way counts
    first, whatever order was planned: a driver at stop five is not "next" at stop two."""
    in_turn = sorted(aboard, key=lambda stop: (stop.status not in UNDER_WAY, stop.stop_seq))
    for place, stop in enumerate(in_turn):
        if stop.delivery_id == delivery_id:
            return place
    return None


def sight_of(status: Status, ahead: int | None, distance_m: float | None, policy: Policy) -> Sight:
    """Nothing before pick-up and after the end, a count while others are served, then live."""
    if status not in ABOARD or ahead is None:
        return Sight.NOTHING
    is_near = (
        policy.live_within_m is None or distance_m is None or distance_m <= policy.live_within_m
    )
    return Sight.LIVE if ahead <= policy.live_stops_away_max and is_near else Sight.STOPS_AWAY


def is_gone(closed_at: datetime | None, policy: Policy, now: datetime) -> bool:
    return closed_at is not None and now >= link_ends(closed_at, policy)


def link_ends(closed_at: datetime, policy: Policy) -> datetime:
    return closed_at + timedelta(hours=policy.link_hours_after)
