"""Texts by a company's own Twilio account."""

from datetime import datetime

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.port import HandOver, Leaving
from tandem.crm.notifications.gateways.twilio import TwilioTexter


class TwilioTexts:
    def __init__(self, way: Way, reach: Reach) -> None:
        self._texter = TwilioTexter(
            base_url=f"{reach.sandbox_url}/sms" if way.is_stand_in else "https://api.twilio.com",
            account_sid=way.config["account_sid"],
            auth_token=way.secrets["auth_token"],
            sender=way.config["sender"],
            callback_base=reach.callback_base,
            callback_path=f"/v1/provider-callbacks/twilio/{way.org_id}/{way.id}"
            "?message={message_id}",
        )

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        return await self._texter.send(leaving.message, org_id=leaving.org_id, hand_over=hand_over)

    async def check(self) -> None:
        await self._texter.check()

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return await self._texter.list_sent(message, since=since)

    async def close(self) -> None:
        await self._texter.close()
