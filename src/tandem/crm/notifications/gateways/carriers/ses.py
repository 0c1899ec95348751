"""Amazon SES API v2 (SendEmail with a raw message), signed with AWS Signature Version 4."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.carriers.asking import ask, hand, json_of
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.composing import composed
from tandem.crm.notifications.gateways.port import HandOver, Leaving
from tandem.kernel.outbound import Outbound

VENDOR = "Amazon SES"
SEND = "/v2/email/outbound-emails"
ACCOUNT = "/v2/email/account"


class Ses:
    """SES gives each message an id and a Message-ID of its own; ours travels as a tag."""

    def __init__(
        self,
        way: Way,
        reach: Reach,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._from = way.config["from_address"]
        self._region = way.config["region"]
        self._set = way.config.get("configuration_set", "")
        self._keys = (way.config["access_key_id"], way.secrets["secret_access_key"])
        self._host = f"email.{self._region}.amazonaws.com"
        self._clock = clock
        self._outbound = Outbound(reach.base_url(way, f"https://{self._host}"))

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        body = msgspec.json.encode(self._body(leaving))
        answer = await hand(
            self._outbound,
            SEND,
            hand_over=hand_over,
            vendor=VENDOR,
            content=body,
            headers=self._signed("POST", SEND, body),
        )
        return str(json_of(answer, VENDOR).get("MessageId", "")) or str(leaving.message.id)

    async def check(self) -> None:
        await ask(self._outbound, ACCOUNT, vendor=VENDOR, headers=self._signed("GET", ACCOUNT, b""))

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return None

    async def close(self) -> None:
        await self._outbound.close()

    def _body(self, leaving: Leaving) -> dict[str, Any]:
        message = leaving.message
        letter = composed(message, sender=self._from, headers=leaving.headers)
        named = {"ConfigurationSetName": self._set} if self._set else {}
        return {
            "FromEmailAddress": self._from,
            "Destination": {"ToAddresses": [message.recipient]},
            "Content": {"Raw": {"Data": base64.b64encode(letter).decode()}},
            "EmailTags": [{"Name": "tandem_message", "Value": str(message.id)}],
            **named,
        }

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        headers = {
            "host": self._host,
            "x-amz-date": self._clock().strftime("%Y%m%dT%H%M%SZ"),
            "content-type": "application/json",
        }
        authorization = sign_v4(
            method,
            path,
            headers,
            body,
            keys=self._keys,
            region=self._region,
            service="ses",
        )
        return {**headers, "authorization": authorization}


def sign_v4(
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    *,
    keys: tuple[str, str],
    region: str,
    service: str,
) -> str:
    """The `Authorization` of AWS Signature Version 4; `headers` are lower case, with `x-amz-date`.

    For a path without query or characters that need quoting, as ours are.
    """
    at = headers["x-amz-date"]
    signed = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = f"{method}\n{path}\n\n{lines}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4" + keys[1].encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), hashlib.sha256)
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}"
    signature = hmac.digest(key, text.encode(), hashlib.sha256).hex()
    return (
        f"AWS4-HMAC-SHA256 Credential={keys[0]}/{scope}, SignedHeaders={signed}, "
        f"Signature={signature}"
    )
