"""How each vendor signs. Keys are fixed and public: they open nothing outside this machine."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from tandem.sandbox.webhook_queue import Delivery

MAILGUN_KEY = "sandbox_signing_key"
SENDGRID_SCALAR = int.from_bytes(hashlib.sha256(b"tandem sandbox sendgrid").digest(), "big") >> 1
TOPIC = "arn:aws:sns:ap-south-1:000000000000:tandem-sandbox"
SNS_FIELDS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SNS_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)


def sendgrid(delivery: Delivery, secret: str) -> Mapping[str, str]:
    """ECDSA P-256 over timestamp and raw body."""
    at = str(int(time.time()))
    signature = _sendgrid_key(secret).sign(at.encode() + delivery.body, ec.ECDSA(hashes.SHA256()))
    return {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": at,
    }


def sendgrid_public_key() -> str:
    """As SendGrid's settings show it: DER in base64."""
    return base64.b64encode(
        _sendgrid_key("")
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def _sendgrid_key(secret: str) -> ec.EllipticCurvePrivateKey:
    """A changed secret is another key, so that the fault `bad_signature` makes a bad one."""
    scalar = SENDGRID_SCALAR + (1 if secret.startswith("not-") else 0)
    return ec.derive_private_key(scalar, ec.SECP256R1())


def mailgun(key: str, event: Mapping[str, Any]) -> bytes:
    """The body with its signature: HMAC-SHA256 over timestamp and token."""
    at, token = str(int(time.time())), secrets.token_hex(25)
    made = hmac.digest(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hex()
    signature = {"timestamp": at, "token": token, "signature": made}
    return msgspec.json.encode({"signature": signature, **event})


def basic(delivery: Delivery, secret: str) -> Mapping[str, str]:
    """Postmark signs nothing: the address holds a name and a password."""
    parts = urlsplit(delivery.url)
    if not parts.username:
        return {}
    password = f"{unquote(parts.password or '')}{'x' if secret.startswith('not-') else ''}"
    pair = f"{unquote(parts.username)}:{password}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


def whatsapp(delivery: Delivery, secret: str) -> Mapping[str, str]:
    made = hmac.digest(secret.encode(), delivery.body, hashlib.sha256).hex()
    return {"x-hub-signature-256": f"sha256={made}"}


def unsigned(_: Delivery, __: str) -> Mapping[str, str]:
    """MSG91: the address itself is the secret."""
    return {}


def sns_headers(delivery: Delivery, _: str) -> Mapping[str, str]:
    kind = str(msgspec.json.decode(delivery.body)["Type"])
    return {"x-amz-sns-message-type": kind, "x-amz-sns-topic-arn": TOPIC}


def sns_notification(message: bytes, *, base_url: str, topic: str = TOPIC) -> bytes:
    """SNS's envelope, signed (SignatureVersion 2: RSA, SHA-256)."""
    body: dict[str, str] = {
        "Type": "Notification",
        "MessageId": secrets.token_hex(16),
        "TopicArn": topic,
        "Message": message.decode(),
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2",
        "SigningCertURL": f"{base_url}/ses/SimpleNotificationService.pem",
    }
    return msgspec.json.encode({**body, "Signature": sns_signature(body, SNS_FIELDS)})


def sns_confirmation(*, base_url: str, topic: str = TOPIC) -> bytes:
    token = secrets.token_hex(32)
    visit = f"{base_url}/ses/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"
    body: dict[str, str] = {
        "Type": "SubscriptionConfirmation",
        "MessageId": secrets.token_hex(16),
        "Token": token,
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.",
        "SubscribeURL": visit,
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2",
        "SigningCertURL": f"{base_url}/ses/SimpleNotificationService.pem",
    }
    return msgspec.json.encode({**body, "Signature": sns_signature(body, SNS_CONFIRMATION)})


def sns_signature(body: Mapping[str, str], fields: tuple[str, ...]) -> str:
    text = "".join(f"{name}\n{body[name]}\n" for name in fields if name in body)
    signed = _sns_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signed).decode()


@cache
def _sns_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def sns_certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_sns_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(_sns_key(), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
