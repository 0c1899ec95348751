"""HMAC-SHA256 over raw bytes, compared in constant time."""

import hashlib
import hmac
from collections.abc import Sequence


def sign(secret: str, message: bytes) -> str:
    """Lower-case hex."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(secrets: Sequence[str], message: bytes, signature: str) -> bool:
    """True when any of the secrets (current, previous) made this signature; empty ones never do."""
    if not signature.isascii():
        return False
    candidates = [sign(secret, message) for secret in secrets if secret]
    return True in [hmac.compare_digest(candidate, signature) for candidate in candidates]
