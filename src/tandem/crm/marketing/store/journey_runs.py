"""People on their way through journeys, and every step they took."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.journeys import Run, Taken
from tandem.kernel.db import Query, Tx, columns

RUN: LiteralString = """
    select id, journey_id, number, customer_id, node, is_waiting, wakes_at, waits_for,
           waits_since, deadline, happened, steps, began_at, ended_at, ending
      from marketing.journey_run r
"""

GET = Query(RUN + "where org_id = :org_id and id = :id")

LOCK_DUE = Query(
    RUN
    + """
     where org_id = :org_id and ended_at is null and wakes_at <= :now
       and exists (select from marketing.journey j
                    where j.org_id = :org_id and j.id = r.journey_id and j.state = 'running')
     order by wakes_at, id
     limit :count
       for update skip locked
    """
)

LOCK_ONE = Query(RUN + "where org_id = :org_id and id = :id for update")

LOCK_WAITING = Query(
    RUN
    + """
     where org_id = :org_id and customer_id = :customer_id and waits_for = any(:keys::text[])
       and (:journey_id::uuid is null or journey_id = :journey_id)
     order by id
       for update
    """
)

LOCK_OF_CUSTOMER = Query(
    RUN
    + """
     where org_id = :org_id and customer_id = :customer_id and ended_at is null
       and journey_id = any(:journey_ids::uuid[])
     order by id
       for update
    """
)

LAST = Query(
    """
    select began_at
      from marketing.journey_run
     where org_id = :org_id and journey_id = :journey_id and customer_id = :customer_id
     order by began_at desc
     limit 1
    """
)

INSERT = Query(
    """
    insert into marketing.journey_run
           (org_id, id, journey_id, number, customer_id, node, is_waiting, wakes_at, steps,
            began_at)
    values (:org_id, :id, :journey_id, :number, :customer_id, :node, false, :wakes_at, 0, :now)
        on conflict (org_id, journey_id, customer_id) where ended_at is null do nothing
    """
)

SAVE = Query(
    """
    update marketing.journey_run
       set number = :number, node = :node, is_waiting = :is_waiting, wakes_at = :wakes_at,
           waits_for = :waits_for, waits_since = :waits_since, deadline = :deadline,
           happened = :happened, steps = :steps,
           ended_at = :ended_at, ending = :ending
     where org_id = :org_id and id = :id
    """
)

ADD_STEPS = Query(
    """
    insert into marketing.journey_step
           (org_id, run_id, number, journey_id, node, outcome, detail, at)
    select :org_id, :run_id, number, :journey_id, node, outcome, detail, at
      from unnest(:numbers::int[], :nodes::text[], :outcomes::text[], :details::text[],
                  :ats::timestamptz[]) as taken (number, node, outcome, detail, at)
    """
)

MIGRATE = Query(
    """
    update marketing.journey_run
       set number = :number
     where org_id = :org_id and journey_id = :journey_id and ended_at is null
       and node = any(:nodes::text[])
    """
)

STOP = Query(
    """
    update marketing.journey_run
       set ended_at = :now, ending = 'stopped', wakes_at = null, is_waiting = false,
           waits_for = null, waits_since = null, deadline = null
     where org_id = :org_id and journey_id = :journey_id and ended_at is null
    """
)

MOVE = Query(
    """
    update marketing.journey_run r
       set customer_id = :into
     where org_id = :org_id and customer_id = :source
       and (:ids::uuid[] is null or id = any(:ids))
       and (ended_at is not null
            or not exists (select from marketing.journey_run other
                            where other.org_id = :org_id and other.journey_id = r.journey_id
                              and other.customer_id = :into and other.ended_at is null))
    returning id
    """
)

LIST = Query(
    RUN
    + """
     where org_id = :org_id and journey_id = :journey_id
       and (:node::text is null or (node = :node and ended_at is null))
       and (not :is_under_way::boolean or ended_at is null)
       and (:before::uuid is null or id < :before)
     order by id desc
     limit :count
    """
)

OF_CUSTOMER = Query(
    RUN + "where org_id = :org_id and customer_id = :customer_id order by id desc limit 100"
)

STEPS = Query(
    """
    select number, node, outcome, detail, at
      from marketing.journey_step
     where org_id = :org_id and run_id = :run_id
     order by number
     limit 1000
    """
)

STANDING = Query(
    """
    select coalesce(node, '') as node, count(*)::int as count
      from marketing.journey_run
     where org_id = :org_id and journey_id = :journey_id and ended_at is null
     group by 1
    """
)

OUTCOMES = Query(
    """
    select node, outcome, count(*)::int as count
      from marketing.journey_step
     where org_id = :org_id and journey_id = :journey_id
     group by 1, 2
     order by 1, 2
    """
)

ENDINGS = Query(
    """
    select journey_id, coalesce(ending, 'under_way') as ending, count(*)::int as count
      from marketing.journey_run
     where org_id = :org_id and journey_id = any(:ids::uuid[])
     group by 1, 2
    """
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How many came to a step, by what became of them there."""

    node: str
    outcome: str
    count: int


async def get(tx: Tx, run_id: UUID) -> Run | None:
    return await tx.one_or_none(GET, Run, id=run_id)


async def lock_due(tx: Tx, now: datetime, count: int) -> list[Run]:
    """Whose next step is due; those another worker holds are passed by."""
    return await tx.many(LOCK_DUE, Run, now=now, count=count)


async def lock(tx: Tx, run_id: UUID) -> Run | None:
    return await tx.one_or_none(LOCK_ONE, Run, id=run_id)


async def lock_waiting(
    tx: Tx, customer_id: UUID, keys: Sequence[str], journey_id: UUID | None
) -> list[Run]:
    return await tx.many(
        LOCK_WAITING, Run, customer_id=customer_id, keys=list(keys), journey_id=journey_id
    )


async def lock_of_customer(tx: Tx, customer_id: UUID, journey_ids: Sequence[UUID]) -> list[Run]:
    return await tx.many(
        LOCK_OF_CUSTOMER, Run, customer_id=customer_id, journey_ids=list(journey_ids)
    )


async def last_begun(tx: Tx, journey_id: UUID, customer_id: UUID) -> datetime | None:
    found: datetime | None = await tx.value(LAST, journey_id=journey_id, customer_id=customer_id)
    return found


async def insert(tx: Tx, run: Run) -> bool:
    """False when the person is under way in it already."""
    return bool(
        await tx.run(
            INSERT,
            id=run.id,
            journey_id=run.journey_id,
            number=run.number,
            customer_id=run.customer_id,
            node=run.node,
            wakes_at=run.wakes_at,
            now=run.began_at,
        )
    )


async def save(tx: Tx, run: Run, taken: Sequence[Taken] = ()) -> None:
    await tx.run(
        SAVE,
        **{name: getattr(run, name) for name in SAVE.names if name != "org_id"},
    )
    if taken:
        found = columns(taken, "number", "node", "outcome", "detail", "at")
        await tx.run(
            ADD_STEPS,
            run_id=run.id,
            journey_id=run.journey_id,
            **{f"{name}s": values for name, values in found.items()},
        )


async def migrate(tx: Tx, journey_id: UUID, number: int, nodes: Sequence[str]) -> int:
    return await tx.run(MIGRATE, journey_id=journey_id, number=number, nodes=list(nodes))


async def stop_all(tx: Tx, journey_id: UUID, now: datetime) -> int:
    return await tx.run(STOP, journey_id=journey_id, now=now)


async def move(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    given = None if ids is None else list(ids)
    return [row["id"] for row in await tx.records(MOVE, source=source, into=into, ids=given)]


async def list_runs(
    tx: Tx,
    journey_id: UUID,
    *,
    node: str | None,
    is_under_way: bool,
    before: UUID | None,
    count: int,
) -> list[Run]:
    return await tx.many(
        LIST,
        Run,
        journey_id=journey_id,
        node=node,
        is_under_way=is_under_way,
        before=before,
        count=count,
    )


async def of_customer(tx: Tx, customer_id: UUID) -> list[Run]:
    return await tx.many(OF_CUSTOMER, Run, customer_id=customer_id)


async def steps(tx: Tx, run_id: UUID) -> list[Taken]:
    return await tx.many(STEPS, Taken, run_id=run_id)


async def standing(tx: Tx, journey_id: UUID) -> dict[str, int]:
    rows = await tx.records(STANDING, journey_id=journey_id)
    return {row["node"]: row["count"] for row in rows}


async def outcomes(tx: Tx, journey_id: UUID) -> list[Outcome]:
    return await tx.many(OUTCOMES, Outcome, journey_id=journey_id)


async def endings(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Of every journey asked for, in one statement."""
    found: dict[UUID, dict[str, int]] = {one: {} for one in ids}
    for row in await tx.records(ENDINGS, ids=list(ids)):
        found[row["journey_id"]][row["ending"]] = row["count"]
    return found
