"""When a company takes money that a buyer's bank has only set aside."""

from enum import StrEnum

import msgspec


class CaptureAt(StrEnum):
    """`payment`: as soon as it is authorised. `dispatch`: when the first parcel leaves, so that a
    cancelled order costs no fee. `request`: only when somebody asks for it."""

    PAYMENT = "payment"
    DISPATCH = "dispatch"
    REQUEST = "request"


class PaymentSettings(msgspec.Struct, frozen=True, kw_only=True):
    capture_at: CaptureAt = CaptureAt.PAYMENT
    version: int = 0


class PaymentSettingsChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    capture_at: CaptureAt
