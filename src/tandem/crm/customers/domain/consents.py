"""Consent per purpose and channel, and addresses that nobody writes to any more."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel.errors import Conflict
from tandem.kernel.patterns import whole

Channel = Literal["email", "sms", "whatsapp", "push", "post"]
Purpose = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z_]{0,39}"))]
State = Literal["none", "pending", "granted", "withdrawn"]
Reason = Literal["unsubscribed", "bounced", "complained", "erased", "legal", "by_hand"]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]
Address = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=PRINTABLE)]

CHANNELS: tuple[Channel, ...] = ("email", "sms", "whatsapp", "push", "post")
SERVICE = "service"
"""What a customer must be told to get what they bought; asks no consent (DPDP Act s.7)."""
STRICTNESS: Mapping[str, int] = {"granted": 0, "none": 1, "pending": 2, "withdrawn": 3}
BINDING_FOR_SERVICE = frozenset({"bounced", "legal"})
"""Reasons that stop even what belongs to an order: it could not arrive, or must not."""


class NewConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`source` is where it was said: a form, the phone, a page. `evidence` helps to prove it."""

    purpose: Purpose
    channel: Channel
    is_granted: bool
    notice_version: Short = ""
    locale: Short = ""
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
    evidence: Short = ""


class ConsentAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    purpose: Purpose
    channel: Channel
    notice_version: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    purpose: str
    channel: str
    state: State
    notice_version: str
    since: datetime


class ConsentEvent(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    purpose: str
    channel: str
    action: Literal["ask", "grant", "withdraw", "merge", "undo_merge"]
    state: State
    notice_version: str
    locale: str
    source: str
    ip: str
    evidence: str
    actor_label: str
    occurred_at: datetime


class ConsentRequest(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    customer_id: UUID
    purpose: str
    channel: Channel
    notice_version: str
    created_at: datetime
    confirmed_at: datetime | None


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    channel: Channel
    reason: Reason
    detail: str
    since: datetime


class NewSuppression(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    channel: Channel
    address: Address
    reason: Reason = "by_hand"
    detail: Short = ""


class MayContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """May this address be written to, for this purpose? `service` asks no consent."""

    channel: Channel
    address: Address
    purpose: Purpose = "marketing"
    customer_id: UUID | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is empty where it is allowed: else `suppressed:bounced`, `consent:withdrawn`, …"""

    is_allowed: bool
    reason: str = ""


class ConsentAnswered(Conflict):
    """This request has been answered, or another one has taken its place."""

    code = "consent_answered"


CHANNELS_OF: Mapping[str, tuple[Channel, ...]] = {"email": ("email",), "phone": ("sms", "whatsapp")}
"""By which channels an e-mail, and a phone, is written to."""


def address_hash(org_id: UUID, channel: str, address: str) -> bytes:
    """The same for every way of writing it; different for every company."""
    text = address.strip().lower() if channel == "email" else address.strip()
    return hashlib.sha256(f"{org_id}:{channel}:{text}".encode()).digest()


def strictest(states: list[str]) -> str:
    """Of several people who turn out to be one: whoever says less decides."""
    return max(states, key=STRICTNESS.__getitem__)


def judge(purpose: str, state: str | None, suppressed: str | None) -> Standing:
    if suppressed and (purpose != SERVICE or suppressed in BINDING_FOR_SERVICE):
        return Standing(is_allowed=False, reason=f"suppressed:{suppressed}")
    if purpose == SERVICE or state == "granted":
        return Standing(is_allowed=True)
    return Standing(is_allowed=False, reason=f"consent:{state or 'none'}")
