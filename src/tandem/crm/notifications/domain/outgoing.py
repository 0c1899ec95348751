"""What others want said: one message for the ledger, before anything is decided. Pure."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.messages import (
    Channel,
    Lane,
    Message,
    State,
)
from tandem.crm.notifications.domain.texts import is_email, is_phone

PLANNED_MAX = 1_000
FEED_LENGTH_MAX = 120
ADDRESSED: Mapping[Channel, Callable[[str], bool]] = {
    Channel.EMAIL: is_email,
    Channel.SMS: is_phone,
    Channel.WHATSAPP: is_phone,
}
"""Channels whose recipient has a form; others are addressed by an id."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """`dedupe` names the occasion: once per channel, however often it is planned.

    Words are ready (`subject`, `text`, `html`), or made at hand-off from `template_version_id` and
    `parameters`. A secret is erased once it has left. `not_before` and `not_after` bound its use.
    """

    dedupe: str
    channel: Channel
    kind: str
    purpose: str
    customer_id: UUID | None
    recipient: str
    lane: Lane
    feed: str | None = None
    template_version_id: UUID | None = None
    subject: str = ""
    text: str = ""
    html: str = ""
    sender_name: str = ""
    parameters: dict[str, Any] = {}
    not_before: datetime | None = None
    not_after: datetime | None = None
    order_id: UUID | None = None
    is_secret: bool = False


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A message's words as they leave, and the headers that go with an e-mail.

    `unshortened` is a text with the addresses that its writer gave it: it leaves where the short
    ones would not be as registered, or would make it longer.
    """

    subject: str
    text: str
    html: str
    unshortened: str = ""
    headers: Mapping[str, str] = {}


Worded = tuple[Message, Content]
Finisher = Callable[[Any, Sequence[Worded]], Awaitable[Sequence[Content]]]
"""`(tx, worded)`: the last hand on what leaves of one stream and channel: links, pixel, headers."""
FINISHERS: dict[str, Finisher] = {}
"""By the beginning of a feed: `campaign`, `journey`, empty for messages of no stream. Registered by
the flows that own them."""


def finishes(prefix: str, finisher: Finisher) -> None:
    assert prefix not in FINISHERS, f"{prefix} is finished twice"
    FINISHERS[prefix] = finisher


def finisher_of(feed: str) -> Finisher | None:
    return FINISHERS.get(feed.partition(":")[0])


def planned(outgoing: Outgoing, message_id: UUID, now: datetime) -> Message:
    """As it stands in the ledger. What no provider could take is skipped, where it can be seen."""
    has_form = ADDRESSED.get(outgoing.channel, bool)
    is_right = bool(outgoing.recipient) and has_form(outgoing.recipient)
    return Message(
        id=message_id,
        dedupe=outgoing.dedupe,
        channel=outgoing.channel,
        template=outgoing.kind,
        order_id=outgoing.order_id,
        recipient=outgoing.recipient,
        sender_name=outgoing.sender_name,
        subject=outgoing.subject if is_right else "",
        text=outgoing.text if is_right else "",
        html=outgoing.html if is_right else "",
        is_secret=outgoing.is_secret or outgoing.lane is Lane.OTP,
        not_after=outgoing.not_after,
        state=State.QUEUED if is_right else State.SKIPPED,
        attempts=0,
        due_at=max(now, outgoing.not_before or now),
        handed_over_at=None,
        look_ups=0,
        provider_message_id=None,
        receipt="",
        error="" if is_right else "This is not an address.",
        created_at=now,
        updated_at=now,
        purpose=outgoing.purpose,
        customer_id=outgoing.customer_id,
        lane=outgoing.lane,
        feed=outgoing.feed or "",
        template_version_id=outgoing.template_version_id,
        parameters=outgoing.parameters,
        reason="" if is_right else "no_address",
    )
