"""What credit is made of: who is whom, their touches, and what they led to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.store.tables import TABLES
from tandem.kernel.db import Query, Tx

SAME = Query(
    """
    with recursive same (start, id) as (
        select given.id, given.id from unnest(:ids::uuid[]) as given (id)
        union
        select known.start, other.id
          from same known
         cross join lateral (
               select a.to_id as id from analytics.fact_alias a
                where a.org_id = :org_id and a.from_id = known.id and a.is_on
                  and a.superseded_at = 'infinity'
               union all
               select a.from_id from analytics.fact_alias a
                where a.org_id = :org_id and a.to_id = known.id and a.is_on
                  and a.superseded_at = 'infinity') as other
    )
    select start, id from same
    """
)
TOUCHES = Query(
    """
    select t.id, t.at, t.person_id, t.kind, t.channel, t.source, t.medium, t.utm_campaign,
           coalesce(t.campaign_id, (
               select s.campaign_id from analytics.fact_spend s
                where s.org_id = :org_id and s.superseded_at = 'infinity'
                  and t.utm_campaign <> '' and s.utm_campaign = t.utm_campaign
                  and s.source = t.source and s.at <= t.at
                order by s.at desc, s.id desc limit 1)) as campaign_id,
           t.journey_id
      from analytics.fact_touch t
     where t.org_id = :org_id and t.person_id = any(:ids::uuid[]) and t.is_counted
       and t.superseded_at = 'infinity'
     order by t.person_id, t.at, t.id
    """
)
"""Whoever came with a campaign's own source and tag came by it, also without a click of theirs."""
REACHED = Query(
    """
    select 'order' as kind, o.id
      from unnest(:ids::uuid[], :begins::timestamptz[], :ends::timestamptz[])
           as given (person_id, begins, ends)
      join analytics.fact_order o
        on o.org_id = :org_id and o.customer_id = given.person_id
       and o.at between given.begins and given.ends and o.superseded_at = 'infinity'
    union
    select 'deal', d.id
      from unnest(:ids::uuid[]) as given (person_id)
      join analytics.fact_opportunity d
        on d.org_id = :org_id and d.customer_id = given.person_id
       and d.superseded_at = 'infinity'
    union
    select 'lead', l.id
      from analytics.fact_lead l
     where l.org_id = :org_id and l.id = any(:ids::uuid[]) and l.superseded_at = 'infinity'
    """
)
MONEY = Query(
    """
    select p.id, p.order_id as record_id, p.kind, p.at, p.on_day, p.net_base as money,
           coalesce(o.number, p.number) as number, o.customer_id as person_id,
           coalesce(o.at, p.at) as converted_at
      from analytics.fact_payment p
      left join analytics.fact_order o
        on o.org_id = :org_id and o.id = p.order_id and o.superseded_at = 'infinity'
     where p.org_id = :org_id and p.order_id = any(:ids::uuid[]) and p.superseded_at = 'infinity'
     order by p.order_id, p.at, p.id
    """
)
LEADS = Query(
    """
    select l.id, l.id as record_id, 'lead' as kind, l.at, l.on_day, 0::bigint as money, l.number,
           l.id as person_id, l.at as converted_at
      from analytics.fact_lead l
     where l.org_id = :org_id and l.id = any(:ids::uuid[]) and l.superseded_at = 'infinity'
    """
)
DEALS = Query(
    """
    select d.id, d.id as record_id, 'deal' as kind, d.closed_at as at, d.closed_on as on_day,
           0::bigint as money, d.number, d.customer_id as person_id, d.closed_at as converted_at
      from analytics.fact_opportunity d
     where d.org_id = :org_id and d.id = any(:ids::uuid[]) and d.superseded_at = 'infinity'
       and d.status = 'won' and d.closed_at is not null
    """
)
STANDING = Query(
    """
    select id from analytics.fact_credit
     where org_id = :org_id and record_id = any(:ids::uuid[]) and superseded_at = 'infinity'
    """
)


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be credited: money that moved, a lead that came, a deal that was won.
    `converted_at` is the moment that touches lead up to."""

    id: UUID
    record_id: UUID
    kind: str
    at: datetime
    on_day: date
    money: int | None
    number: str
    person_id: UUID | None
    converted_at: datetime


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A touch with what credit is cut by."""

    id: UUID
    at: datetime
    person_id: UUID
    kind: str
    channel: str
    source: str
    medium: str
    utm_campaign: str
    campaign_id: UUID | None
    journey_id: UUID | None


_MADE: Mapping[str, Query] = {"order": MONEY, "lead": LEADS, "deal": DEALS}


async def same_people(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """Of each, all ids that mean them, their own too."""
    found: dict[UUID, set[UUID]] = {}
    for row in await tx.records(SAME, ids=list(ids)):
        found.setdefault(row["start"], set()).add(row["id"])
    return found


async def touches_of(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[Known]]:
    found: dict[UUID, list[Known]] = {}
    for touch in await tx.many(TOUCHES, Known, ids=list(ids)):
        found.setdefault(touch.person_id, []).append(touch)
    return found


async def reached_by(
    tx: Tx, spans: Mapping[UUID, tuple[datetime, datetime]]
) -> set[tuple[str, UUID]]:
    """What may be owed to touches of these people in these times: orders placed within them, and
    all their deals and leads."""
    rows = await tx.records(
        REACHED,
        ids=list(spans),
        begins=[begins for begins, _ in spans.values()],
        ends=[ends for _, ends in spans.values()],
    )
    return {(row["kind"], row["id"]) for row in rows}


async def movements(tx: Tx, kind: str, ids: Sequence[UUID]) -> list[Movement]:
    """What is to be credited of orders, leads or deals."""
    return await tx.many(_MADE[kind], Movement, ids=list(ids))


async def standing(tx: Tx, record_ids: Sequence[UUID]) -> set[UUID]:
    """Credit that holds now for these records."""
    return {row["id"] for row in await tx.records(STANDING, ids=list(record_ids))}


async def end(tx: Tx, ids: Sequence[UUID], mark: datetime) -> None:
    await tx.run(TABLES["credit"].end, ids=list(ids), mark=mark)
