"""Twilio's rules for a message and its answers.

Error codes are those of https://www.twilio.com/docs/api/errors.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tandem.sandbox.loopback import NotLoopback, check_loopback
from tandem.sandbox.webhook_queue import Delivery

BODY_CHARACTERS_MAX = 1600
PHONE = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}")
SENDER = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}|\d{3,6}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€\f")


class TwilioRefusal(Exception):
    """A "no" in Twilio's words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(status, code, message)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may be sent. One of `sender` and `service` is set."""

    to: str
    sender: str | None
    service: str | None
    body: str
    callback: str | None


def error_body(status: int, code: int, message: str) -> dict[str, Any]:
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def fault_body(status: int) -> dict[str, Any]:
    """What Twilio says when it fails by itself."""
    known = {401: (20003, "Authenticate"), 429: (20429, "Too Many Requests")}
    code, message = known.get(status, (20500, "Internal Server Error"))
    return error_body(status, code, message)


def check_credentials(header: str | None, *, sid: str, token: str) -> None:
    scheme, _, encoded = (header or "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        given = b""
    if not hmac.compare_digest(given, f"{sid}:{token}".encode()):
        raise TwilioRefusal(401, 20003, "Authenticate")


def check_account(asked: str, *, sid: str) -> None:
    if asked != sid:
        path = f"/2010-04-01/Accounts/{asked}/Messages.json"
        raise TwilioRefusal(404, 20404, f"The requested resource {path} was not found")


def read_form(content_type: str | None, body: bytes) -> dict[str, str]:
    """Twilio reads forms only; JSON is refused."""
    if (content_type or "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise TwilioRefusal(415, 20415, "Unsupported Media Type")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def read_draft(form: Mapping[str, str]) -> Draft:
    """Check what Twilio checks, in its order."""
    to, body = form.get("To", ""), form.get("Body", "")
    sender, service = form.get("From") or None, form.get("MessagingServiceSid") or None
    if not to:
        raise TwilioRefusal(400, 21604, "A 'To' phone number is required.")
    if not body:
        raise TwilioRefusal(400, 21602, "Message body is required.")
    if sender is None and service is None:
        raise TwilioRefusal(400, 21603, "A 'From' phone number is required.")
    if not PHONE.fullmatch(to):
        raise TwilioRefusal(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if sender is not None and not SENDER.fullmatch(sender):
        detail = "is not a valid phone number, shortcode, or alphanumeric sender ID."
        raise TwilioRefusal(400, 21212, f"The 'From' number {sender} {detail}")
    if service is not None and not SERVICE.fullmatch(service):
        raise TwilioRefusal(400, 21701, f"The Messaging Service Sid {service} is invalid")
    if len(body) > BODY_CHARACTERS_MAX:
        detail = f"exceeds the {BODY_CHARACTERS_MAX} character limit."
        raise TwilioRefusal(400, 21617, f"The concatenated message body {detail}")
    return Draft(to=to, sender=sender, service=service, body=body, callback=_read_callback(form))


def _read_callback(form: Mapping[str, str]) -> str | None:
    url = form.get("StatusCallback") or None
    try:
        if url is not None:
            check_loopback(url)
    except NotLoopback as refused:
        detail = f"The StatusCallback URL {url} is not a valid URL. {refused}"
        raise TwilioRefusal(400, 21609, detail) from refused
    return url


def count_segments(body: str) -> int:
    """GSM 03.38: 160 characters, 153 each when joined; other alphabets 70 and 67."""
    if all(character in GSM or character in GSM_TWICE for character in body):
        length = len(body) + sum(character in GSM_TWICE for character in body)
        single, joined = 160, 153
    else:
        length = len(body.encode("utf-16-be")) // 2
        single, joined = 70, 67
    return 1 if length <= single else -(-length // joined)


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: base64 HMAC-SHA1 of the URL followed by the sorted pairs."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def sign(delivery: Delivery, secret: str) -> Mapping[str, str]:
    form = dict(parse_qsl(delivery.body.decode(), keep_blank_values=True))
    return {"x-twilio-signature": signature(secret, delivery.url, form)}
