"""From the roles somebody holds and where they stand to an actor. Pure: the same for who asks, for
whom an administrator asks about, and for what would be if."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.roles import COVERED_BY, FIELDS, split, with_copies
from tandem.kernel.actor import Actor
from tandem.kernel.reach import Standing


class HeldRole(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    grants: list[str]
    hidden: list[str] = msgspec.field(default_factory=list)
    read_only: list[str] = msgspec.field(default_factory=list)

    def touches(self, service: str) -> bool:
        return any(
            permission == "*" or permission.partition(".")[0] == service
            for permission, _ in map(split, self.grants)
        )


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What `identity.access_of` answers for one member; for a session without narrow grants the
    roles alone (`identity.access_needed`)."""

    roles: list[HeldRole]
    teams: frozenset[UUID] = frozenset()
    peers: frozenset[UUID] = frozenset()
    teams_below: frozenset[UUID] = frozenset()
    people_below: frozenset[UUID] = frozenset()
    territories: frozenset[UUID] = frozenset()
    shared_to_read: frozenset[UUID] = frozenset()
    shared_to_write: frozenset[UUID] = frozenset()


@lru_cache(maxsize=2048)
def read_access(text: str) -> Access:
    """The database's answer. It is the same for a session from second to second, mostly."""
    return msgspec.json.decode(text, type=Access)


def actor_of(
    access: Access, *, org_id: UUID, user_id: UUID, label: str = "", **known: Any
) -> Actor:
    """The member as an actor; `known` is what else is known of them (their session, their kind)."""
    granted = _granted(tuple(grant for role in access.roles for grant in role.grants))
    return Actor(
        org_id=org_id,
        user_id=user_id,
        label=label,
        grants=granted.permissions,
        standing=_standing(access, user_id, granted),
        hidden=with_copies(_kept_back(access.roles, "hidden")),
        read_only=_kept_back(access.roles, "read_only"),
        **known,
    )


class _Granted(msgspec.Struct, frozen=True):
    permissions: frozenset[str]
    wide: frozenset[str]
    narrow: frozenset[tuple[str, str]]


@lru_cache(maxsize=512)
def _granted(grants: tuple[str, ...]) -> _Granted:
    """Few roles are held by many: the same grants are not taken apart each second."""
    taken = [split(grant) for grant in grants]
    return _Granted(
        permissions=frozenset(permission for permission, _ in taken),
        wide=frozenset(permission for permission, scope in taken if scope == "all"),
        narrow=frozenset(one for one in taken if one[1] != "all"),
    )


def _standing(access: Access, user_id: UUID, granted: _Granted) -> Standing | None:
    if not granted.narrow:
        return None
    return Standing(
        user_id=user_id,
        wide=granted.wide,
        narrow=granted.narrow,
        teams=access.teams,
        peers=access.peers,
        teams_below=access.teams_below,
        people_below=access.people_below,
        territories=access.territories,
        shared_to_read=access.shared_to_read,
        shared_to_write=access.shared_to_write,
    )


def _kept_back(roles: Sequence[HeldRole], rule: str) -> frozenset[str]:
    """A field is kept back where every role that opens its records keeps it back."""
    if not any(getattr(role, rule) for role in roles):
        return frozenset()
    found = set()
    for field in {field for role in roles for field in getattr(role, rule)}:
        resource = field.partition(".")[0]
        service = FIELDS[resource][0] if resource in FIELDS else resource
        opening = [role for role in roles if role.touches(service)]
        if all(field in role.hidden or field in getattr(role, rule) for role in opening):
            found.add(field)
    return frozenset(found)


def holds(actor: Actor, grant: str) -> bool:
    """Whether the actor has this grant, with a scope that reaches at least as far."""
    permission, scope = split(grant)
    if actor.standing is None:
        return actor.may(permission)
    return not actor.standing.scopes(permission).isdisjoint(COVERED_BY[scope])


class AccessRow(msgspec.Struct, frozen=True, kw_only=True):
    """A member and their access, as the explanations look through everybody."""

    user_id: UUID
    name: str
    access: Access
