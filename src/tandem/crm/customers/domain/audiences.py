"""Somebody a message to many goes to."""

from uuid import UUID

import msgspec


class Reachable(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with the first address of each kind that still takes messages."""

    id: UUID
    number: str
    name: str
    company_name: str
    email: str | None
    phone: str | None
    city: str
    locale: str = ""

    def address(self, channel: str) -> str:
        """Empty where there is none."""
        return (self.email if channel == "email" else self.phone) or ""
