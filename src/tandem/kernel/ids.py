"""Identifiers: UUIDv7 for keys, 128 random bits for anything a stranger may hold."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

TOKEN_BYTES = 16


def new_id() -> UUID:
    """UUIDv7: grows with time, so an index takes it at its right edge."""
    return uuid7()


def new_token() -> str:
    """22 URL-safe characters, 128 random bits: the only key of an unauthenticated page."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def parse_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
