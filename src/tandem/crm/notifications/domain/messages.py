"""A message's way from queued to handed over, and what a provider's word means for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, IllegalMove, NotFound

SERVICE = "service"
"""The purpose of what a customer must be told to get what they bought; asks no consent."""


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    INAPP = "inapp"
    PUSH = "push"
    WEBHOOK = "webhook"


class Lane(StrEnum):
    """Who goes first: a code, then what somebody waits for, then what goes to many."""

    OTP = "otp"
    TRANSACTIONAL = "transactional"
    BULK = "bulk"


class State(StrEnum):
    """`held`: it waits for a reason, and is decided anew at `due_at`. `sent`: the provider took it.
    `unknown`: it may have; nobody sends it again by itself. `skipped`: decided against, with a
    reason. `delivered`, `bounced` and `complained` are what the other side told afterwards."""

    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


TOLD_LATER = frozenset({State.DELIVERED, State.BOUNCED, State.COMPLAINED})
WAITING = frozenset({State.QUEUED, State.HELD})
MOVES: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.HELD, State.SKIPPED, State.FAILED}),
    State.HELD: frozenset({State.SENDING, State.HELD, State.SKIPPED, State.FAILED, State.QUEUED}),
    State.SENDING: frozenset(
        {
            State.SENT,
            State.BOUNCED,
            State.FAILED,
            State.UNKNOWN,
            State.QUEUED,
            State.HELD,
            State.SKIPPED,
        }
    ),
    State.SENT: frozenset({State.FAILED}) | TOLD_LATER,
    State.DELIVERED: frozenset({State.BOUNCED, State.COMPLAINED}),
    State.BOUNCED: frozenset({State.COMPLAINED}),
    State.COMPLAINED: frozenset(),
    State.UNKNOWN: frozenset({State.SENT, State.FAILED, State.QUEUED}) | TOLD_LATER,
    State.FAILED: frozenset({State.QUEUED}),
    State.SKIPPED: frozenset({State.QUEUED}),
}
assert MOVES.keys() == set(State), "every state states its moves"

RETRYABLE = frozenset({State.FAILED, State.UNKNOWN, State.SKIPPED})
DEAD = frozenset({State.FAILED, State.UNKNOWN})
"""What needs a person: it gave up, or nobody knows."""

COMPANY_FEED = "company"
"""The stream that everything but codes belongs to: a company's limit for all of it together."""

LEASE = timedelta(minutes=2)
"""Longer than any try takes; after it, whoever had the message in hand is dead."""

DECISION_HOLDS = timedelta(seconds=30)
"""How long a decision to let a message leave is good for: whoever says no is written to no later
than this, however slow the way out is."""

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


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of the send policy, and what it found: `passed`, `held`, `skipped`, `not_asked`."""

    rule: str
    outcome: str
    detail: str = ""


def way_by(channel: str, feed: str) -> str:
    """What is tried again as one once it could not be reached: a channel, or the address that a
    stream of webhooks calls."""
    return f"{channel} {feed}" if channel == Channel.WEBHOOK and feed else str(channel)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`template` is the kind of message. `text` is the body of an SMS and the plain part of an
    e-mail; links in it begin with SITE.

    `receipt` is the provider's last word (`delivered`, `undelivered`, …), empty before it.
    """

    resource: ClassVar[str] = "message"

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
    purpose: str = SERVICE
    customer_id: UUID | None = None
    lane: Lane = Lane.TRANSACTIONAL
    feed: str = ""
    template_version_id: UUID | None = None
    parameters: dict[str, Any] = {}
    reason: str = ""
    trace: list[Step] = []
    decided_at: datetime | None = None
    outages: int = 0
    folded: int = 0
    domain: str = ""
    """The recipient's domain where it has a limit (domain_limits), else empty."""

    @property
    def way(self) -> str:
        return way_by(self.channel, self.feed)

    @property
    def tries(self) -> int:
        """Those that wear it out: an outage of the way itself does not."""
        return self.attempts - self.outages

    def with_links_to(self, base_url: str) -> "Message":
        """As it leaves: links lead to where people reach this installation today."""
        return msgspec.structs.replace(
            self,
            text=self.text.replace(SITE, base_url),
            html=self.html.replace(SITE, base_url),
        )

    def is_expired(self, now: datetime) -> bool:
        return self.not_after is not None and self.not_after <= now


def next_try(attempts: int, now: datetime, *, retry_after: timedelta | None) -> datetime | None:
    """When to try again after so many tries; None when it is enough."""
    if attempts >= ATTEMPTS_MAX:
        return None
    return now + max(GAPS[attempts - 1], retry_after or timedelta())


class MessageMissing(NotFound):
    code = "message_not_found"


class SecretGone(Conflict):
    """Its words were erased, when it left or later: there is nothing to send again."""

    code = "secret_gone"


def check_retry(message: Message) -> None:
    if message.state not in RETRYABLE:
        raise IllegalMove("Message", message.state, State.QUEUED, sorted(MOVES[message.state]))
    if message.is_secret and not message.text:
        raise SecretGone("This code was erased after sending. Ask for a new one.")
    if not (message.text or message.html or message.template_version_id):
        raise SecretGone("Its words are not kept any more. Write it anew.")
