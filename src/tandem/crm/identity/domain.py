"""People, roles and what a credential may look like. Pure."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid, Unauthenticated

SESSION_LIFE = timedelta(days=14)
SESSION_IDLE = timedelta(days=3)
SEEN_GRAIN = timedelta(minutes=5)
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 256
KEY_MARK = "tdm"

PERMISSIONS: Mapping[str, str] = {
    "identity.read": "See people, roles and API keys.",
    "identity.manage": "Add people, change roles, make and revoke API keys.",
    "identity.settings": "Change the company's settings.",
}

ROLES: Mapping[str, tuple[str, list[str]]] = {
    "admin": ("Administrator", ["*"]),
    "operations": (
        "Operations",
        [
            "orders.*",
            "catalog.*",
            "customers.*",
            "inventory.*",
            "shipping.*",
            "delivery.*",
            "invoicing.read",
            "payments.read",
            "notifications.read",
        ],
    ),
    "finance": (
        "Finance",
        ["invoicing.*", "payments.*", "orders.read", "customers.read", "catalog.read"],
    ),
    "dispatcher": ("Dispatcher", ["delivery.*", "shipping.*", "orders.read", "customers.read"]),
    "driver": ("Driver", ["delivery.drive"]),
    "read_only": (
        "Read only",
        [
            "orders.read",
            "catalog.read",
            "customers.read",
            "inventory.read",
            "shipping.read",
            "delivery.read",
            "invoicing.read",
            "payments.read",
        ],
    ),
}


class WrongCredentials(Unauthenticated):
    """One answer for an unknown address and for a wrong password."""

    code = "wrong_credentials"


class EmailTaken(Conflict):
    code = "email_taken"


class WeakPassword(Invalid):
    code = "weak_password"


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    name: str
    slug: str
    time_zone: str
    currency: str
    country: str
    settings: dict[str, Any]
    version: int


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    name: str
    role_key: str
    is_active: bool
    created_at: datetime
    version: int


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


class Role(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    name: str
    grants: list[str]


VIEWS_MAX = 40
"""Of one person on one page; more is a list of its own."""


class TooManyViews(Conflict):
    code = "too_many_views"


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A named state of a page's list, as the part of the address behind the question mark."""

    id: UUID
    user_id: UUID
    page: str
    name: str
    query: str
    is_shared: bool


Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


def normal_email(email: str) -> str:
    return email.strip().lower()


def check_password(password: str) -> None:
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise WeakPassword(
            f"A password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters.",
            field="password",
        )


def new_api_key() -> tuple[str, str]:
    """(the whole key, its visible prefix): `tdm_<prefix>_<secret>`."""
    prefix = secrets.token_hex(4)
    return f"{KEY_MARK}_{prefix}_{secrets.token_urlsafe(24)}", f"{KEY_MARK}_{prefix}"


def hash_of(credential: str) -> bytes:
    """SHA-256 is enough for 128 random bits and more; passwords use argon2id."""
    return hashlib.sha256(credential.encode()).digest()
