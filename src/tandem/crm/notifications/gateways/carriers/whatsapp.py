"""WhatsApp Cloud API (POST /{version}/{phone number id}/messages).

Within 24 hours of a person's own message any words may be sent; else only an approved template.
"""

from datetime import datetime
from typing import Any

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.carriers.asking import ask, hand, json_of
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.port import HandOver, Leaving, Refused
from tandem.kernel.outbound import Outbound, OutcomeUnknown

VENDOR = "WhatsApp"
VERSION = "v23.0"


class WhatsApp:
    def __init__(self, way: Way, reach: Reach) -> None:
        self._number = way.config["phone_number_id"]
        self._outbound = Outbound(
            reach.base_url(way, "https://graph.facebook.com"),
            headers={"authorization": f"Bearer {way.secrets['access_token']}"},
        )

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        body = self._body(leaving)
        answer = await hand(
            self._outbound,
            f"/{VERSION}/{self._number}/messages",
            hand_over=hand_over,
            vendor=VENDOR,
            json=body,
        )
        taken = json_of(answer, VENDOR).get("messages")
        if not isinstance(taken, list) or not taken or not isinstance(taken[0], dict):
            raise OutcomeUnknown("WhatsApp named no message in its answer.")
        return str(taken[0].get("id", "")) or str(leaving.message.id)

    async def check(self) -> None:
        await ask(
            self._outbound,
            f"/{VERSION}/{self._number}",
            vendor=VENDOR,
            params={"fields": "display_phone_number"},
        )

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return None

    async def close(self) -> None:
        await self._outbound.close()

    def _body(self, leaving: Leaving) -> dict[str, Any]:
        message = leaving.message
        head = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.recipient.lstrip("+"),
            "biz_opaque_callback_data": str(message.id),
        }
        if leaving.registered is not None:
            return {**head, "type": "template", "template": _template(leaving)}
        if leaving.is_talking:
            return {**head, "type": "text", "text": {"preview_url": False, "body": message.text}}
        raise Refused(
            "They have not written within 24 hours, and this text is no approved template."
        )


def _template(leaving: Leaving) -> dict[str, Any]:
    registered = leaving.registered
    assert registered is not None, "asked for a template only where there is one"
    values = [{"type": "text", "text": value} for value in registered.variables]
    components = [{"type": "body", "parameters": values}] if values else []
    return {
        "name": registered.name,
        "language": {"code": registered.language or "en"},
        "components": components,
    }
