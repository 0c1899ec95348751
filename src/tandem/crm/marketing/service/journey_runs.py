"""People on their way: who begins, what wakes them, how they end, and the trace they leave."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.journey_paths import first_of
from tandem.crm.marketing.domain.journey_walking import begun, ended_early
from tandem.crm.marketing.domain.journeys import (
    Ending,
    Journey,
    JourneyNotRunning,
    Plan,
    Run,
    State,
    Taken,
)
from tandem.crm.marketing.domain.permissions import READ, SEND
from tandem.crm.marketing.store import journey_runs as store
from tandem.crm.marketing.store import journeys
from tandem.crm.marketing.store.journey_runs import Outcome
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting` by step, `outcomes` by step and word, `endings` by word with `under_way`."""

    waiting: dict[str, int]
    outcomes: list[Outcome]
    endings: dict[str, int]


async def begin(
    tx: Tx, journey: Journey, plan: Plan, customer_id: UUID, *, now: datetime
) -> Run | None:
    """Put somebody at the first step; None when they are under way, or may not begin again yet."""
    if journey.state is not State.RUNNING or journey.published is None:
        raise JourneyNotRunning("This journey does not run.")
    if not await _may_begin(tx, journey.id, plan, customer_id, now):
        return None
    run = begun(
        new_id(), journey.id, journey.published, customer_id, first_of(plan.steps, None), now
    )
    return run if await store.insert(tx, run) else None


async def begin_by_hand(
    tx: Tx, journey_id: UUID, customer_id: UUID, *, now: datetime
) -> Run | None:
    tx.actor.require(SEND)
    journey = await journeys.lock(tx, journey_id)
    if journey is None:
        raise NotFound("There is no such journey.")
    if journey.published is None:
        raise JourneyNotRunning("This journey does not run.")
    plan = await journeys.version(tx, journey_id, journey.published)
    assert plan, "a published version stays"
    return await begin(tx, journey, plan, customer_id, now=now)


async def happened(
    tx: Tx,
    customer_id: UUID,
    key: str,
    *,
    at: datetime,
    now: datetime,
    journey_id: UUID | None = None,
) -> int:
    """Wake who waited for this. What happened after the deadline comes too late, however early it
    is told; what happened in time counts, however late, while they still wait."""
    woken = 0
    for run in await store.lock_waiting(tx, customer_id, [key], journey_id):
        assert run.waits_since and run.deadline, "who waits for something does so from then to then"
        if not run.waits_since <= at <= run.deadline:
            continue
        await store.save(tx, msgspec.structs.replace(run, happened=True, wakes_at=now))
        woken += 1
    return woken


async def end_for(
    tx: Tx, customer_id: UUID, journey_ids: Sequence[UUID], ending: Ending, *, now: datetime
) -> int:
    """Out of these journeys at once, wherever somebody stands."""
    if not journey_ids:
        return 0
    found = await store.lock_of_customer(tx, customer_id, journey_ids)
    for run in found:
        await _end(tx, run, ending, now)
    return len(found)


async def arrive(tx: Tx, run: Run, *, now: datetime) -> None:
    """A locked run of who is at the goal: nothing more happens."""
    await _end(tx, run, Ending.GOAL, now)


async def _end(tx: Tx, run: Run, ending: Ending, now: datetime) -> None:
    line = Taken(number=run.steps, node=run.node or "", outcome=ending, detail="", at=now)
    ended = msgspec.structs.replace(ended_early(run, ending, now), steps=run.steps + 1)
    await store.save(tx, ended, [line])


async def lock_due(tx: Tx, *, now: datetime, count: int) -> list[Run]:
    """Whose next step is due; those another worker holds are passed by. For jobs."""
    return await store.lock_due(tx, now, count)


async def lock_run(tx: Tx, run_id: UUID) -> Run | None:
    return await store.lock(tx, run_id)


async def keep(tx: Tx, run: Run, taken: Sequence[Taken]) -> None:
    """A locked run as it stands after these steps."""
    await store.save(tx, run, taken)


async def give_up(tx: Tx, run: Run, why: str, *, now: datetime) -> None:
    """It cannot go on: ended, with the reason in its log."""
    line = Taken(number=run.steps, node=run.node or "", outcome="failed", detail=why, at=now)
    ended = msgspec.structs.replace(ended_early(run, Ending.STOPPED, now), steps=run.steps + 1)
    await store.save(tx, ended, [line])


async def hand_over(
    tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None, *, now: datetime
) -> list[UUID]:
    """Somebody's ways become another's. Whoever walks the same journey twice then goes on with
    their own; the other one ends."""
    moved = await store.move(tx, source, into, ids)
    if ids is None:
        await end_all_for(tx, source, now=now)
    return moved


async def end_all_for(tx: Tx, customer_id: UUID, *, now: datetime) -> int:
    """Out of every journey at once."""
    under_way = [run for run in await store.of_customer(tx, customer_id) if run.ended_at is None]
    journey_ids = [run.journey_id for run in under_way]
    return await end_for(tx, customer_id, journey_ids, Ending.STOPPED, now=now)


async def of_customer(tx: Tx, customer_id: UUID) -> list[Run]:
    """Somebody's last hundred ways."""
    return await store.of_customer(tx, customer_id)


async def get_run(tx: Tx, run_id: UUID) -> tuple[Run, list[Taken]]:
    """Somebody's way, step by step."""
    tx.actor.require(READ)
    run = await store.get(tx, run_id)
    if run is None:
        raise NotFound("There is no such run.")
    return run, await store.steps(tx, run_id)


async def list_runs(
    tx: Tx,
    journey_id: UUID,
    *,
    limit: int,
    cursor: str | None,
    node: str | None = None,
    is_under_way: bool = False,
) -> Page[Run]:
    """Who began last comes first."""
    tx.actor.require(READ)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await store.list_runs(
        tx, journey_id, node=node, is_under_way=is_under_way, before=before, count=limit + 1
    )
    return page_of(rows, limit, lambda row: (row.id,))


async def standing(tx: Tx, journey_id: UUID) -> Standing:
    """Where everybody is, and what came of each step."""
    tx.actor.require(READ)
    return Standing(
        waiting=await store.standing(tx, journey_id),
        outcomes=await store.outcomes(tx, journey_id),
        endings=(await store.endings(tx, [journey_id]))[journey_id],
    )


async def endings(tx: Tx, journey_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many arrived, finished, left, and are under way, of each journey."""
    tx.actor.require(READ)
    return await store.endings(tx, journey_ids)


async def _may_begin(
    tx: Tx, journey_id: UUID, plan: Plan, customer_id: UUID, now: datetime
) -> bool:
    last = await store.last_begun(tx, journey_id, customer_id)
    if last is None:
        return True
    days = plan.entry.again_after_days
    return days is not None and now - last >= timedelta(days=days)
