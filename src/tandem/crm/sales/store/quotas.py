"""Quotas, and what was won towards them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.quotas import Quota
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

INSERT = Query(
    """
    insert into sales.quota
           (org_id, id, owner_id, team_id, period, from_on, to_on, target_minor, created_at)
    values (:org_id, :id, :owner_id, :team_id, :period, :from_on, :to_on, :target_minor, :now)
        on conflict do nothing
    """
)

LIST = Query(
    """
    select id, owner_id, team_id, period, from_on, to_on, target_minor, version, created_at
      from sales.quota
     where org_id = :org_id and from_on <= :to_on and to_on >= :from_on
       and (:reach_all::boolean or owner_id = any(:reach_owners::uuid[])
            or team_id = any(:reach_teams::uuid[]))
     order by from_on desc, period, id
     limit 500
    """
)

GET = Query(
    """
    select id, owner_id, team_id, period, from_on, to_on, target_minor, version, created_at
      from sales.quota
     where org_id = :org_id and id = :id
       for update
    """
)

CHANGE = Query(
    """
    update sales.quota set target_minor = :target_minor, version = version + 1
     where org_id = :org_id and id = :id
    """
)

DELETE = Query("delete from sales.quota where org_id = :org_id and id = :id")

# A deal belongs to its own team, and to every team its owner is in.
WON = Query(
    """
    select q.id,
           coalesce(round(sum(o.amount_minor * o.fx_rate * o.fx_scale)), 0)::bigint as won_minor,
           count(o.id)::int as won_count
      from sales.quota q
      left join sales.opportunity o
        on o.org_id = :org_id and o.status = 'won'
       and (o.closed_at at time zone :zone)::date between q.from_on and q.to_on
       and (o.owner_id = q.owner_id or o.team_id = q.team_id
            or exists (select from unnest(:members::uuid[], :teams::uuid[]) as m (person, team)
                        where m.team = q.team_id and m.person = o.owner_id))
       and """
    + within("o")
    + """
     where q.org_id = :org_id and q.id = any(:ids::uuid[])
     group by q.id
    """
)


class Won(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    won_minor: int
    won_count: int


async def insert(tx: Tx, quota: Quota, now: datetime) -> bool:
    return bool(
        await tx.run(
            INSERT,
            id=quota.id,
            owner_id=quota.owner_id,
            team_id=quota.team_id,
            period=quota.period,
            from_on=quota.from_on,
            to_on=quota.to_on,
            target_minor=quota.target_minor,
            now=now,
        )
    )


async def list_between(tx: Tx, from_on: date, to_on: date, reach: Reach) -> list[Quota]:
    """Those that touch the days, of the people and teams that are reached."""
    return await tx.many(
        LIST,
        Quota,
        from_on=from_on,
        to_on=to_on,
        reach_all=reach.is_all,
        reach_owners=list(reach.owners),
        reach_teams=list(reach.teams),
    )


async def lock(tx: Tx, quota_id: UUID) -> Quota | None:
    return await tx.one_or_none(GET, Quota, id=quota_id)


async def change(tx: Tx, quota_id: UUID, target_minor: int) -> None:
    await tx.run(CHANGE, id=quota_id, target_minor=target_minor)


async def delete(tx: Tx, quota_id: UUID) -> None:
    await tx.run(DELETE, id=quota_id)


async def won(
    tx: Tx,
    quotas: Sequence[Quota],
    reach: Reach,
    *,
    zone: str,
    members: Mapping[UUID, Sequence[UUID]],
) -> dict[UUID, Won]:
    """What each came to by the deals that are reached; `members` are the people of each team."""
    pairs = [(person, team) for team, people in members.items() for person in people]
    rows = await tx.many(
        WON,
        Won,
        ids=[quota.id for quota in quotas],
        zone=zone,
        members=[person for person, _ in pairs],
        teams=[team for _, team in pairs],
        **reach.params(),
    )
    return {row.id: row for row in rows}
