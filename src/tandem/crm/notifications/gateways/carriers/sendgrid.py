"""SendGrid's Mail Send API v3 (docs: POST /v3/mail/send)."""

from datetime import datetime
from typing import Any

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.carriers.asking import ask, hand
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.port import HandOver, Leaving
from tandem.kernel.outbound import Outbound

VENDOR = "SendGrid"


class SendGrid:
    """Answers 202 with `X-Message-Id`, with which every event's `sg_message_id` begins."""

    def __init__(self, way: Way, reach: Reach) -> None:
        self._from = way.config["from_address"]
        self._outbound = Outbound(
            reach.base_url(way, "https://api.sendgrid.com"),
            headers={"authorization": f"Bearer {way.secrets['api_key']}"},
        )

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        answer = await hand(
            self._outbound,
            "/v3/mail/send",
            hand_over=hand_over,
            vendor=VENDOR,
            json=self._body(leaving),
        )
        return str(answer.headers.get("x-message-id", "")) or str(leaving.message.id)

    async def check(self) -> None:
        await ask(self._outbound, "/v3/scopes", vendor=VENDOR)

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return None

    async def close(self) -> None:
        await self._outbound.close()

    def _body(self, leaving: Leaving) -> dict[str, Any]:
        message = leaving.message
        name, address = leaving.sent_from(self._from)
        return {
            "personalizations": [
                {
                    "to": [{"email": message.recipient}],
                    "custom_args": {"tandem_message": str(message.id)},
                }
            ],
            "from": {"email": address, "name": name},
            "subject": message.subject,
            "content": [
                {"type": "text/plain", "value": message.text},
                *([{"type": "text/html", "value": message.html}] if message.html else []),
            ],
            "headers": {"Auto-Submitted": "auto-generated", **leaving.other_headers()},
        }
