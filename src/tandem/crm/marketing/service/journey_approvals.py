"""A second person's yes to a journey's draft: asked for, given or declined, and its history."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.marketing import JourneyApprovalAsked, JourneyApprovalDecided
from tandem.crm.marketing.domain.approvals import (
    ApprovalNotAsked,
    ApprovalRule,
    ApprovalSettled,
    Decision,
    Standing,
    author_of,
    check_second,
)
from tandem.crm.marketing.domain.journey_approvals import (
    JourneyApproval,
    changes,
    covers,
    is_needed,
)
from tandem.crm.marketing.domain.journeys import Journey, State
from tandem.crm.marketing.domain.permissions import APPROVE, READ, WRITE
from tandem.crm.marketing.service.journeys import lock_journey
from tandem.crm.marketing.store.approvals import OF_JOURNEYS
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

WAITING_MAX = 50


async def ask(
    tx: Tx,
    journey: Journey,
    *,
    people: int | None,
    segments: Mapping[UUID, int],
    note: str,
    now: datetime,
) -> JourneyApproval:
    """For a locked journey's draft as it stands now; one asked for before is void."""
    tx.actor.require(WRITE)
    if journey.state is State.ENDED:
        raise ApprovalNotAsked("It has ended.")
    await OF_JOURNEYS.void(tx, journey.id, now)
    approval_id, asker = new_id(), author_of(tx.actor)
    await OF_JOURNEYS.insert(
        tx,
        approval_id,
        journey.id,
        people=people,
        plan=journey.plan,
        segments=segments,
        note=note,
        asked_by=asker,
        now=now,
    )
    await _audit(tx, "marketing.ask_approval", journey.id, now, people=people, note=note)
    hands = {*hands_in(journey), asker}
    await tx.publish(
        JourneyApprovalAsked(
            journey_id=journey.id,
            name=journey.name,
            approval_id=approval_id,
            asked_by=asker,
            not_by=sorted(one for one in hands if one is not None),
        )
    )
    return await get(tx, approval_id)


async def decide(
    tx: Tx, approval_id: UUID, decision: Decision, *, now: datetime
) -> JourneyApproval:
    """Refuses OwnApproval, and ApprovalSettled where the draft was changed meanwhile."""
    tx.actor.require(APPROVE)
    journey = await lock_journey(tx, (await get(tx, approval_id)).journey_id)
    approval = await get(tx, approval_id)
    who = check_second((*hands_in(journey), approval.asked_by), author_of(tx.actor))
    state = Standing.APPROVED if decision.is_approved else Standing.DECLINED
    if not await OF_JOURNEYS.decide(
        tx, approval_id, state, decided_by=who, answer=decision.note, now=now
    ):
        raise ApprovalSettled("It was answered, or the journey was changed, meanwhile.")
    await _audit(
        tx, f"marketing.{state}", journey.id, now, people=approval.people, note=decision.note
    )
    told = {one for one in (approval.asked_by, journey.owner_id) if one not in (None, who)}
    await tx.publish(
        JourneyApprovalDecided(
            journey_id=journey.id,
            name=journey.name,
            approval_id=approval_id,
            is_approved=decision.is_approved,
            told=sorted(one for one in told if one is not None),
        )
    )
    return await get(tx, approval_id)


async def get(tx: Tx, approval_id: UUID) -> JourneyApproval:
    tx.actor.require(READ)
    found = await OF_JOURNEYS.find(tx, approval_id)
    if found is None:
        raise NotFound("There is no such approval.")
    listed = await list_approvals(tx, found.journey_id)
    return next((one for one in listed if one.id == found.id), found)


async def list_approvals(tx: Tx, journey_id: UUID) -> list[JourneyApproval]:
    """Newest first, each with what had changed since the decision before."""
    tx.actor.require(READ)
    found = await OF_JOURNEYS.of_subject(tx, journey_id)
    told: list[JourneyApproval] = []
    for place, one in enumerate(found):
        before = next((older for older in found[place + 1 :] if older.decided_at), None)
        changed = changes(before.plan, one.plan) if before else []
        told.append(msgspec.structs.replace(one, changes=changed))
    return told


async def list_waiting(tx: Tx) -> list[JourneyApproval]:
    """What waits for somebody's yes, newest first."""
    tx.actor.require(READ)
    return await OF_JOURNEYS.waiting(tx, WAITING_MAX)


async def lacks(
    tx: Tx, journey: Journey, rule: ApprovalRule, *, segments: Mapping[UUID, int]
) -> bool:
    """Whether its draft needs a yes and has none that covers it."""
    if not is_needed(rule, journey.plan):
        return False
    return not covers(await OF_JOURNEYS.in_force(tx, journey.id), journey.plan, segments)


def hands_in(journey: Journey) -> tuple[UUID | None, ...]:
    """Whoever had a hand in it."""
    return journey.created_by, journey.changed_by, journey.owner_id


async def _audit(tx: Tx, action: str, journey_id: UUID, now: datetime, **after: object) -> None:
    await audit.write(
        tx, action=action, subject_kind="journey", subject_id=journey_id, now=now, after=after
    )
