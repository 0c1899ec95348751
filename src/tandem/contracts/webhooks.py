"""What outgoing webhooks tell the rest of the suite. Data only."""

from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class WebhookEndpointDisabled(Event, frozen=True, kw_only=True):
    """An address gets nothing any more, for the reason given, until somebody saves it again."""

    topic: ClassVar[str] = "webhooks.endpoint_disabled.v1"
    endpoint_id: UUID
    url: str
    reason: str

    def key(self) -> str:
        return str(self.endpoint_id)
