"""Who is asking. Resolved once at the edge, passed down by hand, never read from a global."""

from enum import StrEnum
from uuid import UUID

import msgspec

from tandem.kernel.errors import Forbidden

EVERYTHING = "*"


class Kind(StrEnum):
    STAFF = "staff"
    API_KEY = "api_key"
    DRIVER = "driver"
    BUYER = "buyer"
    PUBLIC = "public"
    SYSTEM = "system"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """`user_id` is the person or key in the audit; `label` is what a timeline may show of them."""

    org_id: UUID
    user_id: UUID | None
    kind: Kind = Kind.STAFF
    grants: frozenset[str] = frozenset()
    label: str = ""

    @classmethod
    def system(cls, org_id: UUID, label: str = "Tandem") -> "Actor":
        """The suite itself, working for one organisation: handlers, jobs, flows it started."""
        return cls(
            org_id=org_id,
            user_id=None,
            kind=Kind.SYSTEM,
            grants=frozenset({EVERYTHING}),
            label=label,
        )

    @classmethod
    def public(cls, org_id: UUID, *grants: str) -> "Actor":
        """A visitor who holds a token of this organisation and nothing else."""
        return cls(
            org_id=org_id, user_id=None, kind=Kind.PUBLIC, grants=frozenset(grants), label="Visitor"
        )

    def may(self, permission: str) -> bool:
        """Granted by name, by its service (`orders.*`) or with everything."""
        return (
            permission in self.grants
            or EVERYTHING in self.grants
            or f"{permission.partition('.')[0]}.*" in self.grants
        )

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise Forbidden(f"This needs the permission {permission!r}.", permission=permission)
