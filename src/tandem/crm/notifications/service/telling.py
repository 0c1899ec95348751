"""What every event about a message says of it."""

from typing import Any

from tandem.crm.notifications.domain.messages import Message


def facts_of(message: Message) -> dict[str, Any]:
    """The fields of contracts.notifications.MessageEvent."""
    return {
        "message_id": message.id,
        "order_id": message.order_id,
        "channel": str(message.channel),
        "template": message.template,
        "customer_id": message.customer_id,
        "feed": message.feed or None,
        "dedupe": message.dedupe,
        "purpose": message.purpose,
    }
