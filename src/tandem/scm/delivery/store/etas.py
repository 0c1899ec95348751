"""Standing predictions, every prediction ever made, and the speeds learned."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.eta import Eta
from tandem.scm.delivery.domain.places import Point

GET = Query(
    """
    select delivery_id, arrives_at, computed_at, distance_m, source, is_fallback, asked_lat,
           asked_lon, points
      from delivery.eta
     where org_id = :org_id and delivery_id = any(:delivery_ids::uuid[])
    """
)

SAVE = Query(
    """
    insert into delivery.eta
           (org_id, delivery_id, arrives_at, computed_at, distance_m, source, is_fallback,
            asked_lat, asked_lon, points)
    values (:org_id, :delivery_id, :arrives_at, :computed_at, :distance_m, :source, :is_fallback,
            :asked_lat, :asked_lon, :points)
        on conflict (org_id, delivery_id) do update
       set arrives_at = excluded.arrives_at, computed_at = excluded.computed_at,
           distance_m = excluded.distance_m, source = excluded.source,
           is_fallback = excluded.is_fallback, asked_lat = excluded.asked_lat,
           asked_lon = excluded.asked_lon, points = excluded.points
    """
)

PREDICT = Query(
    """
    insert into delivery.eta_prediction
           (org_id, id, delivery_id, predicted_at, arrives_at, distance_m, source, is_fallback)
    values (:org_id, :id, :delivery_id, :predicted_at, :arrives_at, :distance_m, :source,
            :is_fallback)
    """
)

ACCURACY = Query(
    """
    with due (minutes) as (values (10), (20), (30)),
         judged as (
         select due.minutes, p.source,
                extract(epoch from d.arrived_at - p.arrives_at) as late_seconds
           from delivery.delivery d
          cross join due
           join lateral (
                select e.arrives_at, e.source
                  from delivery.eta_prediction e
                 where e.org_id = d.org_id and e.delivery_id = d.id
                   and e.predicted_at between d.arrived_at - make_interval(mins => due.minutes + 2)
                                          and d.arrived_at - make_interval(mins => due.minutes - 2)
                 order by abs(extract(epoch from e.predicted_at - d.arrived_at)
                              + due.minutes * 60), e.id
                 limit 1) p on true
          where d.org_id = :org_id and d.arrived_at >= :from_at and d.arrived_at < :to_at)
    select minutes, source, count(*)::int as deliveries,
           avg(abs(late_seconds))::float8 as mean_error_seconds,
           (percentile_cont(0.5) within group (order by late_seconds))::float8
               as median_late_seconds,
           (count(*) filter (where abs(late_seconds) <= 180))::int as within_three_minutes
      from judged
     group by minutes, source
     order by minutes, source
    """
)

LEARN = Query(
    """
    insert into delivery.learned_speed as held (org_id, kind, metres, seconds)
    values (:org_id, :kind, :metres, :seconds)
        on conflict (org_id, kind) do update
       set metres = held.metres * 0.98 + excluded.metres,
           seconds = held.seconds * 0.98 + excluded.seconds
    """
)

LEARNED = Query(
    "select metres, seconds from delivery.learned_speed where org_id = :org_id and kind = :kind"
)


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """How good the predictions made `minutes` before arrival were; late is positive."""

    minutes: int
    source: str
    deliveries: int
    mean_error_seconds: float
    median_late_seconds: float
    within_three_minutes: int


async def get(tx: Tx, delivery_ids: list[UUID]) -> dict[UUID, Eta]:
    return {
        row["delivery_id"]: _eta(row) for row in await tx.records(GET, delivery_ids=delivery_ids)
    }


def _eta(row: Any) -> Eta:
    return Eta(
        delivery_id=row["delivery_id"],
        arrives_at=row["arrives_at"],
        computed_at=row["computed_at"],
        distance_m=row["distance_m"],
        source=row["source"],
        is_fallback=row["is_fallback"],
        asked_from=Point(row["asked_lat"], row["asked_lon"]),
        points=[Point(lat, lon) for lat, lon in row["points"]],
    )


async def save(tx: Tx, eta: Eta) -> None:
    """Replace the standing prediction and add it to the record."""
    await tx.run(
        SAVE,
        delivery_id=eta.delivery_id,
        arrives_at=eta.arrives_at,
        computed_at=eta.computed_at,
        distance_m=eta.distance_m,
        source=eta.source,
        is_fallback=eta.is_fallback,
        asked_lat=eta.asked_from.lat,
        asked_lon=eta.asked_from.lon,
        points=[[point.lat, point.lon] for point in eta.points],
    )
    await tx.run(
        PREDICT,
        id=new_id(),
        delivery_id=eta.delivery_id,
        predicted_at=eta.computed_at,
        arrives_at=eta.arrives_at,
        distance_m=eta.distance_m,
        source=eta.source,
        is_fallback=eta.is_fallback,
    )


async def accuracy(tx: Tx, *, from_at: datetime, to_at: datetime) -> list[Accuracy]:
    return await tx.many(ACCURACY, Accuracy, from_at=from_at, to_at=to_at)


async def learn(tx: Tx, kind: str, metres: float, seconds: float) -> None:
    await tx.run(LEARN, kind=kind, metres=metres, seconds=seconds)


async def learned(tx: Tx, kind: str) -> tuple[float, float]:
    rows = await tx.records(LEARNED, kind=kind)
    return (rows[0]["metres"], rows[0]["seconds"]) if rows else (0.0, 0.0)
