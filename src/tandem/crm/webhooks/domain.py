"""Outgoing webhooks as Standard Webhooks has them: how they are signed and tried again. Pure."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid

PERMISSIONS: Mapping[str, str] = {
    "webhooks.read": "See where events are sent, and what became of them.",
    "webhooks.manage": "Choose where events are sent, and send one again.",
}

ENDPOINTS_MAX = 20
SECRET_MARK = "whsec_"  # noqa: S105  how secrets begin, by the standard
SECRET = "webhooks.endpoint"  # noqa: S105  the purpose that secrets are sealed for
OVERLAP = timedelta(days=1)
"""For how long the old secret signs beside a new one."""
GAPS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 36_000)
)
"""After the first try, the next ones; about 30 hours in all, then the message has failed."""
DISABLED_AFTER = timedelta(hours=70)
"""Since when nothing was taken: a weekend is outlived, three days are not."""
GONE = "The address answered 410, gone."
FAILED = "It has taken nothing for almost three days."
KEPT_FOR = timedelta(days=30)
TEST_TOPIC = "webhooks.test.v1"

State = Literal["waiting", "sent", "failed", "dropped"]


class TopicUnknown(Invalid):
    code = "topic_unknown"


class TooManyEndpoints(Conflict):
    code = "too_many_endpoints"


class EndpointInUse(Conflict):
    """Somebody counts on it; `users` says who."""

    code = "webhook_endpoint_in_use"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`topics` are whole ones, such as `orders.order_placed.v1`; with none it is only called by
    campaigns. The secret is shown once."""

    id: UUID
    url: str
    description: str
    topics: list[str]
    is_active: bool
    disabled_reason: str
    failing_since: datetime | None
    created_at: datetime
    version: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the `webhook-id` that the receiver sees, the same for each try."""

    id: UUID
    seq: int
    endpoint_id: UUID
    topic: str
    state: State
    attempts: int
    last_status: int | None
    last_error: str
    created_at: datetime
    done_at: datetime | None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to an address, signed as all that goes there; not in the line of its events."""

    url: str
    headers: dict[str, str]


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Where an address is, and what signs for it; secrets are sealed."""

    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None


class Due(Keys, frozen=True, kw_only=True):
    """A claimed address with the message that is next."""

    endpoint_id: UUID
    failing_since: datetime | None
    message_id: UUID
    body: str
    attempts: int


def new_secret() -> str:
    return SECRET_MARK + base64.b64encode(os.urandom(32)).decode()


def sign(secrets: Sequence[str], message_id: UUID | str, at: datetime, body: str) -> dict[str, str]:
    """The headers of one try: a signature by each secret, so that keys can change unnoticed."""
    stamp = str(int(at.timestamp()))
    signed = f"{message_id}.{stamp}.{body}".encode()
    signatures = [
        base64.b64encode(
            hmac.new(
                base64.b64decode(secret.removeprefix(SECRET_MARK)), signed, hashlib.sha256
            ).digest()
        ).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        "content-type": "application/json",
        "user-agent": "Tandem-Webhooks/1",
    }


def gap_after(attempts: int) -> timedelta | None:
    """How long to wait after this many tries; none when that was the last."""
    return GAPS[attempts - 1] if attempts <= len(GAPS) else None
