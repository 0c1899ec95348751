"""Postmark's e-mail API (docs: POST /email). `ErrorCode` 0 means taken, whatever the status."""

from datetime import datetime
from email.utils import formataddr
from typing import Any

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.carriers.asking import ask, hand, json_of
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.port import HandOver, Leaving, Refused
from tandem.kernel.outbound import Outbound

VENDOR = "Postmark"


class Postmark:
    def __init__(self, way: Way, reach: Reach) -> None:
        self._from = way.config["from_address"]
        self._stream = way.config.get("stream") or "outbound"
        self._outbound = Outbound(
            reach.base_url(way, "https://api.postmarkapp.com"),
            headers={
                "x-postmark-server-token": way.secrets["server_token"],
                "accept": "application/json",
            },
        )

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        answer = await hand(
            self._outbound, "/email", hand_over=hand_over, vendor=VENDOR, json=self._body(leaving)
        )
        body = json_of(answer, VENDOR)
        if body.get("ErrorCode", 0) != 0:
            raise Refused(f"{VENDOR} {body['ErrorCode']}: {body.get('Message', '')}"[:500])
        return str(body.get("MessageID", "")) or str(leaving.message.id)

    async def check(self) -> None:
        await ask(self._outbound, "/server", vendor=VENDOR)

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return None

    async def close(self) -> None:
        await self._outbound.close()

    def _body(self, leaving: Leaving) -> dict[str, Any]:
        message = leaving.message
        headers = {"Auto-Submitted": "auto-generated", **leaving.other_headers()}
        return {
            "From": formataddr(leaving.sent_from(self._from)),
            "To": message.recipient,
            "Subject": message.subject,
            "TextBody": message.text,
            **({"HtmlBody": message.html} if message.html else {}),
            "MessageStream": self._stream,
            "Metadata": {"tandem_message": str(message.id)},
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        }
