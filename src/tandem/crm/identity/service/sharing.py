"""Opening one record for a person or a team. Whoever shares must be able to do what they share."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.sharing import (
    SHAREABLE,
    SHARES_MAX,
    Level,
    Share,
    TooManyShares,
)
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store import sharing as store
from tandem.crm.identity.store.trees import TEAMS
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Owned


async def list_shares(tx: Tx, object_kind: str, record: Owned) -> list[Share]:
    """Of a record that the caller has read."""
    tx.actor.require_with(f"{SHAREABLE[object_kind]}.read", record)
    return await store.list_shares(tx, record.id)


async def share_record(
    tx: Tx,
    object_kind: str,
    record: Owned,
    *,
    user_id: UUID | None,
    team_id: UUID | None,
    level: Level,
    shared_until: datetime | None,
    now: datetime,
) -> Share:
    """Let a person or a team into a record the caller may change; sharing again replaces it.

    A share widens what a role grants by one record, and grants nothing by itself.
    """
    tx.actor.require_with(f"{SHAREABLE[object_kind]}.write", record)
    await _check_subject(tx, user_id, team_id)
    if shared_until is not None and shared_until <= now:
        raise Invalid("That is over already.", field="shared_until")
    if len(await store.list_shares(tx, record.id)) >= SHARES_MAX:
        raise TooManyShares(f"A record is shared {SHARES_MAX} times at most. Use a team.")
    share_id = await tx.value(
        store.INSERT_SHARE,
        id=new_id(),
        object_kind=object_kind,
        object_id=record.id,
        user_id=user_id,
        team_id=team_id,
        level=level,
        shared_until=shared_until,
        created_by=tx.actor.user_id,
        created_at=now,
    )
    share = await store.find_share(tx, share_id)
    assert share is not None, "it was written just now"
    await audit.write(
        tx,
        action=f"{object_kind}.shared",
        subject_kind=object_kind,
        subject_id=record.id,
        now=now,
        after=msgspec.to_builtins(share),
    )
    return share


async def find_share(tx: Tx, share_id: UUID) -> Share:
    found = await store.find_share(tx, share_id)
    if found is None:
        raise NotFound("There is no such share.")
    return found


async def end_share(tx: Tx, share: Share, record: Owned, *, now: datetime) -> None:
    tx.actor.require_with(f"{SHAREABLE[share.object_kind]}.write", record)
    await tx.run(store.DELETE_SHARE, id=share.id)
    await audit.write(
        tx,
        action=f"{share.object_kind}.share_ended",
        subject_kind=share.object_kind,
        subject_id=share.object_id,
        now=now,
        before=msgspec.to_builtins(share),
    )


async def _check_subject(tx: Tx, user_id: UUID | None, team_id: UUID | None) -> None:
    if (user_id is None) == (team_id is None):
        raise Invalid("Name either a person or a team.", field="user_id")
    if user_id is not None and not await people_store.list_users(tx, user_id):
        raise Invalid("There is no such person.", field="user_id")
    if team_id is not None and all(team.id != team_id for team in await TEAMS.list(tx)):
        raise Invalid("There is no such team.", field="team_id")
