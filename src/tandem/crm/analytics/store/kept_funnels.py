"""Funnels that people kept."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.funnels import Funnel, FunnelDraft
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select id, name, owner_id, query, version, created_at
      from analytics.funnel
     where org_id = :org_id
     order by lower(name), id
     limit 200
    """
)
GET = Query(
    """
    select id, name, owner_id, query, version, created_at
      from analytics.funnel
     where org_id = :org_id and id = :id
    """
)
COUNT = Query("select count(*) from analytics.funnel where org_id = :org_id")
INSERT = Query(
    """
    insert into analytics.funnel (org_id, id, name, owner_id, query, created_at)
    values (:org_id, :id, :name, :user_id, :asked::jsonb, :now)
    """
)
SAVE = Query(
    """
    update analytics.funnel set name = :name, query = :asked::jsonb, version = version + 1
     where org_id = :org_id and id = :id
    """
)
DELETE = Query("delete from analytics.funnel where org_id = :org_id and id = :id")


async def list_rows(tx: Tx) -> list[Funnel]:
    return await tx.many(LIST, Funnel)


async def find(tx: Tx, funnel_id: UUID) -> Funnel | None:
    return await tx.one_or_none(GET, Funnel, id=funnel_id)


async def count_all(tx: Tx) -> int:
    number: int = await tx.value(COUNT)
    return number


async def insert(tx: Tx, funnel_id: UUID, draft: FunnelDraft, now: datetime) -> None:
    await tx.run(INSERT, id=funnel_id, user_id=tx.actor.user_id, now=now, **_values(draft))


async def save(tx: Tx, funnel_id: UUID, draft: FunnelDraft) -> None:
    await tx.run(SAVE, id=funnel_id, **_values(draft))


async def delete(tx: Tx, funnel_id: UUID) -> None:
    await tx.run(DELETE, id=funnel_id)


def _values(draft: FunnelDraft) -> dict[str, object]:
    return {"name": draft.name.strip(), "asked": msgspec.json.encode(draft.query).decode()}
