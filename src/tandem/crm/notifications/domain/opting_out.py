"""The link under every promotion: signed, so that it needs no row, and good for one person. Pure.

1 byte version · 16 company · 16 customer · 16 message (or zeros) · 8 of the address's hash
· 1 channel · the purpose · 16 bytes of signature, in base64url
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from uuid import UUID

import msgspec

from tandem.kernel.errors import NotFound

VERSION = b"\x01"
SIGNATURE_BYTES = 16
ADDRESS_BYTES = 8
PURPOSE_AT = 1 + 16 + 16 + 16 + ADDRESS_BYTES + 1
TOKEN_LENGTH_MAX = 200
CHANNELS = ("email", "sms", "whatsapp", "push")
NO_MESSAGE = UUID(int=0)


class OptOutLink(msgspec.Struct, frozen=True, kw_only=True):
    """Whom it was sent to, what for, and in which message where that is known."""

    org_id: UUID
    customer_id: UUID
    purpose: str
    channel: str
    address_mark: str
    message_id: UUID | None = None


class LinkUnknown(NotFound):
    """Cut off, changed, or for somebody who is gone."""

    code = "link_unknown"


def packed(
    org_id: UUID,
    customer_id: UUID,
    *,
    purpose: str,
    channel: str,
    address: str,
    message_id: UUID | None,
    sign: Callable[[bytes], bytes],
) -> str:
    assert channel in CHANNELS, f"nobody opts out of {channel} by a link"
    assert purpose.isascii() and len(purpose) <= 40, "a purpose is a short word"
    mark = hashlib.sha256(address.strip().lower().encode()).digest()[:ADDRESS_BYTES]
    head = b"".join(
        (
            VERSION,
            org_id.bytes,
            customer_id.bytes,
            (message_id or NO_MESSAGE).bytes,
            mark,
            bytes([CHANNELS.index(channel)]),
            purpose.encode(),
        )
    )
    return base64.urlsafe_b64encode(head + sign(head)[:SIGNATURE_BYTES]).decode().rstrip("=")


def unpacked(token: str, is_signed: Callable[[bytes, bytes], bool]) -> OptOutLink:
    """Raises LinkUnknown for everything that we did not sign."""
    raw = _raw(token)
    head, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    if len(head) < PURPOSE_AT or head[:1] != VERSION or not is_signed(head, signature):
        raise LinkUnknown("This link is not complete. Open it from the message once more.")
    message_id = UUID(bytes=head[33:49])
    return OptOutLink(
        org_id=UUID(bytes=head[1:17]),
        customer_id=UUID(bytes=head[17:33]),
        message_id=message_id if message_id != NO_MESSAGE else None,
        address_mark=head[49:57].hex(),
        channel=CHANNELS[head[57]],
        purpose=head[PURPOSE_AT:].decode(),
    )


def _raw(token: str) -> bytes:
    """Only the one way of writing it: a token with its last bits changed is another one."""
    if len(token) > TOKEN_LENGTH_MAX or not token.isascii():
        return b""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == token else b""
