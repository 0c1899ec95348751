"""What carriers and tracking services send of a parcel, brought down to scans.

EasyPost's tracker event: https://docs.easypost.com/docs/trackers and .../webhooks; its signature is
HMAC-SHA256 over the raw body, in hex after `hmac-sha256-hex=`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel.errors import Conflict, Unauthenticated
from tandem.scm.shipping.domain.shipments import Awb, Code, Reason
from tandem.scm.shipping.domain.statuses import ScanStatus

SCANS_MAX = 200
AccountName = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=FILLED)]


class Form(StrEnum):
    TANDEM = "tandem"
    EASYPOST = "easypost"


EASYPOST: Mapping[str, ScanStatus] = {
    "pre_transit": ScanStatus.PENDING,
    "in_transit": ScanStatus.IN_TRANSIT,
    "out_for_delivery": ScanStatus.OUT_FOR_DELIVERY,
    "available_for_pickup": ScanStatus.READY_FOR_PICKUP,
    "delivered": ScanStatus.DELIVERED,
    "return_to_sender": ScanStatus.RETURN_TO_SENDER,
    "failure": ScanStatus.DELIVERY_FAILED,
    "cancelled": ScanStatus.CANCELLED,
}
"""Any other of its words is `unknown`: kept and shown, and moves nothing."""


class AccountNameTaken(Conflict):
    code = "carrier_account_name_taken"


class BadCarrierSignature(Unauthenticated):
    code = "bad_signature"


class NotANotice(Exception):
    """Signed, and yet nothing of a parcel."""


class CarrierAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`heard_at` is when it last told something that was signed."""

    id: UUID
    name: str
    form: Form
    heard_at: datetime | None
    created_at: datetime


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """The previous one is taken until the next change."""

    current: str
    previous: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    status: ScanStatus
    occurred_at: datetime
    code: Code = ""
    reason: Reason = ""
    location: Reason = ""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Our own form, and what every other is brought to. `id` is the sender's name for it: what
    comes twice counts once."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=PRINTABLE)]
    awb: Awb
    scans: Annotated[list[Seen], msgspec.Meta(max_length=SCANS_MAX)]


class _Place(msgspec.Struct):
    city: str | None = None
    state: str | None = None


class _Detail(msgspec.Struct):
    status: str
    datetime: str
    message: str | None = None
    status_detail: str | None = None
    tracking_location: _Place | None = None


class _Tracker(msgspec.Struct):
    tracking_code: str
    tracking_details: list[_Detail]


class _Event(msgspec.Struct):
    id: str
    result: _Tracker


def read_notice(form: Form, body: bytes) -> Notice:
    """Raises NotANotice."""
    try:
        if form is Form.TANDEM:
            return msgspec.json.decode(body, type=Notice)
        event = msgspec.json.decode(body, type=_Event)
        given: dict[str, Any] = {
            "id": event.id,
            "awb": event.result.tracking_code,
            "scans": [_seen(each) for each in event.result.tracking_details[-SCANS_MAX:]],
        }
        return msgspec.convert(given, Notice)
    except (msgspec.MsgspecError, ValueError) as reason:
        raise NotANotice(str(reason)) from reason


def _seen(detail: _Detail) -> dict[str, Any]:
    """A time without its zone is taken as UTC, as the rest of them are."""
    at = datetime.fromisoformat(detail.datetime)
    place = detail.tracking_location or _Place()
    return {
        "status": EASYPOST.get(detail.status, ScanStatus.UNKNOWN),
        "occurred_at": at if at.tzinfo else at.replace(tzinfo=UTC),
        "code": _plain(detail.status_detail or detail.status)[:64],
        "reason": _plain(detail.message or "")[:200],
        "location": _plain(", ".join(filter(None, (place.city, place.state))))[:200],
    }


def _plain(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
