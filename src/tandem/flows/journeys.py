"""Journeys at work: who begins them, what wakes people, and the steps they take.

A step and all that it does are one transaction on a locked run, so a worker may die anywhere: each
step is taken once. Runs that fail together are tried alone, and one that still fails is ended and
says so, so that it holds up nobody.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from tandem.contracts.customers import SegmentEntered, SegmentLeft
from tandem.contracts.marketing import CampaignClicked, CampaignOpened
from tandem.contracts.orders import OrderPlaced
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain.journey_paths import Node, paths
from tandem.crm.marketing.domain.journey_walking import walk
from tandem.crm.marketing.domain.journeys import Ending, Journey, Plan, Run, State
from tandem.crm.marketing.service import journey_runs as runs
from tandem.crm.marketing.service import journeys as service
from tandem.flows.journey_world import Live, zone_of
from tandem.kernel import jobs
from tandem.kernel.db import LOST, Tx
from tandem.kernel.events import Told, follow, subscribe
from tandem.kernel.jobs import Work, every, job

log = structlog.get_logger()

WALK, ENROL = "journeys.walk", "journeys.enrol"
Versions = Sequence[tuple[Journey, Plan]]
TOGETHER = 50
BATCHES_MAX = 40
ENROLLED_AT_ONCE = 500


@every(5, "journeys.sweep")
async def sweep(work: Work) -> None:
    """Everybody whose next step is due, and journeys that still take their members in."""
    await take_steps(work)
    async with work.transaction() as tx:
        for journey_id in await service.enrolling(tx):
            await jobs.enqueue(tx, ENROL, dedupe=str(journey_id), journey_id=str(journey_id))


@job(WALK)
async def take_steps(work: Work) -> None:
    for _ in range(BATCHES_MAX):
        if not await _walk_together(work):
            return
    async with work.transaction() as tx:
        await hurry(tx)


async def hurry(tx: Tx) -> None:
    """Have a worker look at once, not only with the next sweep."""
    await jobs.enqueue(tx, WALK, dedupe="walk")


@job(ENROL)
async def enrol(work: Work, journey_id: str) -> None:
    """Begin it for everybody who was in the entry's segment when it was published, page by page."""
    while True:
        async with work.transaction() as tx:
            journey = await service.lock_enrolling(tx, UUID(journey_id))
            if journey is None:
                return
            is_done = await _enrol_page(tx, journey, work.now())
        if is_done:
            return


@follow([SegmentEntered], "journeys.segment_entered")
async def enter(tx: Tx, told: Sequence[Told], now: datetime) -> None:
    live = await service.live_journeys(tx)
    woken = 0
    for one in told:
        event = msgspec.convert(one.payload, SegmentEntered)
        woken += await _entered(tx, event, live, one.occurred_at, now)
    if woken:
        await hurry(tx)


async def _entered(
    tx: Tx, event: SegmentEntered, live: Versions, at: datetime, now: datetime
) -> int:
    """Somebody arrived at a goal, got what was waited for, or begins. When it happened counts, not
    when it is told."""
    arrived = [journey.id for journey, plan in live if plan.goal_segment_id == event.segment_id]
    count = await runs.end_for(tx, event.customer_id, arrived, Ending.GOAL, now=now)
    count += await runs.happened(
        tx, event.customer_id, f"entered:{event.segment_id}", at=at, now=now
    )
    for journey, plan in _running(live):
        if plan.entry.by == "segment" and plan.entry.segment_id == event.segment_id:
            count += await _begin(tx, journey, plan, event.customer_id, now)
    return count


@subscribe(SegmentLeft, "journeys.segment_left")
async def leave(tx: Tx, event: SegmentLeft, now: datetime) -> None:
    left = [
        journey.id
        for journey, plan in await service.live_journeys(tx)
        if plan.leaves_with_segment and plan.entry.segment_id == event.segment_id
    ]
    await runs.end_for(tx, event.customer_id, left, Ending.LEFT, now=now)


@follow([OrderPlaced], "journeys.order_placed")
async def order(tx: Tx, told: Sequence[Told], now: datetime) -> None:
    live = await service.live_journeys(tx)
    woken = 0
    for one in told:
        event = msgspec.convert(one.payload, OrderPlaced)
        woken += await _ordered(tx, event, live, one.occurred_at, now)
    if woken:
        await hurry(tx)


async def _ordered(tx: Tx, event: OrderPlaced, live: Versions, at: datetime, now: datetime) -> int:
    woken = await runs.happened(tx, event.customer_id, "ordered", at=at, now=now)
    for journey, plan in _running(live):
        if plan.entry.by == "order":
            woken += await _begin(tx, journey, plan, event.customer_id, now)
    return woken


@subscribe(CampaignOpened, "journeys.opened")
async def opened(tx: Tx, event: CampaignOpened, now: datetime) -> None:
    await _engaged(tx, event, "opened", now)


@subscribe(CampaignClicked, "journeys.clicked")
async def clicked(tx: Tx, event: CampaignClicked, now: datetime) -> None:
    await _engaged(tx, event, "clicked", now)


async def _engaged(
    tx: Tx, event: CampaignOpened | CampaignClicked, key: str, now: datetime
) -> None:
    """By a person, and in a message of the journey that waits for it."""
    if event.verdict != "human" or event.customer_id is None or event.journey_id is None:
        return
    woken = await runs.happened(
        tx, event.customer_id, key, at=event.at, now=now, journey_id=event.journey_id
    )
    if woken:
        await hurry(tx)


def _running(live: Versions) -> Versions:
    return [(journey, plan) for journey, plan in live if journey.state is State.RUNNING]


async def _begin(tx: Tx, journey: Journey, plan: Plan, customer_id: UUID, now: datetime) -> int:
    return int(await runs.begin(tx, journey, plan, customer_id, now=now) is not None)


async def _enrol_page(tx: Tx, journey: Journey, now: datetime) -> bool:
    assert journey.published, "what runs was published"
    plan = await service.version_of(tx, journey.id, journey.published)
    assert plan.entry.segment_id, "only a segment has members"
    ids = await customers.audience_page(
        tx, [plan.entry.segment_id], [], after=journey.enrolled_through, count=ENROLLED_AT_ONCE
    )
    for customer_id in ids:
        await _begin(tx, journey, plan, customer_id, now)
    is_done = len(ids) < ENROLLED_AT_ONCE
    through = ids[-1] if ids else journey.enrolled_through
    await service.note_enrolled(tx, journey, through=through, is_done=is_done)
    await hurry(tx)
    return is_done


async def _walk_together(work: Work) -> int:
    """One batch of those that are due; how many there were."""
    due: list[Run] = []
    try:
        async with work.transaction() as tx:
            due = await runs.lock_due(tx, now=work.now(), count=TOGETHER)
            await _walk_all(tx, due, work.now())
    except Exception as reason:  # each is tried alone, and the one at fault is named
        if not due:
            raise
        log.warning("journey_batch_failed", error=repr(reason))
        for run in due:
            await _walk_alone(work, run.id)
    return len(due)


async def _walk_alone(work: Work, run_id: UUID) -> None:
    try:
        async with work.transaction() as tx:
            run = await runs.lock_run(tx, run_id)
            if run is not None and run.wakes_at is not None and run.wakes_at <= work.now():
                await _walk_all(tx, [run], work.now())
    except LOST as reason:
        log.warning("journey_run_put_off", run_id=str(run_id), error=repr(reason))
    except Exception as reason:  # it would fail for ever: said in its log, and at an end
        log.exception("journey_run_failed", run_id=str(run_id))
        async with work.transaction() as tx:
            failed = await runs.lock_run(tx, run_id)
            if failed is not None and failed.ended_at is None:
                await runs.give_up(tx, failed, type(reason).__name__, now=work.now())


async def _walk_all(tx: Tx, due: Sequence[Run], now: datetime) -> None:
    if not due:
        return
    people = await customers.reachable(tx, list({run.customer_id for run in due}))
    company = (await identity.get_organisation(tx)).name
    versions: dict[tuple[UUID, int], tuple[Plan, dict[str, Node]]] = {}
    for key in {(run.journey_id, run.number): None for run in due}:
        plan = await service.version_of(tx, *key)
        versions[key] = plan, paths(plan)
    arrived = await _arrived(tx, [(run, versions[run.journey_id, run.number][0]) for run in due])
    for run in due:
        plan, nodes = versions[run.journey_id, run.number]
        person = people.get(run.customer_id)
        if person is None:
            await runs.give_up(tx, run, "The customer is gone.", now=now)
            continue
        if run.id in arrived:
            await runs.arrive(tx, run, now=now)
            continue
        zone = await zone_of(tx, run.customer_id)
        world = Live(tx, run, plan, person, company, zone, now)
        walked = await walk(run, nodes, world, now)
        await runs.keep(tx, walked.run, walked.taken)


async def _arrived(tx: Tx, due: Sequence[tuple[Run, Plan]]) -> set[UUID]:
    """Runs of who is in the goal's segment: already when they began, or before it was told."""
    by_goal: dict[UUID, list[Run]] = {}
    for run, plan in due:
        if plan.goal_segment_id is not None:
            by_goal.setdefault(plan.goal_segment_id, []).append(run)
    arrived: set[UUID] = set()
    for segment_id, walking in by_goal.items():
        inside = await customers.members_among(tx, segment_id, [one.customer_id for one in walking])
        arrived |= {run.id for run in walking if run.customer_id in inside}
    return arrived
