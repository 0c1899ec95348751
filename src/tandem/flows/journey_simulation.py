"""A journey walked by somebody with a moved clock: which steps, when, and what would come of them.

The same walk as the real one; only that nothing is sent, changed or kept. What happens on the way
is told by whoever asks. Branches are decided by what is known of the person today.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.marketing.domain.journey_paths import check_plan, first_of, paths
from tandem.crm.marketing.domain.journey_walking import Result, begun, ended_early, walk
from tandem.crm.marketing.domain.journeys import (
    Act,
    Branch,
    Ending,
    Happening,
    Plan,
    Run,
    Send,
    Taken,
)
from tandem.crm.marketing.domain.permissions import READ
from tandem.flows.journey_world import holds, zone_of
from tandem.kernel.db import Tx

WALKS_MAX = 500


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the person does, so many minutes after they began."""

    happening: Happening
    after_minutes: Annotated[int, msgspec.Meta(ge=0, le=3 * 366 * 24 * 60)]
    segment_id: UUID | None = None

    @property
    def key(self) -> str:
        return f"entered:{self.segment_id}" if self.segment_id else self.happening


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """`ends_at` is None while they still wait when `until` has come."""

    steps: list[Taken]
    ends_at: datetime | None
    ending: str | None
    waits_at: str | None


class Dry:
    """A world in which everything is only said."""

    def __init__(self, tx: Tx, customer_id: UUID, zone: ZoneInfo, now: datetime) -> None:
        self._tx = tx
        self._customer_id = customer_id
        self.zone = zone
        self.now = now

    async def holds(self, step: Branch) -> bool:
        return await holds(self._tx, step, self._customer_id, self.now, self.zone)

    async def send(self, run: Run, step: Send) -> Result:
        return Result("would_send", step.subject or step.text[:80] or step.channel.value)

    async def act(self, run: Run, step: Act) -> Result:
        said = f"{step.points:+d}" if step.points else step.title
        return Result("would_do", said or step.what)


async def simulate(
    tx: Tx,
    journey_id: UUID,
    plan: Plan,
    customer_id: UUID,
    *,
    starts_at: datetime,
    days: int,
    events: Sequence[Event],
) -> Simulated:
    """Refuses an incomplete plan and somebody who is not there. Each event counts once, as it does
    when it really happens."""
    tx.actor.require(READ)
    check_plan(plan)
    await customers.get_customer(tx, customer_id)
    nodes = paths(plan)
    world = Dry(tx, customer_id, await zone_of(tx, customer_id), starts_at)
    run = begun(UUID(int=0), journey_id, 0, customer_id, first_of(plan.steps, None), starts_at)
    told = sorted((starts_at + timedelta(minutes=one.after_minutes), one.key) for one in events)
    until = starts_at + timedelta(days=days)
    if await _is_at_goal(tx, plan, customer_id):
        line, run = _at_goal(run, starts_at)
        return _simulated(run, [line])
    taken: list[Taken] = []
    for _ in range(WALKS_MAX):
        walked = await walk(run, nodes, world, world.now)
        run = walked.run
        taken += walked.taken
        if run.ended_at is not None or run.wakes_at is None:
            break
        arrived = _arrived(plan, told, world.now)
        run, woken_at = _woken(run, told)
        if arrived is not None and arrived <= min(woken_at, until):
            line, run = _at_goal(run, arrived)
            taken.append(line)
            break
        world.now = woken_at
        if world.now > until:
            break
    return _simulated(run, taken)


def _simulated(run: Run, taken: list[Taken]) -> Simulated:
    return Simulated(
        steps=taken,
        ends_at=run.ended_at,
        ending=run.ending,
        waits_at=None if run.ended_at else run.node,
    )


async def _is_at_goal(tx: Tx, plan: Plan, customer_id: UUID) -> bool:
    goal = plan.goal_segment_id
    trusted = tx.with_all_grants()
    return goal is not None and bool(await customers.members_among(trusted, goal, [customer_id]))


def _at_goal(run: Run, at: datetime) -> tuple[Taken, Run]:
    line = Taken(number=run.steps, node=run.node or "", outcome=Ending.GOAL, detail="", at=at)
    return line, ended_early(run, Ending.GOAL, at)


def _arrived(plan: Plan, told: Sequence[tuple[datetime, str]], since: datetime) -> datetime | None:
    """When they enter the goal's segment, which ends it wherever they stand."""
    goal = f"entered:{plan.goal_segment_id}" if plan.goal_segment_id else None
    return next((at for at, key in told if key == goal and at >= since), None)


def _woken(run: Run, told: list[tuple[datetime, str]]) -> tuple[Run, datetime]:
    """At the first thing that counts for what is waited for, which then is used up; else when the
    wait is over."""
    assert run.wakes_at, "who waits wakes some day"
    if run.waits_for is None or run.waits_since is None or run.deadline is None:
        return run, run.wakes_at
    for place, (at, key) in enumerate(told):
        if key == run.waits_for and run.waits_since <= at <= run.deadline:
            del told[place]
            return msgspec.structs.replace(run, happened=True), at
    return run, run.wakes_at
