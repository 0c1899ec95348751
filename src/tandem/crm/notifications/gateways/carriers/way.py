"""A provider with its keys, and how the outside is reached from here."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.providers import Kind
from tandem.kernel.guard import Guard


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Never shown and never stored: it holds the secrets as they are."""

    id: UUID
    org_id: UUID
    version: int
    kind: Kind
    config: Mapping[str, str]
    secrets: Mapping[str, str]
    is_stand_in: bool

    def __repr__(self) -> str:
        return f"<Way {self.kind} {self.id}>"


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    guard: Guard
    sandbox_url: str
    sandbox_smtp_url: str
    callback_base: str

    def base_url(self, way: Way, vendor_url: str) -> str:
        """The vendor's address, or that of the stand-in which plays it."""
        return f"{self.sandbox_url}/{way.kind}" if way.is_stand_in else vendor_url
