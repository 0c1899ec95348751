"""Opportunities: opened, changed, read."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.sales import OpportunityAmountChanged, OpportunityOpened
from tandem.crm.sales.domain.forecasts import Ask, Forecast
from tandem.crm.sales.domain.lines import AmountSource
from tandem.crm.sales.domain.opportunities import (
    Change,
    Draft,
    Filters,
    NotOpen,
    Opportunity,
    StageChange,
    check_close_day,
    check_entry,
    timed,
)
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.domain.pipelines import Kind, Pipeline, Stage
from tandem.crm.sales.service.moving import check_room
from tandem.crm.sales.service.pipelines import ensure_first, get_pipeline
from tandem.crm.sales.service.placing import rank_at_end
from tandem.crm.sales.service.standing import tell_standing
from tandem.crm.sales.store import forecasts, pipelines
from tandem.crm.sales.store import opportunities as store
from tandem.crm.sales.store.opportunities import NewOpportunity, Total
from tandem.kernel import audit, numbering
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.fields import as_kept
from tandem.kernel.ids import new_id
from tandem.kernel.money import check_currency, scale_between
from tandem.kernel.pages import Page, decode_cursor, page_of

NUMBER_START = 1001
COLUMN_MAX = 200


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of the board with its topmost cards and what all of them come to."""

    resource: ClassVar[str] = "opportunity"

    stage: Stage
    cards: list[Opportunity]
    count: int
    amount_minor: int


async def open_opportunity(
    tx: Tx, draft: Draft, *, customer_name: str, home_currency: str, now: datetime
) -> Opportunity:
    """Refuses a stage that is not open, one that asks for what is missing, and a full one.

    The flow that calls knows the customer; the opportunity belongs to its maker unless the draft
    names somebody.
    """
    tx.actor.require(WRITE)
    pipeline, stage = await _begin_at(tx, draft, now)
    check_close_day(draft.close_on)
    currency = draft.currency or home_currency
    check_currency(currency)
    if currency != home_currency and not (draft.fx_rate and Decimal(draft.fx_rate)):
        raise Invalid(f"Say what one {currency} is in {home_currency}.", field="fx_rate")
    await pipelines.lock_stage(tx, stage.id)
    await check_room(tx, stage)
    opportunity_id = new_id()
    number = await numbering.take(tx, kind="opportunity", start=NUMBER_START)
    await store.insert(
        tx,
        NewOpportunity(
            id=opportunity_id,
            number=f"OPP-{number}",
            title=draft.title.strip(),
            customer_id=draft.customer_id,
            customer_name=customer_name,
            pipeline_id=pipeline.id,
            stage_id=stage.id,
            amount_minor=draft.amount_minor,
            currency=currency,
            fx_rate=draft.fx_rate if currency != home_currency and draft.fx_rate else "1",
            fx_scale=scale_between(currency, home_currency),
            close_on=draft.close_on,
            next_step=draft.next_step,
            source=draft.source,
            rank=await rank_at_end(tx, stage.id),
            owner_id=draft.owner_id or tx.actor.person,
            team_id=None,
            territory_id=None,
            created_at=now,
        ),
    )
    await store.add_change(
        tx, opportunity_id=opportunity_id, from_stage_id=None, to_stage_id=stage.id, at=now
    )
    made = await store.find(tx, opportunity_id)
    assert made, "it was written a moment ago"
    check_entry(made, stage, pipeline.stages)
    await tx.publish(
        OpportunityOpened(
            opportunity_id=made.id,
            number=made.number,
            title=made.title,
            customer_id=made.customer_id,
            stage=stage.name,
        )
    )
    return await tell_standing(tx, made)


async def _begin_at(tx: Tx, draft: Draft, now: datetime) -> tuple[Pipeline, Stage]:
    if draft.pipeline_id is not None:
        pipeline = await get_pipeline(tx, draft.pipeline_id)
    else:
        pipeline = await ensure_first(tx, now=now)
    if pipeline.archived_at is not None:
        raise Invalid("This pipeline was put away.", field="pipeline_id")
    if draft.stage_id is None:
        return pipeline, next(one for one in pipeline.stages if one.kind is Kind.OPEN)
    for stage in pipeline.stages:
        if stage.id == draft.stage_id and stage.kind is Kind.OPEN:
            return pipeline, stage
    raise Invalid("This is no open stage of the pipeline.", field="stage_id")


async def get_opportunity(tx: Tx, opportunity_id: UUID) -> Opportunity:
    """Refuses with NotFound what is not there or not within the reader's reach."""
    tx.actor.require(READ)
    found = await store.find(tx, opportunity_id)
    if found is None or not tx.actor.sees(READ, found):
        raise NotFound("There is no such opportunity.")
    return found


async def list_opportunities(
    tx: Tx, filters: Filters, *, limit: int, cursor: str | None = None
) -> Page[Opportunity]:
    """Newest first, as far as the reader's records go."""
    tx.actor.require(READ)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await store.list_rows(
        tx, filters, tx.actor.reach(READ), before_id=before, count=limit + 1
    )
    return page_of(rows, limit, lambda row: (row.id,))


async def ids_of_opportunities(tx: Tx, filters: Filters, *, limit: int) -> list[UUID]:
    """Those that the list shows with these filters, the newest first, without reading them."""
    tx.actor.require(READ)
    return await store.ids(tx, filters, tx.actor.reach(READ), count=limit)


async def change(tx: Tx, opportunity_id: UUID, to: Change, *, now: datetime) -> Opportunity:
    """Refuses to empty what its stage asks for, and any change to what is closed."""
    before = await _to_write(tx, opportunity_id)
    if before.status is not Kind.OPEN:
        raise NotOpen("It is closed. Reopen it first.")
    given = {
        name: value
        for name, value in msgspec.structs.asdict(to).items()
        if value is not msgspec.UNSET
    }
    check_close_day(given.get("close_on"))
    after = as_kept(tx.actor, msgspec.structs.replace(before, **given), before)
    given = {name: getattr(after, name) for name in given}
    if after.amount_minor != before.amount_minor:
        after = msgspec.structs.replace(after, amount_source=AmountSource.MANUAL)
        given["amount_source"] = after.amount_source
    stages = (await get_pipeline(tx, before.pipeline_id)).stages
    here = next(stage for stage in stages if stage.id == before.stage_id)
    check_entry(after, here, stages)
    await store.save(tx, after)
    await audit.write(
        tx,
        action="sales.opportunity_changed",
        subject_kind="opportunity",
        subject_id=opportunity_id,
        now=now,
        before={name: _plain(getattr(before, name)) for name in given},
        after={name: _plain(value) for name, value in given.items()},
    )
    if "amount_source" in given:
        await tell_amount(tx, after)
    # Whoever gave it away may not see it any more.
    return await tell_standing(tx, await _read(tx, opportunity_id))


async def history(tx: Tx, opportunity_id: UUID, *, now: datetime) -> list[StageChange]:
    """Its stages with the time spent in each; the times add up to its whole life so far."""
    opportunity = await get_opportunity(tx, opportunity_id)
    changes = await store.list_changes(tx, opportunity_id)
    return timed(changes, opportunity.closed_at or now)


async def board(tx: Tx, pipeline_id: UUID) -> list[Column]:
    """Every stage in order with its topmost cards, at most 200 each."""
    pipeline = await get_pipeline(tx, pipeline_id)
    reach = tx.actor.reach(READ)
    sums = {row.stage_id: row for row in await store.totals(tx, pipeline_id, reach)}
    empty = Total(stage_id=pipeline_id, count=0, amount_minor=0)
    return [
        Column(
            stage=stage,
            cards=await store.list_column(tx, stage.id, reach, count=COLUMN_MAX),
            count=sums.get(stage.id, empty).count,
            amount_minor=sums.get(stage.id, empty).amount_minor,
        )
        for stage in pipeline.stages
    ]


async def forecast(
    tx: Tx, ask: Ask, *, home_currency: str, team_of: Sequence[tuple[UUID, UUID]] = ()
) -> Forecast:
    """Of the records the reader may see: a total never tells of others. By team, a deal counts for
    its own, else for the first of its owner's among `team_of`."""
    tx.actor.require(READ)
    if ask.to_on < ask.from_on:
        raise Invalid("The period ends before it begins.", field="to_on")
    rows, total = await forecasts.forecast(tx, ask, tx.actor.reach(READ), team_of)
    return Forecast(
        currency=home_currency,
        from_on=ask.from_on,
        to_on=ask.to_on,
        group_by=ask.group_by,
        rows=rows,
        total=total,
    )


async def tell_amount(tx: Tx, deal: Opportunity) -> None:
    await tx.publish(
        OpportunityAmountChanged(
            opportunity_id=deal.id,
            number=deal.number,
            title=deal.title,
            customer_id=deal.customer_id,
            amount_minor=deal.amount_minor,
            currency=deal.currency,
            amount_source=deal.amount_source,
        )
    )


async def _to_write(tx: Tx, opportunity_id: UUID) -> Opportunity:
    await get_opportunity(tx, opportunity_id)
    locked = await store.lock(tx, opportunity_id)
    assert locked, "opportunities are never deleted"
    tx.actor.require_with(WRITE, locked)
    return locked


async def _read(tx: Tx, opportunity_id: UUID) -> Opportunity:
    found = await store.find(tx, opportunity_id)
    assert found, "opportunities are never deleted"
    return found


def _plain(value: object) -> object:
    return msgspec.to_builtins(value)
