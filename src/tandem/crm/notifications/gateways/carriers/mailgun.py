"""Mailgun's messages API (docs: POST /v3/{domain}/messages.mime), which keeps our Message-ID."""

from datetime import datetime

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.carriers.asking import ask, hand, json_of
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.composing import composed
from tandem.crm.notifications.gateways.port import HandOver, Leaving
from tandem.kernel.outbound import Outbound

VENDOR = "Mailgun"
HOSTS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}


class Mailgun:
    def __init__(self, way: Way, reach: Reach) -> None:
        self._from = way.config["from_address"]
        self._domain = way.config["domain"]
        self._outbound = Outbound(
            reach.base_url(way, HOSTS[way.config["region"]]),
            auth=("api", way.secrets["api_key"]),
        )

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        message = leaving.message
        letter = composed(message, sender=self._from, headers=leaving.headers)
        answer = await hand(
            self._outbound,
            f"/v3/{self._domain}/messages.mime",
            hand_over=hand_over,
            vendor=VENDOR,
            data={"to": message.recipient, "v:tandem_message": str(message.id)},
            files={"message": ("message.eml", letter, "message/rfc822")},
        )
        return str(json_of(answer, VENDOR).get("id", "")).strip("<>") or str(message.id)

    async def check(self) -> None:
        await ask(self._outbound, f"/v4/domains/{self._domain}", vendor=VENDOR)

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return None

    async def close(self) -> None:
        await self._outbound.close()
