"""How far a permission goes: everybody's records, or those of some people, teams, territories.

The only place that decides it. The API, pages, search, exports, streams and reports ask
`Actor.reach(permission)` and hold one record against it (`Reach.holds`), or hand it to a statement:
`within` is the condition, written here once, and `Reach.params` its values.
"""

from typing import Any, LiteralString, Protocol
from uuid import UUID

import msgspec

SCOPES = ("own", "team", "subtree", "territory", "all")
READS = ".read"


class Owned(Protocol):
    """A record that belongs to somebody, or at least to a team or a territory."""

    @property
    def id(self) -> UUID: ...
    @property
    def owner_id(self) -> UUID | None: ...
    @property
    def team_id(self) -> UUID | None: ...
    @property
    def territory_id(self) -> UUID | None: ...


class Ownership(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a record is, for what has nothing else to show for it."""

    id: UUID
    owner_id: UUID | None = None
    team_id: UUID | None = None
    territory_id: UUID | None = None


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """`shared` are single records that somebody let the person into."""

    is_all: bool = False
    owners: frozenset[UUID] = frozenset()
    teams: frozenset[UUID] = frozenset()
    territories: frozenset[UUID] = frozenset()
    shared: frozenset[UUID] = frozenset()

    def holds(self, record: Owned) -> bool:
        return (
            self.is_all
            or record.owner_id in self.owners
            or record.team_id in self.teams
            or record.territory_id in self.territories
            or record.id in self.shared
        )

    def params(self) -> dict[str, Any]:
        """The values of the condition `within`."""
        return {
            "reach_all": self.is_all,
            "reach_owners": list(self.owners),
            "reach_teams": list(self.teams),
            "reach_territories": list(self.territories),
            "reach_shared": list(self.shared),
        }


EVERYWHERE = Reach(is_all=True)
NOWHERE = Reach()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody stands whose grants do not all go everywhere.

    `wide` are the grants for all records, `narrow` the others with their scopes. `peers` share a
    team with the person; `below` are the teams' whole subtrees and the people managed.
    """

    user_id: UUID
    wide: frozenset[str] = frozenset()
    narrow: frozenset[tuple[str, str]] = frozenset()
    teams: frozenset[UUID] = frozenset()
    peers: frozenset[UUID] = frozenset()
    teams_below: frozenset[UUID] = frozenset()
    people_below: frozenset[UUID] = frozenset()
    territories: frozenset[UUID] = frozenset()
    shared_to_read: frozenset[UUID] = frozenset()
    shared_to_write: frozenset[UUID] = frozenset()

    def scopes(self, permission: str) -> frozenset[str]:
        """Every scope in which the permission is granted: by name, by service, or with all."""
        names = names_of(permission)
        if not names.isdisjoint(self.wide):
            return frozenset({"all"})
        return frozenset(scope for grant, scope in self.narrow if grant in names)

    def reach(self, permission: str) -> Reach:
        scopes = self.scopes(permission)
        if not scopes:
            return NOWHERE
        if "all" in scopes:
            return EVERYWHERE
        owners, teams, territories = {self.user_id}, set[UUID](), set[UUID]()
        if "team" in scopes:
            owners |= self.peers
            teams |= self.teams
        if "subtree" in scopes:
            owners |= self.people_below
            teams |= self.teams_below
        if "territory" in scopes:
            territories |= self.territories
        shared = self.shared_to_write
        if permission.endswith(READS):
            shared |= self.shared_to_read
        return Reach(
            owners=frozenset(owners),
            teams=frozenset(teams),
            territories=frozenset(territories),
            shared=shared,
        )


def names_of(permission: str) -> frozenset[str]:
    """The grants that carry a permission: its own name, its service's, everything."""
    return frozenset({permission, f"{permission.partition('.')[0]}.*", "*"})


def within(record: LiteralString) -> LiteralString:
    """The condition that a row is reached; `record` is an alias with id, owner, team, territory."""
    return f"(:reach_all::boolean or {_belongs(record)})"


def within_order(order_id: LiteralString) -> LiteralString:
    """What hangs below an order is reached with the order; what has none, only by reach over all.

    `kernel.order_owner` is orders' view of whose each order is.
    """
    return f"""(:reach_all::boolean or exists (
               select from kernel.order_owner reached
                where reached.org_id = :org_id and reached.id = {order_id}
                  and {_belongs("reached")}))"""


def within_customer(customer_id: LiteralString) -> LiteralString:
    """As `within_order`, for what is about a customer."""
    return f"""(:reach_all::boolean or exists (
               select from kernel.customer_owner reached
                where reached.org_id = :org_id and reached.id = {customer_id}
                  and {_belongs("reached")}))"""


def within_opportunity(opportunity_id: LiteralString) -> LiteralString:
    """As `within_order`, for what is about an opportunity."""
    return f"""(:reach_all::boolean or exists (
               select from kernel.opportunity_owner reached
                where reached.org_id = :org_id and reached.id = {opportunity_id}
                  and {_belongs("reached")}))"""


def within_lead(lead_id: LiteralString) -> LiteralString:
    """As `within_order`, for what is about a lead."""
    return f"""(:reach_all::boolean or exists (
               select from kernel.lead_owner reached
                where reached.org_id = :org_id and reached.id = {lead_id}
                  and {_belongs("reached")}))"""


def _belongs(record: LiteralString) -> LiteralString:
    return (
        f"({record}.owner_id = any(:reach_owners::uuid[])"
        f" or {record}.team_id = any(:reach_teams::uuid[])"
        f" or {record}.territory_id = any(:reach_territories::uuid[])"
        f" or {record}.id = any(:reach_shared::uuid[]))"
    )
