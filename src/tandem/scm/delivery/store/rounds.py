"""The runs that deliveries are stops of."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.runs import Run

OPEN_RUN = Query(
    """
    insert into delivery.run as held (org_id, id, driver_id, vehicle_id, opened_at)
    values (:org_id, :id, :driver_id, :vehicle_id, :now)
        on conflict (org_id, driver_id) where closed_at is null
        do update set vehicle_id = coalesce(held.vehicle_id, excluded.vehicle_id)
    returning id, driver_id, vehicle_id, opened_at, closed_at
    """
)


NEXT_PLACE = Query(
    """
    select coalesce(max(stop_seq), 0) + 1
      from delivery.delivery
     where org_id = :org_id and run_id = :run_id
    """
)


LOCK_RUN = Query(
    """
    select id, driver_id, vehicle_id, opened_at, closed_at
      from delivery.run
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)


LIST_RUNS = Query(
    """
    select id, driver_id, vehicle_id, opened_at, closed_at
      from delivery.run
     where org_id = :org_id
       and (:driver_id::uuid is null or driver_id = :driver_id)
       and (:is_open::boolean is null or (closed_at is null) = :is_open)
       and (:before_id::uuid is null or id < :before_id)
     order by id desc
     limit :count
    """
)


CLOSE_RUN = Query(
    """
    update delivery.run
       set closed_at = :now
     where org_id = :org_id and driver_id = :driver_id and closed_at is null
       and not exists (
           select 1 from delivery.delivery d
            where d.org_id = :org_id and d.run_id = run.id and d.closed_at is null
              and d.driver_id = :driver_id)
    """
)


async def open_run(tx: Tx, driver_id: UUID, vehicle_id: UUID | None, now: datetime) -> Run:
    """The driver's open run, begun when there is none. Its row stays locked, which orders stops."""
    return await tx.one(
        OPEN_RUN, Run, id=new_id(), driver_id=driver_id, vehicle_id=vehicle_id, now=now
    )


async def next_place(tx: Tx, run_id: UUID) -> int:
    return int(await tx.value(NEXT_PLACE, run_id=run_id))


async def lock_run(tx: Tx, run_id: UUID) -> Run | None:
    return await tx.one_or_none(LOCK_RUN, Run, id=run_id)


async def list_runs(
    tx: Tx,
    *,
    driver_id: UUID | None,
    is_open: bool | None,
    before_id: UUID | None,
    count: int,
) -> list[Run]:
    return await tx.many(
        LIST_RUNS, Run, driver_id=driver_id, is_open=is_open, before_id=before_id, count=count
    )


async def close_run(tx: Tx, driver_id: UUID, now: datetime) -> bool:
    """End the driver's run when none of its stops is open any more."""
    return bool(await tx.run(CLOSE_RUN, driver_id=driver_id, now=now))
