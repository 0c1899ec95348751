"""A member's access as a session would have it: for who asks about others, and what would be."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.access import Access, AccessRow, HeldRole, actor_of
from tandem.crm.identity.service.granting import roles_named
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store import roles as store
from tandem.crm.identity.store.trees import TEAMS, TERRITORIES
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound


async def access_of(tx: Tx, user_id: UUID, *, now: datetime) -> Access:
    """What decides what this member may do. One's own, or with `identity.read` anybody's."""
    if user_id != tx.actor.user_id:
        tx.actor.require("identity.read")
        if not await people_store.list_users(tx, user_id):
            raise NotFound("There is no such person.")
    return await store.access_of(tx, user_id, now)


async def access_of_all(tx: Tx, *, now: datetime) -> list[AccessRow]:
    """Every active member's, at most 500, by name."""
    tx.actor.require("identity.read")
    return await store.access_of_all(tx, now)


def as_actor(tx: Tx, user_id: UUID, access: Access, *, label: str = "") -> Actor:
    return actor_of(access, org_id=tx.actor.org_id, user_id=user_id, label=label)


async def access_if(
    tx: Tx,
    access: Access,
    *,
    role_keys: Sequence[str] | None = None,
    team_ids: Sequence[UUID] | None = None,
    territory_ids: Sequence[UUID] | None = None,
) -> Access:
    """The access they would have with these roles, teams or territories instead of theirs."""
    if role_keys is not None:
        roles = await roles_named(tx, role_keys, field="role_keys")
        access = msgspec.structs.replace(
            access,
            roles=[
                HeldRole(
                    key=role.key, grants=role.grants, hidden=role.hidden, read_only=role.read_only
                )
                for role in roles
            ],
        )
    if team_ids is not None:
        teams = {team.id: team for team in await TEAMS.list(tx)}
        below = _below({team.id: team.parent_id for team in teams.values()}, team_ids)
        access = msgspec.structs.replace(
            access,
            teams=frozenset(team_ids),
            teams_below=below,
            peers=frozenset(m for team_id in team_ids for m in teams[team_id].members),
            people_below=access.people_below
            | frozenset(m for team_id in below for m in teams[team_id].members),
        )
    if territory_ids is not None:
        lands = {land.id: land.parent_id for land in await TERRITORIES.list(tx)}
        access = msgspec.structs.replace(access, territories=_below(lands, territory_ids))
    return access


def _below(parents: dict[UUID, UUID | None], roots: Sequence[UUID]) -> frozenset[UUID]:
    """These nodes and all under them. Refuses one that is not there."""
    for root in roots:
        if root not in parents:
            raise NotFound("There is nothing with this id.")
    found, size = set(roots), -1
    while size != len(found):
        size = len(found)
        found |= {node for node, parent in parents.items() if parent in found}
    return frozenset(found)
