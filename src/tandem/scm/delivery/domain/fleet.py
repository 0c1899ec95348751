"""Drivers, their vehicles, shifts and reporting devices."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid, Unauthenticated
from tandem.kernel.patterns import whole

DEVICE_MARK = "tdd_"
"""Bearer tokens of devices start with it."""

DEVICES_MAX = 5
SIGN_IN_CODE_LIFE = timedelta(minutes=10)
SIGN_IN_TRIES_MAX = 5
SIGN_IN_CODES_MAX = 5
"""Per driver and hour."""

PLAIN = r"[^\x00-\x1f\x7f]"
Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=100, pattern=whole(rf"{PLAIN}*[^\s\x00-\x1f\x7f]{PLAIN}*")
    ),
]
"""Not blank, and no control characters."""
Phone = Annotated[str, msgspec.Meta(pattern=whole(r"\+[1-9][0-9]{6,14}"))]
"""E.164."""
Plate = Annotated[str, msgspec.Meta(min_length=2, max_length=20, pattern=whole(r"[A-Z0-9 -]+"))]


class VehicleKind(StrEnum):
    BICYCLE = "bicycle"
    SCOOTER = "scooter"
    THREE_WHEELER = "three_wheeler"
    VAN = "van"
    TRUCK = "truck"


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """`user_id` links a person who also signs in to the console; most drivers have none."""

    resource: ClassVar[str] = "driver"

    id: UUID
    user_id: UUID | None
    name: str
    phone: str
    stops_max: int
    is_active: bool
    version: int
    created_at: datetime

    @property
    def first_name(self) -> str:
        """All that a buyer learns of the driver's name."""
        return self.name.split()[0]


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: VehicleKind
    plate: str
    is_active: bool
    version: int
    created_at: datetime


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A phone or tracker that reports for one driver. Its token was shown once; we keep a hash."""

    id: UUID
    driver_id: UUID
    name: str
    created_at: datetime
    revoked_at: datetime | None


class KnownDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token this is, found before anything else is known."""

    org_id: UUID
    device_id: UUID
    driver_id: UUID
    driver_name: str


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    driver_id: UUID
    vehicle_id: UUID | None
    started_at: datetime
    ended_at: datetime | None


class DriverBusy(Conflict):
    """Parcels would be left in the hands of somebody who can say nothing of them any more."""

    code = "driver_busy"


class PhoneTaken(Conflict):
    code = "phone_taken"


class PlateTaken(Conflict):
    code = "plate_taken"


class VehicleInUse(Conflict):
    code = "vehicle_in_use"


class TooManyDevices(Conflict):
    code = "too_many_devices"


class UnknownVehicle(Invalid):
    code = "unknown_vehicle"


class UnknownDriver(Invalid):
    code = "unknown_driver"


class DriverInactive(Conflict):
    code = "driver_inactive"


class WrongSignInCode(Unauthenticated):
    """One answer for an unknown phone, a wrong, an old and a used-up code. Wrong tries count."""

    code = "wrong_sign_in_code"
    keeps_changes = True


def new_device_token() -> str:
    return f"{DEVICE_MARK}{secrets.token_urlsafe(24)}"


def hash_of(token: str) -> bytes:
    """SHA-256 is enough for 192 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def phone_key(phone: str) -> str:
    """The last ten digits: what people type of their number, however they type it."""
    return re.sub(r"\D", "", phone)[-10:]
