"""Amazon SNS in front of SES: its signature, by a certificate from Amazon's own host only.

Only our topic counts, and only our topic is confirmed, at an address made here: the one in the
message is never visited (AWS docs: Verifying the signatures of Amazon SNS messages).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import msgspec

from tandem.crm.notifications.gateways.carriers.way import Way
from tandem.kernel.outbound import NotSent, Outbound, OutcomeUnknown

if TYPE_CHECKING:
    from cryptography import x509

HOST = re.compile(r"sns\.[a-z0-9-]{4,30}\.amazonaws\.com(\.cn)?")
PATH = re.compile(r"/(ses/)?SimpleNotificationService[A-Za-z0-9-]{0,100}\.pem")
SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SIGNED_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
KEPT_MAX = 50


class Notices:
    """Keeps the certificates it has seen."""

    def __init__(self, *, sandbox_url: str) -> None:
        self._sandbox = sandbox_url.rstrip("/")
        self._certificates: dict[str, x509.Certificate] = {}

    async def is_proven(self, way: Way, body: bytes) -> bool:
        """Asks Amazon for a certificate that is new; never with a transaction open."""
        envelope = _envelope(body)
        if envelope is None or envelope.get("TopicArn") != way.config.get("topic_arn"):
            return False
        certificate = await self._certificate(way, envelope.get("SigningCertURL", ""))
        return certificate is not None and _is_signed(certificate, envelope)

    async def confirm(self, way: Way, body: bytes) -> bool:
        """Answer a proven SubscriptionConfirmation; False when it is none."""
        envelope = _envelope(body) or {}
        if envelope.get("Type") != "SubscriptionConfirmation":
            return False
        asked = {"TopicArn": way.config["topic_arn"], "Token": envelope.get("Token", "")}
        path = f"/?{urlencode({'Action': 'ConfirmSubscription', **asked})}"
        await _fetch(self._base(way), path)
        return True

    def _base(self, way: Way) -> str:
        if way.is_stand_in:
            return f"{self._sandbox}/ses"
        return f"https://sns.{way.config['topic_arn'].split(':')[3]}.amazonaws.com"

    async def _certificate(self, way: Way, url: str) -> "x509.Certificate | None":
        if url in self._certificates:
            return self._certificates[url]
        parts = urlsplit(url)
        is_amazon = parts.scheme == "https" and HOST.fullmatch(parts.netloc) is not None
        is_ours = way.is_stand_in and url.startswith(f"{self._sandbox}/ses/")
        if not (is_amazon or is_ours) or PATH.fullmatch(parts.path) is None or parts.query:
            return None
        content = await _fetch(f"{parts.scheme}://{parts.netloc}", parts.path)
        from cryptography import x509  # 3 MB, for the first notice

        try:
            found = x509.load_pem_x509_certificate(content)
        except ValueError:
            return None
        if len(self._certificates) < KEPT_MAX:
            self._certificates[url] = found
        return found


async def _fetch(base: str, path: str) -> bytes:
    """Empty when it cannot be had."""
    outbound = Outbound(base)
    try:
        answer = await outbound.send("GET", path)
    except (NotSent, OutcomeUnknown):
        return b""
    finally:
        await outbound.close()
    return answer.content if answer.status_code == 200 else b""


def _envelope(body: bytes) -> Mapping[str, str] | None:
    try:
        found: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    if not isinstance(found, dict):
        return None
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _is_signed(certificate: "x509.Certificate", envelope: Mapping[str, str]) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    is_notice = envelope.get("Type") == "Notification"
    fields = SIGNED if is_notice else SIGNED_CONFIRMATION
    text = "".join(f"{name}\n{envelope[name]}\n" for name in fields if name in envelope)
    algorithm = hashes.SHA256() if envelope.get("SignatureVersion") == "2" else hashes.SHA1()  # noqa: S303  Amazon's version 1
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        signature = base64.b64decode(envelope.get("Signature", ""), validate=True)
        key.verify(signature, text.encode(), padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
