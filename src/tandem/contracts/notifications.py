"""What notifications tells the rest of the suite. Data only."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class MessageEvent(Event, frozen=True, kw_only=True):
    """`template` is the kind of message. `feed` names the campaign or journey it belongs to."""

    message_id: UUID
    order_id: UUID | None
    channel: str
    template: str
    customer_id: UUID | None = None
    feed: str | None = None
    dedupe: str = ""
    purpose: str = "service"

    @property
    def kind(self) -> str:
        return self.template

    def key(self) -> str:
        return str(self.order_id or self.message_id)


class MessageSent(MessageEvent, frozen=True, kw_only=True):
    """The provider took it."""

    topic: ClassVar[str] = "notifications.message_sent.v1"


class MessageFailed(MessageEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "notifications.message_failed.v1"
    reason: str


class MessageDelivered(MessageEvent, frozen=True, kw_only=True):
    """The provider says that it reached its recipient."""

    topic: ClassVar[str] = "notifications.message_delivered.v1"


class MessageBounced(MessageEvent, frozen=True, kw_only=True):
    """`bounce` is `hard` (never again) or `soft` (this time)."""

    topic: ClassVar[str] = "notifications.message_bounced.v1"
    bounce: str
    reason: str


class MessageComplained(MessageEvent, frozen=True, kw_only=True):
    """The recipient called it spam."""

    topic: ClassVar[str] = "notifications.message_complained.v1"


class MessageSkipped(MessageEvent, frozen=True, kw_only=True):
    """Decided against: `reason` is a word (no_consent, suppressed, capped, no_address, expired,
    cancelled, quiet, complaint_open, late_order, refund_open, collapsed, …)."""

    topic: ClassVar[str] = "notifications.message_skipped.v1"
    reason: str


class MessageUnknown(MessageEvent, frozen=True, kw_only=True):
    """It may have arrived; nobody sends it again by itself."""

    topic: ClassVar[str] = "notifications.message_unknown.v1"
    reason: str


class MessageEngaged(MessageEvent, frozen=True, kw_only=True):
    """A provider tells that somebody, or something, opened, clicked or unsubscribed.

    `action` is opened, clicked or unsubscribed. Whether a person did it is not said: mail scanners
    open and click too.
    """

    topic: ClassVar[str] = "notifications.message_engaged.v1"
    action: str
    at: datetime
    url: str = ""
    user_agent: str = ""
    address: str = ""


class InboxChanged(Event, frozen=True, kw_only=True):
    """Somebody's inbox has news, or they read some. Its key is the member's, for the open pages."""

    topic: ClassVar[str] = "notifications.inbox_changed.v1"
    user_id: UUID

    def key(self) -> str:
        return str(self.user_id)


class ProviderSuspended(Event, frozen=True, kw_only=True):
    """A provider refuses our keys: nothing leaves by it until somebody mends them."""

    topic: ClassVar[str] = "notifications.provider_suspended.v1"
    provider_id: UUID
    name: str
    channel: str
    kind: str
    reason: str

    def key(self) -> str:
        return str(self.provider_id)
