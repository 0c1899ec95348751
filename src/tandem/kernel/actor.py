"""Who is asking. Resolved once at the edge, passed down by hand, never read from a global."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from tandem.kernel.errors import Forbidden
from tandem.kernel.reach import EVERYWHERE, NOWHERE, Owned, Reach, Standing

EVERYTHING = "*"

INSTALLATION = UUID(int=0)
"""The organisation of what belongs to no company: persons, their factors, sessions and codes."""


class FactorNeeded(Forbidden):
    """The company asks for a second factor: set one up, or sign in with it."""

    code = "second_factor_needed"


class StepUpNeeded(Forbidden):
    """Allowed, but only shortly after proving once more who is asking."""

    code = "step_up_needed"


class Kind(StrEnum):
    STAFF = "staff"
    API_KEY = "api_key"
    DRIVER = "driver"
    BUYER = "buyer"
    PUBLIC = "public"
    SYSTEM = "system"


class Origin(msgspec.Struct, frozen=True):
    """Where a request came from: the network address, and the id its answer carried."""

    address: str = ""
    request_id: str = ""


class Impersonator(msgspec.Struct, frozen=True, kw_only=True):
    """Who really acts when somebody is seen through another person's eyes, and why."""

    id: UUID
    user_id: UUID
    label: str
    reason: str
    may_write: bool
    until: datetime


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key was bound to: networks (CIDR, none is everywhere) and requests a minute."""

    networks: tuple[str, ...] = ()
    per_minute: int | None = None


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """`user_id` is the person or key in the audit; `label` is what a timeline may show of them.

    `user_id` of a person is their membership in this organisation; `person_id` is the same in all
    of theirs. Both it and what follows are there only for somebody who signed in.
    """

    org_id: UUID
    user_id: UUID | None
    kind: Kind = Kind.STAFF
    grants: frozenset[str] = frozenset()
    label: str = ""
    person_id: UUID | None = None
    session_id: UUID | None = None
    proved_at: datetime | None = None
    """When the person last proved who they are, not merely had a cookie."""
    has_two_factors: bool = False
    lacks_factor: bool = False
    """Their company asks for a second factor, and this session has shown none."""

    origin: Origin = Origin()
    impersonator: Impersonator | None = None
    maker_id: UUID | None = None
    """The person that an API key was made by, and never exceeds."""
    terms: Terms | None = None

    standing: Standing | None = None
    """None: whatever is granted is granted for everybody's records."""
    hidden: frozenset[str] = frozenset()
    """Fields kept from this actor, as `customer.notes`; `read_only` ones are shown."""
    read_only: frozenset[str] = frozenset()

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

    @property
    def person(self) -> UUID | None:
        """Whose something is that was made without saying whose: the member of staff who asks, or
        whom the key was made by. Nobody for visitors, buyers, drivers and the suite itself."""
        if self.kind is Kind.API_KEY:
            return self.maker_id
        return self.user_id if self.kind is Kind.STAFF else None

    def trusted(self) -> "Actor":
        """The same person without limits, for what follows of itself from what was allowed."""
        return msgspec.structs.replace(
            self,
            grants=frozenset({EVERYTHING}),
            standing=None,
            hidden=frozenset(),
            read_only=frozenset(),
        )

    def may(self, permission: str) -> bool:
        """Granted by name, by its service (`orders.*`) or with everything, for some record."""
        return (
            permission in self.grants
            or EVERYTHING in self.grants
            or f"{permission.partition('.')[0]}.*" in self.grants
        )

    def reach(self, permission: str) -> Reach:
        """Whose records the permission goes for."""
        if self.standing is not None:
            return self.standing.reach(permission)
        return EVERYWHERE if self.may(permission) else NOWHERE

    def may_with(self, permission: str, record: Owned) -> bool:
        """Granted, and for this record."""
        return self.may(permission) and self.reach(permission).holds(record)

    def sees(self, permission: str, record: Owned) -> bool:
        """Whether the record is one for the actor at all; that it may be read is asked apart."""
        return self.standing is None or self.standing.reach(permission).holds(record)

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise Forbidden(f"This needs the permission {permission!r}.", permission=permission)

    def require_everywhere(self, permission: str) -> None:
        """For what tells of everybody's records at once: series, totals, whole-company files."""
        self.require(permission)
        if not self.reach(permission).is_all:
            raise Forbidden(
                f"This needs the permission {permission!r} for the whole company.",
                permission=permission,
                reason="out_of_reach",
            )

    def require_with(self, permission: str, record: Owned) -> None:
        """The permission for a record that the asker sees. What they do not see is NotFound, and
        that is said where it is read."""
        self.require(permission)
        if not self.reach(permission).holds(record):
            raise Forbidden(
                f"Your permission {permission!r} does not reach this record.",
                permission=permission,
                reason="out_of_reach",
            )

    def hides(self, resource: str, field: str) -> bool:
        return f"{resource}.{field}" in self.hidden

    def require_fresh(self, now: datetime, *, within: timedelta = timedelta(minutes=10)) -> None:
        """For acts that a stolen cookie must not reach. StepUpNeeded tells a page to ask again.

        Keys, tokens and the suite itself have nobody to ask and are judged by their grants alone.
        """
        if self.impersonator is not None:
            raise Forbidden("Not while you are seen as somebody else.", permission="oneself")
        if self.session_id is None:
            return
        if self.proved_at is None or now - self.proved_at > within:
            raise StepUpNeeded(
                "Confirm that it is you: sign in once more.",
                within_seconds=int(within.total_seconds()),
            )
