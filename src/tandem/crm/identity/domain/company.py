"""The organisation: a company with its own books, people and walls."""

from typing import Any
from uuid import UUID

import msgspec


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    name: str
    slug: str
    time_zone: str
    currency: str
    country: str
    settings: dict[str, Any]
    version: int
