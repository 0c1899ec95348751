"""MSG91's flow API (POST /api/v5/flow): registered templates with their variables, DLT ids beside.

An error may come with 200: only `type: success` is a success.
"""

from datetime import datetime
from typing import Any

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.carriers.asking import ask, hand, json_of
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.port import HandOver, KeysRefused, Leaving, Refused
from tandem.kernel.outbound import Outbound

VENDOR = "MSG91"
KEY_ERRORS = frozenset({"201", "207", "418"})
"""Their codes for a missing, wrong or locked key."""


class Msg91:
    def __init__(self, way: Way, reach: Reach) -> None:
        self._header = way.config["sender"]
        self._outbound = Outbound(
            reach.base_url(way, "https://control.msg91.com"),
            headers={"authkey": way.secrets["auth_key"], "accept": "application/json"},
        )

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        """Refuses a text without a registered template: it has no words of its own there."""
        body = self._body(leaving)
        answer = await hand(
            self._outbound, "/api/v5/flow", hand_over=hand_over, vendor=VENDOR, json=body
        )
        said = json_of(answer, VENDOR)
        if said.get("type") != "success":
            raise _refusal(said)
        return str(said.get("message") or said.get("request_id") or leaving.message.id)

    async def check(self) -> None:
        said = json_of(await ask(self._outbound, "/api/balance.php", vendor=VENDOR), VENDOR)
        if said.get("type") == "error":
            raise _refusal(said)

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return None

    async def close(self) -> None:
        await self._outbound.close()

    def _body(self, leaving: Leaving) -> dict[str, Any]:
        registered = leaving.registered
        if registered is None or not registered.name:
            raise Refused("MSG91 sends registered templates only, and this text is none of them.")
        variables = {
            f"VAR{number}": value for number, value in enumerate(registered.variables, start=1)
        }
        return {
            "template_id": registered.name,
            "sender": registered.header or self._header,
            "short_url": "0",
            "DLT_TE_ID": registered.template_id,
            "PE_ID": registered.entity_id,
            "recipients": [{"mobiles": leaving.message.recipient.lstrip("+"), **variables}],
        }


def _refusal(said: dict[str, Any]) -> Refused | KeysRefused:
    code, words = str(said.get("code", "")), str(said.get("message", ""))
    detail = f"{VENDOR} {code}: {words}"[:500]
    is_key = code in KEY_ERRORS or "auth" in words.lower()
    return KeysRefused(detail) if is_key else Refused(detail)
