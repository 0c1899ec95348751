"""Journeys: drafted, published, paused, ended. Who walks them is journey_runs'."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.approvals import author_of
from tandem.crm.marketing.domain.journey_paths import check_plan, paths
from tandem.crm.marketing.domain.journeys import (
    MOVES,
    Journey,
    JourneyIncomplete,
    NewJourney,
    Plan,
    State,
)
from tandem.crm.marketing.domain.permissions import READ, SEND, WRITE
from tandem.crm.marketing.store import journey_runs as runs
from tandem.crm.marketing.store import journeys as store
from tandem.crm.marketing.store.approvals import OF_JOURNEYS
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import IllegalMove, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

replace = msgspec.structs.replace


async def add_journey(tx: Tx, new: NewJourney, *, now: datetime) -> Journey:
    """A draft, which belongs to whoever made it."""
    tx.actor.require(WRITE)
    paths(new.plan)
    journey_id = new_id()
    await store.insert(
        tx,
        journey_id,
        new.name,
        new.plan,
        owner_id=tx.actor.user_id,
        author=author_of(tx.actor),
        now=now,
    )
    await _audit(tx, "marketing.add_journey", journey_id, now, after={"name": new.name})
    return await get_journey(tx, journey_id)


async def get_journey(tx: Tx, journey_id: UUID) -> Journey:
    tx.actor.require(READ)
    found = await store.get(tx, journey_id)
    if found is None:
        raise NotFound("There is no such journey.")
    return found


async def lock_journey(tx: Tx, journey_id: UUID) -> Journey:
    tx.actor.require(READ)
    found = await store.lock(tx, journey_id)
    if found is None:
        raise NotFound("There is no such journey.")
    return found


async def list_journeys(tx: Tx, *, limit: int, cursor: str | None) -> Page[Journey]:
    """Newest first."""
    tx.actor.require(READ)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await store.list_journeys(tx, before=before, count=limit + 1)
    return page_of(rows, limit, lambda row: (row.id,))


async def change_journey(tx: Tx, journey: Journey, new: NewJourney, *, now: datetime) -> Journey:
    """Another name and draft; an approval of the one before is void. Who is under way notices
    nothing until it is published."""
    tx.actor.require(WRITE)
    if journey.state is State.ENDED:
        raise IllegalMove("Journey", journey.state, State.DRAFT, [])
    paths(new.plan)
    changed = replace(journey, name=new.name, plan=new.plan, changed_by=author_of(tx.actor))
    await store.save(tx, changed, now)
    for one in await OF_JOURNEYS.void(tx, journey.id, now):
        await _audit(tx, "marketing.void_approval", journey.id, now, after={"approval": str(one)})
    await _audit(
        tx,
        "marketing.change_journey",
        journey.id,
        now,
        before=msgspec.to_builtins(journey.plan),
        after=msgspec.to_builtins(new.plan),
    )
    return await get_journey(tx, journey.id)


async def publish(
    tx: Tx, journey: Journey, *, moves_people: bool, enrols_members: bool, now: datetime
) -> Journey:
    """Make the draft the version that people begin from now on.

    Who is under way stays on theirs; with `moves_people` those whose present step is in the new one
    go on there, the others finish the old one. `enrols_members` also begins it for everybody who is
    in the entry's segment already. Refuses an incomplete draft.
    """
    tx.actor.require(SEND)
    _check_move(journey, State.RUNNING, may_stay=True)
    check_plan(journey.plan)
    if enrols_members and journey.plan.entry.by != "segment":
        raise JourneyIncomplete("Only a segment has members to begin with.", field="entry")
    number = (journey.published or 0) + 1
    await store.publish(tx, journey.id, number, journey.plan, now)
    running = replace(
        journey,
        state=State.RUNNING,
        published=number,
        is_enrolling=enrols_members or journey.is_enrolling,
        enrolled_through=None if enrols_members else journey.enrolled_through,
    )
    await store.save(tx, running, now)
    if moves_people:
        await runs.migrate(tx, journey.id, number, list(paths(journey.plan)))
    await _audit(
        tx,
        "marketing.publish_journey",
        journey.id,
        now,
        after={"number": number, "moves_people": moves_people, "enrols_members": enrols_members},
    )
    return await get_journey(tx, journey.id)


async def move_journey(tx: Tx, journey: Journey, to: State, *, now: datetime) -> Journey:
    """Pause it, let it go on, or end it for good. Ending takes everybody out."""
    tx.actor.require(SEND)
    _check_move(journey, to)
    if to is State.RUNNING and journey.published is None:
        raise JourneyIncomplete("Publish it first.", field="state")
    await store.save(tx, replace(journey, state=to), now)
    if to is State.ENDED:
        await runs.stop_all(tx, journey.id, now)
    await _audit(tx, "marketing.move_journey", journey.id, now, after={"state": to})
    return await get_journey(tx, journey.id)


async def live_journeys(tx: Tx) -> list[tuple[Journey, Plan]]:
    """Those that run or are paused, with the version that people begin: who arrives or leaves
    meanwhile is out of a paused one too. For handlers."""
    found = []
    for journey in await store.live(tx):
        assert journey.published, "what runs was published"
        plan = await store.version(tx, journey.id, journey.published)
        assert plan, "a published version stays"
        found.append((journey, plan))
    return found


async def enrolling(tx: Tx) -> list[UUID]:
    """Journeys that still take in who was in their segment at publication. For jobs."""
    return await store.enrolling(tx)


async def lock_enrolling(tx: Tx, journey_id: UUID) -> Journey | None:
    """One of them, locked; None when there is nothing to take in any more."""
    journey = await store.lock(tx, journey_id)
    if journey is None or not journey.is_enrolling or journey.state is not State.RUNNING:
        return None
    return journey


async def note_enrolled(tx: Tx, journey: Journey, *, through: UUID | None, is_done: bool) -> None:
    """How far it got."""
    await store.note_enrolled(tx, journey.id, through=through, is_enrolling=not is_done)


async def version_of(tx: Tx, journey_id: UUID, number: int) -> Plan:
    found = await store.version(tx, journey_id, number)
    if found is None:
        raise NotFound("There is no such version.")
    return found


def _check_move(journey: Journey, to: State, *, may_stay: bool = False) -> None:
    if may_stay and journey.state in {to, State.PAUSED}:
        return
    if to not in MOVES[journey.state]:
        raise IllegalMove("Journey", journey.state, to, sorted(MOVES[journey.state]))


async def _audit(tx: Tx, action: str, journey_id: UUID, now: datetime, **told: Any) -> None:
    await audit.write(
        tx, action=action, subject_kind="journey", subject_id=journey_id, now=now, **told
    )
