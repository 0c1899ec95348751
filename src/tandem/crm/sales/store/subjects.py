"""Leads and opportunities by name, and whose they are: for what stands beside them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

LEADS = Query(
    """
    select id, coalesce(nullif(name, ''), nullif(company_name, ''), email, phone, number) as name,
           owner_id, team_id, territory_id
      from sales.lead
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)

DEALS = Query(
    """
    select id, title as name, owner_id, team_id, territory_id
      from sales.opportunity
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None


async def named(tx: Tx, kind: str, ids: Sequence[UUID]) -> list[Subject]:
    return await tx.many(LEADS if kind == "lead" else DEALS, Subject, ids=list(ids))
