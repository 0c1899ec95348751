"""The statuses of a payment and of a refund, and which of two is further along."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    CREATED = "created"
    ATTEMPTED = "attempted"
    FAILED = "failed"
    AUTHORIZED = "authorized"
    AUTO_REFUNDED = "auto_refunded"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


RANK: Mapping[Status, int] = {status: place for place, status in enumerate(Status)}
"""Forward only: of two things told about a payment the higher one holds, whichever came first.

`failed` ranks below `authorized` on purpose: a bank may still say yes for days after a failure
(Razorpay, "Late authorisation"), while nothing un-says a yes. `auto_refunded` is the gateway giving
back what was authorised and never captured.
"""


class RefundStatus(StrEnum):
    """`submitted`: sent, no answer known yet. Of the gateway's own three, processed is final."""

    REQUESTED = "requested"
    SUBMITTED = "submitted"
    PENDING = "pending"
    FAILED = "failed"
    PROCESSED = "processed"


REFUND_RANK: Mapping[RefundStatus, int] = {
    status: place for place, status in enumerate(RefundStatus)
}
