"""Cards that move, and ends: won, lost, open again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import (
    OpportunityLost,
    OpportunityMoved,
    OpportunityReopened,
    OpportunityWon,
)
from tandem.crm.sales.domain.opportunities import (
    OVER,
    AlreadyOpen,
    ColumnFull,
    Loss,
    NotOpen,
    Opportunity,
    check_entry,
    check_loss,
)
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.domain.pipelines import Kind, Stage
from tandem.crm.sales.service.pipelines import get_pipeline
from tandem.crm.sales.service.placing import rank_after, rank_at_end
from tandem.crm.sales.service.standing import tell_standing
from tandem.crm.sales.store import opportunities as store
from tandem.crm.sales.store import pipelines
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound


async def move(
    tx: Tx,
    opportunity_id: UUID,
    *,
    stage_id: UUID,
    after_id: UUID | None,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Opportunity:
    """Put an open card into a stage, below another card or at the top.

    Refuses a stage of another pipeline or one that ends (win and lose are acts of their own), what
    the stage asks for and is missing, a full stage (ColumnFull), and what `is_current`
    refuses of the card's version once nobody else can move it.
    """
    seen = await _seen(tx, opportunity_id)
    stages = (await get_pipeline(tx, seen.pipeline_id)).stages
    target = next((one for one in stages if one.id == stage_id), None)
    if target is None or target.kind is not Kind.OPEN:
        raise Invalid("This is no open stage of its pipeline.", field="stage_id")
    card = await _hold(tx, target, opportunity_id)
    if is_current is not None:
        is_current(card.version)
    if card.status is not Kind.OPEN:
        raise NotOpen("It is closed. Reopen it first.")
    is_new = card.stage_id != target.id
    if is_new:
        check_entry(card, target, stages)
        await check_room(tx, target)
    rank = await rank_after(tx, stage_id=target.id, after_id=after_id, card_id=card.id)
    moved = msgspec.structs.replace(
        card,
        stage_id=target.id,
        rank=rank,
        stage_entered_at=now if is_new else card.stage_entered_at,
    )
    await store.save(tx, moved)
    if is_new:
        await _note(tx, card, target, now)
        await tx.publish(OpportunityMoved(stage=target.name, **names_of_card(card)))
        return await tell_standing(tx, await _read(tx, opportunity_id))
    return await _read(tx, opportunity_id)


async def win(tx: Tx, opportunity_id: UUID, *, now: datetime) -> Opportunity:
    """Refuses without an amount, and what an open stage before asks for and is missing."""
    card, target, stages = await _at_end(tx, opportunity_id, Kind.WON)
    check_entry(card, target, stages)
    await close_card(tx, card, target, now)
    amount = card.amount_minor
    assert amount is not None, "winning needs an amount"
    await tx.publish(
        OpportunityWon(amount_minor=amount, currency=card.currency, **names_of_card(card))
    )
    return await tell_standing(tx, await _read(tx, opportunity_id))


async def lose(tx: Tx, opportunity_id: UUID, loss: Loss, *, now: datetime) -> Opportunity:
    """Refuses `other` without a note, and a competitor without a name."""
    check_loss(loss)
    card, target, _ = await _at_end(tx, opportunity_id, Kind.LOST)
    told = msgspec.structs.replace(
        card,
        lost_reason=loss.reason,
        lost_note=loss.note.strip(),
        competitor=loss.competitor.strip(),
    )
    await close_card(tx, told, target, now, note=loss.reason)
    await tx.publish(OpportunityLost(reason=loss.reason, **names_of_card(card)))
    return await tell_standing(tx, await _read(tx, opportunity_id))


async def reopen(tx: Tx, opportunity_id: UUID, *, now: datetime) -> Opportunity:
    """Back into the stage it came from; what closed it is forgotten, its history is not."""
    seen = await _seen(tx, opportunity_id)
    stages = (await get_pipeline(tx, seen.pipeline_id)).stages
    opens = [one for one in stages if one.kind is Kind.OPEN]
    came_from = (await store.list_changes(tx, opportunity_id))[-1].from_stage_id
    target = next((one for one in opens if one.id == came_from), opens[0])
    card = await _hold(tx, target, opportunity_id)
    if card.status is Kind.OPEN:
        raise AlreadyOpen("It is open.")
    if card.order_id is not None and card.order_status not in OVER:
        raise NotOpen("It became an order. Cancel the order first.")
    await check_room(tx, target)
    await store.save(
        tx,
        msgspec.structs.replace(
            card,
            status=Kind.OPEN,
            stage_id=target.id,
            rank=await rank_at_end(tx, target.id),
            lost_reason="",
            lost_note="",
            competitor="",
            order_id=None,
            order_number="",
            order_status="",
            stage_entered_at=now,
            closed_at=None,
        ),
    )
    await _note(tx, card, target, now, note="reopened")
    await tx.publish(OpportunityReopened(stage=target.name, **names_of_card(card)))
    return await tell_standing(tx, await _read(tx, opportunity_id))


async def check_room(tx: Tx, stage: Stage) -> None:
    """The stage is locked by the caller, so that nobody else enters meanwhile."""
    if stage.wip_limit is not None and await store.count_column(tx, stage.id) >= stage.wip_limit:
        raise ColumnFull(f"{stage.name} takes {stage.wip_limit} at most.", field="stage_id")


async def _at_end(
    tx: Tx, opportunity_id: UUID, kind: Kind
) -> tuple[Opportunity, Stage, list[Stage]]:
    seen = await _seen(tx, opportunity_id)
    stages = (await get_pipeline(tx, seen.pipeline_id)).stages
    target = next(one for one in stages if one.kind is kind)
    card = await _hold(tx, target, opportunity_id)
    if card.status is not Kind.OPEN:
        raise NotOpen(f"It is {card.status} already.")
    return card, target, stages


async def close_card(
    tx: Tx, card: Opportunity, target: Stage, now: datetime, *, note: str = ""
) -> None:
    await store.save(
        tx,
        msgspec.structs.replace(
            card,
            status=target.kind,
            stage_id=target.id,
            rank=await rank_at_end(tx, target.id),
            stage_entered_at=now,
            closed_at=now,
        ),
    )
    await _note(tx, card, target, now, note=note)


async def _seen(tx: Tx, opportunity_id: UUID) -> Opportunity:
    tx.actor.require(WRITE)
    found = await store.find(tx, opportunity_id)
    if found is None or not tx.actor.sees(READ, found):
        raise NotFound("There is no such opportunity.")
    return found


async def _hold(tx: Tx, target: Stage, opportunity_id: UUID) -> Opportunity:
    """The stage first, then the card: whoever spaces a column out needs its cards' rows."""
    await pipelines.lock_stage(tx, target.id)
    card = await store.lock(tx, opportunity_id)
    assert card, "opportunities are never deleted"
    tx.actor.require_with(WRITE, card)
    return card


async def _note(tx: Tx, card: Opportunity, target: Stage, now: datetime, *, note: str = "") -> None:
    await store.add_change(
        tx,
        opportunity_id=card.id,
        from_stage_id=card.stage_id,
        to_stage_id=target.id,
        at=now,
        note=note,
    )


def names_of_card(card: Opportunity) -> dict[str, Any]:
    return {
        "opportunity_id": card.id,
        "number": card.number,
        "title": card.title,
        "customer_id": card.customer_id,
    }


async def _read(tx: Tx, opportunity_id: UUID) -> Opportunity:
    found = await store.find(tx, opportunity_id)
    assert found, "opportunities are never deleted"
    return found
