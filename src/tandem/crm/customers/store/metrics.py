"""Figures of buyers: fifths over everybody, cohorts, and what the models made of it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from tandem.crm.customers.domain.metrics import Buyer, CohortCell, Metric
from tandem.kernel.db import Query, Tx

# The usual names of the fifths (as in the R package rfm); the first rule that fits wins.
RANK = Query(
    """
    with bought as (
        select customer_id, count(*)::int as frequency, max(placed_at) as last_at,
               sum(greatest(total_minor - refunded_minor, 0))::bigint as monetary_minor
          from customers.purchase
         where org_id = :org_id and customer_id is not null and placed_at <= :now
           and status in ('placed', 'completed')
         group by customer_id
    ),
    ranked as (
        select b.*,
               (:now::timestamptz at time zone :zone)::date
                   - (b.last_at at time zone :zone)::date as recency_days,
               ntile(5) over (order by b.last_at, b.customer_id) as r,
               ntile(5) over (order by b.frequency, b.customer_id) as f,
               ntile(5) over (order by b.monetary_minor, b.customer_id) as m
          from bought b
          join customers.customer c
            on c.org_id = :org_id and c.id = b.customer_id and c.erased_at is null
    )
    insert into customers.metric as known
           (org_id, customer_id, recency_days, frequency, monetary_minor, r, f, m, rfm_segment,
            as_of)
    select :org_id, customer_id, recency_days, frequency, monetary_minor, r, f, m,
           case when r >= 4 and f >= 4 and m >= 4 then 'champions'
                when r >= 2 and f >= 3 and m >= 3 then 'loyal'
                when r >= 3 and f <= 3 and m <= 3 then 'potential_loyalist'
                when r >= 4 and f <= 1 then 'new'
                when r >= 3 and f <= 1 then 'promising'
                when r <= 2 and f >= 4 and m >= 4 then 'cannot_lose'
                when r <= 2 and f >= 2 and m >= 2 then 'at_risk'
                when r >= 2 and f <= 2 then 'about_to_sleep'
                when r <= 1 and f <= 2 then 'lost'
                else 'others' end,
           :now
      from ranked
        on conflict (org_id, customer_id) do update
       set recency_days = excluded.recency_days, frequency = excluded.frequency,
           monetary_minor = excluded.monetary_minor, r = excluded.r, f = excluded.f,
           m = excluded.m, rfm_segment = excluded.rfm_segment, as_of = excluded.as_of
    """
)

DROP_OLD = Query("delete from customers.metric where org_id = :org_id and as_of < :now")

BUYERS = Query(
    """
    select p.customer_id, count(*)::int as orders, min(p.placed_at) as first_at,
           max(p.placed_at) as last_at,
           (sum(greatest(p.total_minor - p.refunded_minor, 0))
            - (array_agg(greatest(p.total_minor - p.refunded_minor, 0)
                         order by p.placed_at, p.order_id))[1])::bigint as repeat_minor
      from customers.metric m
      join customers.purchase p on p.org_id = :org_id and p.customer_id = m.customer_id
     where m.org_id = :org_id and m.customer_id > :after and p.placed_at <= :now
       and p.status in ('placed', 'completed')
     group by p.customer_id
     order by p.customer_id
     limit :limit
    """
)

EXPECT = Query(
    """
    update customers.metric m
       set p_alive = given.p_alive, expected_orders = given.expected_orders,
           expected_minor = given.expected_minor
      from unnest(:ids::uuid[], :alive::float8[], :orders::float8[], :minor::bigint[])
           as given (customer_id, p_alive, expected_orders, expected_minor)
     where m.org_id = :org_id and m.customer_id = given.customer_id
    """
)

RAN = Query(
    """
    insert into customers.metric_run as known (org_id, as_of, model)
    values (:org_id, :now, :model::jsonb)
        on conflict (org_id) do update set as_of = excluded.as_of, model = excluded.model
    """
)

LAST_RUN = Query("select as_of from customers.metric_run where org_id = :org_id")

_METRIC: LiteralString = """
    select customer_id, recency_days, frequency, monetary_minor, r, f, m, rfm_segment, p_alive,
           expected_orders, expected_minor, as_of
      from customers.metric
"""
GET = Query(_METRIC + "where org_id = :org_id and customer_id = :customer_id")

COHORTS = Query(
    """
    with bought as (
        select customer_id,
               date_trunc('month', placed_at at time zone :zone)::date as month
          from customers.purchase
         where org_id = :org_id and customer_id is not null
           and status in ('placed', 'completed')
    ),
    began as (
        select customer_id, min(month) as month from bought group by customer_id
    )
    select began.month,
           ((extract(year from bought.month) - extract(year from began.month)) * 12
            + extract(month from bought.month) - extract(month from began.month))::int
               as months_later,
           count(distinct bought.customer_id)::int as customers
      from bought
      join began on began.customer_id = bought.customer_id
     where began.month >= :since
     group by 1, 2
     order by 1, 2
    """
)


async def rank(tx: Tx, now: datetime, zone: str) -> int:
    counted = await tx.run(RANK, now=now, zone=zone)
    await tx.run(DROP_OLD, now=now)
    return counted


async def buyers(tx: Tx, now: datetime, *, after: UUID, limit: int) -> list[Buyer]:
    return await tx.many(BUYERS, Buyer, now=now, after=after, limit=limit)


async def expect(tx: Tx, rows: Sequence[tuple[UUID, float, float, int]]) -> None:
    ids, alive, orders, minor = (list(column) for column in zip(*rows, strict=True))
    await tx.run(EXPECT, ids=ids, alive=alive, orders=orders, minor=minor)


async def ran(tx: Tx, now: datetime, model: dict[str, Any] | None) -> None:
    await tx.run(RAN, now=now, model=model)


async def last_run(tx: Tx) -> datetime | None:
    found: datetime | None = await tx.value(LAST_RUN)
    return found


async def get(tx: Tx, customer_id: UUID) -> Metric | None:
    return await tx.one_or_none(GET, Metric, customer_id=customer_id)


async def cohorts(tx: Tx, zone: str, since: date) -> list[CohortCell]:
    return await tx.many(COHORTS, CohortCell, zone=zone, since=since)
