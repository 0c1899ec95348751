"""A message's way from queued to handed over, and what a provider's word means for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, IllegalMove, NotFound


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class State(StrEnum):
    """`sent`: the provider took it. `unknown`: it may have; nobody sends it again by itself."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


MOVES: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.FAILED}),
    State.SENDING: frozenset({State.SENT, State.FAILED, State.UNKNOWN, State.QUEUED}),
    State.UNKNOWN: frozenset({State.SENT, State.FAILED, State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),
    State.SENT: frozenset({State.FAILED}),
}
assert MOVES.keys() == set(State), "every state states its moves"

RETRYABLE = frozenset({State.FAILED, State.UNKNOWN})

LEASE = timedelta(minutes=2)
"""Longer than any try takes; after it, whoever had the message in hand is dead."""

GAPS = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""Between tries; greylisting wants minutes (RFC 5321 s.4.5.4.1 half an hour, later)."""
ATTEMPTS_MAX = len(GAPS) + 1

LOOK_UPS_MAX = 6
LOOK_UP_GAP = timedelta(minutes=1)
LOOK_UP_SURE_AFTER = timedelta(minutes=2)
"""When a provider's list that lacks a text means that it never came: lists lag behind a little."""


SITE = "https://this.site.invalid"
"""Stands for our own address while a message waits; whoever queues it need not know it."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is the body of an SMS and the plain part of an e-mail; links in it begin with SITE.

    `receipt` is the provider's last word (`delivered`, `undelivered`, …), empty before it.
    """

    id: UUID
    dedupe: str
    channel: Channel
    template: str
    order_id: UUID | None
    recipient: str
    sender_name: str
    subject: str
    text: str
    html: str
    is_secret: bool
    not_after: datetime | None
    state: State
    attempts: int
    due_at: datetime
    handed_over_at: datetime | None
    look_ups: int
    provider_message_id: str | None
    receipt: str
    error: str
    created_at: datetime
    updated_at: datetime

    def with_links_to(self, base_url: str) -> "Message":
        """As it leaves: links lead to where people reach this installation today."""
        return msgspec.structs.replace(
            self,
            text=self.text.replace(SITE, base_url),
            html=self.html.replace(SITE, base_url),
        )

    def is_expired(self, now: datetime) -> bool:
        return self.not_after is not None and self.not_after <= now


RECEIPT_RANK: Mapping[str, int] = {
    "accepted": 1,
    "scheduled": 1,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "canceled": 4,
    "failed": 4,
    "undelivered": 4,
    "delivered": 4,
    "read": 5,
}
"""Twilio's message statuses by how far they are along. Reports come out of order, so only a higher
rank counts: the first final word stays."""

RECEIPTS_OF_FAILURE = frozenset({"canceled", "failed", "undelivered"})


def is_news(receipt: str, known: str) -> bool:
    return RECEIPT_RANK.get(receipt, 0) > RECEIPT_RANK.get(known, 0)


def next_try(attempts: int, now: datetime, *, retry_after: timedelta | None) -> datetime | None:
    """When to try again after so many tries; None when it is enough."""
    if attempts >= ATTEMPTS_MAX:
        return None
    return now + max(GAPS[attempts - 1], retry_after or timedelta())


class MessageMissing(NotFound):
    code = "message_not_found"


class SecretGone(Conflict):
    """Its words were erased when it left: there is nothing to send again."""

    code = "secret_gone"


def check_retry(message: Message) -> None:
    if message.state not in RETRYABLE:
        raise IllegalMove("Message", message.state, State.QUEUED, sorted(MOVES[message.state]))
    if message.is_secret and not message.text:
        raise SecretGone("This code was erased after sending. Ask for a new one.")
