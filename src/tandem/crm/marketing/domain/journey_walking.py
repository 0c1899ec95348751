"""One person's next steps, as far as they lead before something has to be waited for.

The same for a real walk and for a simulated one: only what a message or an act does is different.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.marketing.domain import journey_times
from tandem.crm.marketing.domain.journey_paths import Node, chosen_share
from tandem.crm.marketing.domain.journeys import (
    Act,
    Branch,
    Ending,
    Leave,
    Run,
    Send,
    Split,
    Taken,
    Wait,
    WaitFor,
    waiting_key,
)

replace = msgspec.structs.replace


class Result(msgspec.Struct, frozen=True):
    """What came of a step: a word for the log, and why."""

    outcome: str
    detail: str = ""


class World(Protocol):
    """What a walk meets. Nothing here is undone: it all belongs to the walk's transaction."""

    @property
    def zone(self) -> ZoneInfo: ...
    async def holds(self, step: Branch) -> bool: ...
    async def send(self, run: Run, step: Send) -> Result: ...
    async def act(self, run: Run, step: Act) -> Result: ...


class Walked(msgspec.Struct, frozen=True):
    run: Run
    taken: list[Taken]


async def walk(run: Run, nodes: Mapping[str, Node], world: World, now: datetime) -> Walked:
    """From where somebody stands to the next wait, or to the end. A step that a newer version no
    longer has ends the walk and says so."""
    taken: list[Taken] = []
    while run.ended_at is None:
        node = nodes.get(run.node) if run.node else None
        if node is None:
            if run.node is not None:
                taken.append(_line(run, Result("gone", "This step is no longer there."), now))
            ending = Ending.DONE if run.node is None else Ending.STOPPED
            return Walked(_ended(run, ending, now), taken)
        if isinstance(node.step, Wait | WaitFor) and not run.is_waiting:
            return Walked(_waiting(run, node, world.zone, now), taken)
        result, after = _woken(run, node) if run.is_waiting else await _take(run, node, world)
        taken.append(_line(run, result, now))
        run = replace(after, steps=run.steps + 1)
        if isinstance(node.step, Leave):
            return Walked(_ended(run, Ending.LEFT, now), taken)
    return Walked(run, taken)


async def _take(run: Run, node: Node, world: World) -> tuple[Result, Run]:
    step = node.step
    match step:
        case Branch():
            holds = await world.holds(step)
            return Result("yes" if holds else "no"), _at(run, node.branches[0 if holds else 1])
        case Split():
            chosen = chosen_share(run.journey_id, run.customer_id, step)
            return Result("share", step.shares[chosen].name), _at(run, node.branches[chosen])
        case Send():
            return await world.send(run, step), _at(run, node.following)
        case Act():
            return await world.act(run, step), _at(run, node.following)
        case Leave():
            return Result("left"), _at(run, None)
    raise AssertionError(f"nobody takes a step like {step}")


def _at(run: Run, node: str | None) -> Run:
    return replace(run, node=node)


def _waiting(run: Run, node: Node, zone: ZoneInfo, now: datetime) -> Run:
    step = node.step
    if isinstance(step, Wait):
        return replace(run, is_waiting=True, wakes_at=journey_times.due(step, now, zone))
    assert isinstance(step, WaitFor), "only waits are waited at"
    until = journey_times.deadline(step, now)
    return replace(
        run,
        is_waiting=True,
        waits_for=waiting_key(step),
        waits_since=now,
        deadline=until,
        wakes_at=until + journey_times.GRACE,
        happened=False,
    )


def _woken(run: Run, node: Node) -> tuple[Result, Run]:
    free = replace(
        run, is_waiting=False, wakes_at=None, waits_for=None, waits_since=None, deadline=None
    )
    if isinstance(node.step, WaitFor):
        result = Result("happened" if run.happened else "timed_out")
        return result, replace(free, node=node.branches[0 if run.happened else 1], happened=False)
    return Result("waited"), replace(free, node=node.following)


def _ended(run: Run, ending: Ending, now: datetime) -> Run:
    return replace(
        run,
        is_waiting=False,
        wakes_at=None,
        waits_for=None,
        waits_since=None,
        deadline=None,
        ended_at=now,
        ending=ending,
    )


def ended_early(run: Run, ending: Ending, now: datetime) -> Run:
    """Out of a journey in the middle of it: arrived, or no longer meant."""
    return _ended(run, ending, now)


def _line(run: Run, result: Result, now: datetime) -> Taken:
    return Taken(
        number=run.steps,
        node=run.node or "",
        outcome=result.outcome,
        detail=result.detail[:300],
        at=now,
    )


def begun(
    run_id: UUID, journey_id: UUID, number: int, customer_id: UUID, first: str | None, now: datetime
) -> Run:
    """Somebody at the first step of a version, due at once."""
    return Run(
        id=run_id,
        journey_id=journey_id,
        number=number,
        customer_id=customer_id,
        node=first,
        is_waiting=False,
        wakes_at=now,
        waits_for=None,
        waits_since=None,
        deadline=None,
        happened=False,
        steps=0,
        began_at=now,
        ended_at=None,
        ending=None,
    )
