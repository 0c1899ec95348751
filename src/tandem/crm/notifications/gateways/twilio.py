"""Text messages by Twilio's Messages API (2010-04-01), or whatever speaks it."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.port import HandOver, KeysRefused, Refused, TryLater
from tandem.kernel.outbound import NotSent, Outbound, OutcomeUnknown

API = "/2010-04-01/Accounts"
SKEW = timedelta(seconds=60)
PAGE = 50
BUSY = frozenset({429, 503})
CALLBACK_PATH = "/v1/provider-callbacks/sms/{org_id}/{message_id}"


class TwilioTexter:
    """`callback_base` is our address as the provider reaches it; empty asks for no reports.

    `sender` is a number, an alphanumeric sender, or a messaging service (MG…).
    """

    def __init__(
        self,
        *,
        base_url: str,
        account_sid: str,
        auth_token: str,
        sender: str,
        callback_base: str = "",
        callback_path: str = CALLBACK_PATH,
    ) -> None:
        self._account = account_sid
        self._token = auth_token
        self._sender = sender
        self._callback_base = callback_base.rstrip("/")
        self._callback_path = callback_path
        self._outbound = Outbound(base_url, auth=(account_sid, auth_token))

    async def close(self) -> None:
        await self._outbound.close()

    async def send(self, message: Message, *, org_id: UUID, hand_over: HandOver) -> str:
        if not self._account:
            raise Refused("No text gateway is set (TANDEM_SMS_ACCOUNT_SID).")
        await hand_over()
        try:
            answer = await self._outbound.send(
                "POST",
                f"{API}/{self._account}/Messages.json",
                is_repeatable=False,
                data=self._form(message, org_id),
            )
        except NotSent as reason:
            raise TryLater(str(reason)) from reason
        return str(_read(answer)["sid"])

    async def list_sent(self, message: Message, *, since: datetime) -> list[str]:
        """Raises TryLater, OutcomeUnknown or Refused when the list cannot be had."""
        query = {"To": message.recipient, "PageSize": str(PAGE)}
        try:
            answer = await self._outbound.send(
                "GET", f"{API}/{self._account}/Messages.json", params=query
            )
        except NotSent as reason:
            raise TryLater(str(reason)) from reason
        return [
            str(text["sid"])
            for text in _read(answer)["messages"]
            if text["body"].strip() == message.text.strip()
            and parsedate_to_datetime(text["date_created"]) >= since - SKEW
        ]

    async def check(self) -> None:
        """Read one text. Raises as `list_sent` does."""
        path = f"{API}/{self._account}/Messages.json"
        try:
            _read(await self._outbound.send("GET", path, params={"PageSize": "1"}))
        except NotSent as reason:
            raise TryLater(str(reason)) from reason

    def is_signed(self, path: str, form: dict[str, str], signature: str) -> bool:
        expected = sign(self._token, f"{self._callback_base}{path}", form)
        return bool(self._token) and hmac.compare_digest(
            expected.encode(), signature.encode("utf-8", "replace")
        )

    def _form(self, message: Message, org_id: UUID) -> dict[str, str]:
        is_service = self._sender.startswith("MG")
        form = {
            "To": message.recipient,
            "MessagingServiceSid" if is_service else "From": self._sender,
            "Body": message.text,
        }
        if self._callback_base:
            path = self._callback_path.format(org_id=org_id, message_id=message.id)
            form["StatusCallback"] = f"{self._callback_base}{path}"
        return form


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: base64 HMAC-SHA1 over the URL and the form's sorted pairs."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()


def _read(answer: Any) -> dict[str, Any]:
    """The JSON of a good answer. 5xx other than "busy" may have worked and is not known."""
    status = answer.status_code
    if status in BUSY:
        wait = answer.headers.get("retry-after", "")
        after = timedelta(seconds=min(int(wait), 3600)) if wait.isdigit() else None
        raise TryLater(f"{status}: busy", retry_after=after)
    if status >= 500:
        raise OutcomeUnknown(f"The gateway answered {status}.")
    if status in {401, 403}:
        raise KeysRefused(f"{status}: the account or its token is not accepted")
    try:
        body: dict[str, Any] = answer.json()
    except ValueError as reason:
        raise OutcomeUnknown(f"The gateway answered {status} without JSON.") from reason
    if status >= 400:
        raise Refused(f"{body.get('code', status)}: {body.get('message', '')}"[:500])
    return body
