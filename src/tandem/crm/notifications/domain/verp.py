"""Return paths of their own (VERP): a bounce names its message, and nobody else can name one."""

import base64
import hashlib
import hmac
import re
from uuid import UUID

MARK = "b"
_TAIL = re.compile(r"b-([0-9a-f]{32})-([a-z2-7]{16})")


def return_path(bounce_address: str, message_id: UUID, secret: str) -> str:
    """`bounces+b-<message>-<proof>@example.com`; empty without a bounce mailbox."""
    if not bounce_address:
        return ""
    local, _, domain = bounce_address.rpartition("@")
    return f"{local}+{MARK}-{message_id.hex}-{_proof(message_id, secret)}@{domain}"


def message_of(address: str, secret: str) -> UUID | None:
    """Which message came back to this address; None when the proof is not ours."""
    found = _TAIL.search(address.casefold())
    if found is None:
        return None
    message_id = UUID(found[1])
    is_ours = hmac.compare_digest(_proof(message_id, secret), found[2])
    return message_id if is_ours else None


def _proof(message_id: UUID, secret: str) -> str:
    digest = hmac.digest(secret.encode(), b"verp" + message_id.bytes, hashlib.sha256)
    return base64.b32encode(digest[:10]).decode().lower()
