"""What notifications tells the rest of the suite. Data only."""

from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class MessageEvent(Event, frozen=True, kw_only=True):
    message_id: UUID
    order_id: UUID | None
    channel: str
    template: str

    def key(self) -> str:
        return str(self.order_id or self.message_id)


class MessageSent(MessageEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "notifications.message_sent.v1"


class MessageFailed(MessageEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "notifications.message_failed.v1"
    reason: str
