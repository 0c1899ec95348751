"""API keys: how they look, and what of them is kept."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import msgspec

KEY_MARK = "tdm"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is listed; its secret was shown once and is kept only as a hash."""

    id: UUID
    name: str
    prefix: str
    grants: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def new_api_key() -> tuple[str, str]:
    """(the whole key, its visible prefix): `tdm_<prefix>_<secret>`."""
    prefix = secrets.token_hex(4)
    return f"{KEY_MARK}_{prefix}_{secrets.token_urlsafe(24)}", f"{KEY_MARK}_{prefix}"


def hash_of(credential: str) -> bytes:
    """SHA-256 is enough for 128 random bits and more; passwords use argon2id."""
    return hashlib.sha256(credential.encode()).digest()
