"""Signatures over the raw bytes, and passwords where a vendor does not sign. No network."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.gateways.carriers.way import Way
from tandem.crm.notifications.gateways.twilio import sign as twilio_signature


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came: `url` as the provider knows it, `headers` in lower case."""

    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


def is_proven(way: Way, asked: Asked) -> bool:
    """False for whatever is forged, and for a provider whose key for reports is not set."""
    match way.kind:
        case Kind.SENDGRID:
            return is_sendgrid(way.config.get("verification_key", ""), asked)
        case Kind.MAILGUN:
            return is_mailgun(way.secrets.get("signing_key", ""), asked.body)
        case Kind.POSTMARK:
            return _has_password(way, asked)
        case Kind.TWILIO:
            return is_twilio(way.secrets["auth_token"], asked)
        case Kind.WHATSAPP:
            return is_whatsapp(way.secrets["app_secret"], asked)
        case Kind.MSG91 | Kind.SMTP:
            return _has_key(way, asked) or _has_password(way, asked)
        case Kind.SES:
            return False  # proven by its certificate: callbacks.sns


def is_sendgrid(verification_key: str, asked: Asked) -> bool:
    """ECDSA P-256 with SHA-256 over the timestamp and the body, its last line end included."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    at = asked.headers.get("x-twilio-email-event-webhook-timestamp", "")
    given = asked.headers.get("x-twilio-email-event-webhook-signature", "")
    try:
        key = load_der_public_key(base64.b64decode(verification_key, validate=True))
        signature = base64.b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or not at or not signature:
        return False
    try:
        key.verify(signature, at.encode() + asked.body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def is_mailgun(signing_key: str, body: bytes) -> bool:
    """HMAC-SHA256 over timestamp and token. The event itself is not signed: see `token_of`."""
    try:
        signature = msgspec.json.decode(body)["signature"]
        signed = f"{signature['timestamp']}{signature['token']}"
        given = str(signature["signature"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return False
    made = hmac.digest(signing_key.encode(), signed.encode(), hashlib.sha256).hex()
    return bool(signing_key) and _same(made, given)


def token_of(body: bytes) -> str:
    """Mailgun's token names the delivery: a second body with the same token is heard no more."""
    return str(msgspec.json.decode(body)["signature"]["token"])[:100]


def is_twilio(auth_token: str, asked: Asked) -> bool:
    form = dict(parse_qsl(asked.body.decode("utf-8", "replace"), keep_blank_values=True))
    made = twilio_signature(auth_token, asked.url, form)
    return bool(auth_token) and _same(made, asked.headers.get("x-twilio-signature", ""))


def is_whatsapp(app_secret: str, asked: Asked) -> bool:
    """`sha256=` and HMAC-SHA256 of the raw body (Meta: Webhooks, validating payloads)."""
    made = "sha256=" + hmac.digest(app_secret.encode(), asked.body, hashlib.sha256).hex()
    return bool(app_secret) and _same(made, asked.headers.get("x-hub-signature-256", ""))


def _has_password(way: Way, asked: Asked) -> bool:
    """`Authorization: Basic` with any name and our own secret."""
    scheme, _, encoded = asked.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (ValueError, binascii.Error):
        return False
    return scheme.lower() == "basic" and _same(
        way.secrets["callback_secret"], pair.partition(":")[2]
    )


def _has_key(way: Way, asked: Asked) -> bool:
    return _same(way.secrets["callback_secret"], asked.query.get("key", ""))


def _same(made: str, given: str) -> bool:
    return hmac.compare_digest(made.encode(), given.encode("utf-8", "replace"))
