"""Dashboards that people made."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.dashboards import Dashboard, DashboardDraft
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select id, name, owner_id, shared_with, filter_by, tiles, version, created_at
      from analytics.dashboard
     where org_id = :org_id and (owner_id = :user_id or shared_with && :roles::text[])
     order by lower(name), id
     limit 200
    """
)
GET = Query(
    """
    select id, name, owner_id, shared_with, filter_by, tiles, version, created_at
      from analytics.dashboard
     where org_id = :org_id and id = :id
       and (owner_id = :user_id or shared_with && :roles::text[])
    """
)
COUNT = Query(
    "select count(*) from analytics.dashboard where org_id = :org_id and owner_id = :user_id"
)
INSERT = Query(
    """
    insert into analytics.dashboard
           (org_id, id, name, owner_id, shared_with, filter_by, tiles, created_at)
    values (:org_id, :id, :name, :user_id, :shared_with, :filter_by, :tiles::jsonb, :now)
    """
)
SAVE = Query(
    """
    update analytics.dashboard
       set name = :name, shared_with = :shared_with, filter_by = :filter_by,
           tiles = :tiles::jsonb, version = version + 1
     where org_id = :org_id and id = :id
    """
)
DELETE = Query("delete from analytics.dashboard where org_id = :org_id and id = :id")


async def list_rows(tx: Tx, roles: Sequence[str]) -> list[Dashboard]:
    return await tx.many(LIST, Dashboard, user_id=tx.actor.user_id, roles=list(roles))


async def find(tx: Tx, dashboard_id: UUID, roles: Sequence[str]) -> Dashboard | None:
    return await tx.one_or_none(
        GET, Dashboard, id=dashboard_id, user_id=tx.actor.user_id, roles=list(roles)
    )


async def count_own(tx: Tx) -> int:
    number: int = await tx.value(COUNT, user_id=tx.actor.user_id)
    return number


async def insert(tx: Tx, dashboard_id: UUID, draft: DashboardDraft, now: datetime) -> None:
    await tx.run(INSERT, id=dashboard_id, user_id=tx.actor.user_id, now=now, **_values(draft))


async def save(tx: Tx, dashboard_id: UUID, draft: DashboardDraft) -> None:
    await tx.run(SAVE, id=dashboard_id, **_values(draft))


async def delete(tx: Tx, dashboard_id: UUID) -> None:
    await tx.run(DELETE, id=dashboard_id)


def _values(draft: DashboardDraft) -> dict[str, object]:
    return {
        "name": draft.name.strip(),
        "shared_with": sorted(set(draft.shared_with)),
        "filter_by": draft.filter_by,
        "tiles": msgspec.json.encode(draft.tiles).decode(),
    }
