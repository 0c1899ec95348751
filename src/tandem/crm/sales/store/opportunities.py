"""Opportunities, their places in the columns, and the stages they were in."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.opportunities import Filters, Opportunity, StageChange
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Reach, within

OPPORTUNITY: LiteralString = """
    select o.id, o.number, o.title, o.customer_id, o.customer_name, o.pipeline_id, o.stage_id,
           s.name as stage_name, o.status, o.amount_minor, o.currency, o.fx_rate,
           coalesce(case when o.status = 'open' then o.manual_probability end, s.probability)
               as probability,
           o.manual_probability, o.close_on, o.next_step, o.source, o.rank, o.lost_reason,
           o.lost_note, o.competitor, o.owner_id, o.team_id, o.territory_id, o.order_id,
           o.stage_entered_at, s.expected_days, o.closed_at, o.version, o.created_at,
           o.amount_source, o.order_number, o.order_status, o.custom
      from sales.opportunity o
      join sales.stage s on s.org_id = o.org_id and s.id = o.stage_id
"""

GET = Query(OPPORTUNITY + "where o.org_id = :org_id and o.id = :id")
# Locked by itself and read afterwards: whoever waited for a move would find no row that joins the
# stage it had when the statement began.
LOCK = Query("select id from sales.opportunity where org_id = :org_id and id = :id for update")

BY_ORDER = Query(OPPORTUNITY + "where o.org_id = :org_id and o.order_id = :order_id limit 1")

FILTERED: LiteralString = (
    """
     where o.org_id = :org_id and """
    + within("o")
    + """
       and (:status::text is null or o.status = :status)
       and (:pipeline_id::uuid is null or o.pipeline_id = :pipeline_id)
       and (:stage_id::uuid is null or o.stage_id = :stage_id)
       and (:customer_id::uuid is null or o.customer_id = :customer_id)
       and (:owner_id::uuid is null or o.owner_id = :owner_id)
       and (:ids::uuid[] is null or o.id = any(:ids))
       and (:words::text is null
            or o.title ilike '%' || :words || '%' or o.number ilike :words || '%'
            or o.customer_name ilike '%' || :words || '%')
"""
)

LIST = Query(
    OPPORTUNITY
    + FILTERED
    + """
       and (:before_id::uuid is null or o.id < :before_id)
     order by o.id desc
     limit :count
    """
)

IDS = Query("select o.id from sales.opportunity o" + FILTERED + "order by o.id desc limit :count")

COLUMN = Query(
    OPPORTUNITY
    + """
     where o.org_id = :org_id and o.stage_id = :stage_id and """
    + within("o")
    + """
     order by o.rank
     limit :count
    """
)

TOTALS = Query(
    """
    select o.stage_id, count(*)::int as count,
           coalesce(round(sum(o.amount_minor * o.fx_rate * o.fx_scale)), 0)::bigint as amount_minor
      from sales.opportunity o
     where o.org_id = :org_id and o.pipeline_id = :pipeline_id and """
    + within("o")
    + """
     group by o.stage_id
    """
)

INSERT = Query(
    """
    insert into sales.opportunity
           (org_id, id, number, title, customer_id, customer_name, pipeline_id, stage_id, status,
            amount_minor, currency, fx_rate, fx_scale, close_on, next_step, source, rank, owner_id,
            team_id, territory_id, stage_entered_at, created_at)
    values (:org_id, :id, :number, :title, :customer_id, :customer_name, :pipeline_id, :stage_id,
            'open', :amount_minor, :currency, :fx_rate, :fx_scale, :close_on, :next_step,
            :source, :rank, :owner_id, :team_id, :territory_id, :created_at, :created_at)
    """
)

SAVE = Query(
    """
    update sales.opportunity
       set title = :title, amount_minor = :amount_minor, close_on = :close_on,
           manual_probability = :manual_probability, next_step = :next_step, source = :source,
           stage_id = :stage_id, status = :status, rank = :rank, lost_reason = :lost_reason,
           lost_note = :lost_note, competitor = :competitor, owner_id = :owner_id,
           amount_source = :amount_source, customer_id = :customer_id,
           customer_name = :customer_name, order_id = :order_id, order_number = :order_number,
           order_status = :order_status, stage_entered_at = :stage_entered_at,
           closed_at = :closed_at, version = version + 1
     where org_id = :org_id and id = :id
    """
)

COUNT_COLUMN = Query(
    "select count(*) from sales.opportunity where org_id = :org_id and stage_id = :stage_id"
)

RANKS_AROUND = Query(
    """
    select (select rank from sales.opportunity
             where org_id = :org_id and stage_id = :stage_id and id = :after_id) as before,
           (select min(rank) from sales.opportunity
             where org_id = :org_id and stage_id = :stage_id and id <> :id
               and rank > coalesce((select rank from sales.opportunity
                                     where org_id = :org_id and stage_id = :stage_id
                                       and id = :after_id), '')) as after
    """
)

LAST_RANK = Query(
    "select max(rank) from sales.opportunity where org_id = :org_id and stage_id = :stage_id"
)

COLUMN_IDS = Query(
    """
    select id from sales.opportunity
     where org_id = :org_id and stage_id = :stage_id
     order by rank
    """
)

# Two steps, because two rows of one column may not have the same rank even for a moment.
LOOSEN = Query(
    """
    update sales.opportunity set rank = '~' || id::text
     where org_id = :org_id and stage_id = :stage_id
    """
)

SPACE = Query(
    """
    update sales.opportunity o set rank = given.rank
      from unnest(:ids::uuid[], :ranks::text[]) as given (id, rank)
     where o.org_id = :org_id and o.id = given.id
    """
)

ADD_CHANGE = Query(
    """
    insert into sales.stage_change
           (org_id, id, opportunity_id, from_stage_id, to_stage_id, at, actor_label, note)
    values (:org_id, :id, :opportunity_id, :from_stage_id, :to_stage_id, :at, :actor_label, :note)
    """
)

CHANGES = Query(
    """
    select c.from_stage_id, c.to_stage_id, s.name as stage_name, c.at, c.actor_label, c.note
      from sales.stage_change c
      join sales.stage s on s.org_id = c.org_id and s.id = c.to_stage_id
     where c.org_id = :org_id and c.opportunity_id = :opportunity_id
     order by c.id
     limit 1000
    """
)

SAVED = tuple(name for name in SAVE.names if name != "org_id")


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_minor` in the company's currency."""

    resource: ClassVar[str] = "opportunity"

    stage_id: UUID
    count: int
    amount_minor: int


class NewOpportunity(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: str
    title: str
    customer_id: UUID | None
    customer_name: str
    pipeline_id: UUID
    stage_id: UUID
    amount_minor: int | None
    currency: str
    fx_rate: str
    fx_scale: Decimal
    """Minor units of the company's currency that a minor unit is at the rate of one."""
    close_on: date | None
    next_step: str
    source: str
    rank: str
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None
    created_at: datetime


async def find(tx: Tx, opportunity_id: UUID) -> Opportunity | None:
    return await tx.one_or_none(GET, Opportunity, id=opportunity_id)


async def find_by_order(tx: Tx, order_id: UUID) -> Opportunity | None:
    return await tx.one_or_none(BY_ORDER, Opportunity, order_id=order_id)


async def lock(tx: Tx, opportunity_id: UUID) -> Opportunity | None:
    await tx.records(LOCK, id=opportunity_id)
    return await find(tx, opportunity_id)


async def list_rows(
    tx: Tx, filters: Filters, reach: Reach, *, before_id: UUID | None, count: int
) -> list[Opportunity]:
    return await tx.many(
        LIST,
        Opportunity,
        **msgspec.structs.asdict(filters),
        **reach.params(),
        before_id=before_id,
        count=count,
    )


async def ids(tx: Tx, filters: Filters, reach: Reach, *, count: int) -> list[UUID]:
    asked = {**msgspec.structs.asdict(filters), **reach.params()}
    return [row["id"] for row in await tx.records(IDS, count=count, **asked)]


async def list_column(tx: Tx, stage_id: UUID, reach: Reach, *, count: int) -> list[Opportunity]:
    return await tx.many(COLUMN, Opportunity, stage_id=stage_id, count=count, **reach.params())


async def totals(tx: Tx, pipeline_id: UUID, reach: Reach) -> list[Total]:
    return await tx.many(TOTALS, Total, pipeline_id=pipeline_id, **reach.params())


async def insert(tx: Tx, new: NewOpportunity) -> None:
    await tx.run(INSERT, **msgspec.structs.asdict(new))


async def save(tx: Tx, opportunity: Opportunity) -> None:
    await tx.run(SAVE, **{name: getattr(opportunity, name) for name in SAVED})


async def count_column(tx: Tx, stage_id: UUID) -> int:
    count: int = await tx.value(COUNT_COLUMN, stage_id=stage_id)
    return count


async def ranks_around(
    tx: Tx, *, stage_id: UUID, after_id: UUID | None, opportunity_id: UUID
) -> tuple[str | None, str | None]:
    """The ranks of the card `after_id` (None: the top) and of the one below it, leaving out the
    card that moves."""
    row = (await tx.records(RANKS_AROUND, stage_id=stage_id, after_id=after_id, id=opportunity_id))[
        0
    ]
    return row["before"], row["after"]


async def last_rank(tx: Tx, stage_id: UUID) -> str | None:
    rank: str | None = await tx.value(LAST_RANK, stage_id=stage_id)
    return rank


async def column_ids(tx: Tx, stage_id: UUID) -> list[UUID]:
    return [row["id"] for row in await tx.records(COLUMN_IDS, stage_id=stage_id)]


async def space_out(tx: Tx, stage_id: UUID, ids: Sequence[UUID], ranks: Sequence[str]) -> None:
    await tx.run(LOOSEN, stage_id=stage_id)
    await tx.run(SPACE, ids=list(ids), ranks=list(ranks))


async def add_change(
    tx: Tx,
    *,
    opportunity_id: UUID,
    from_stage_id: UUID | None,
    to_stage_id: UUID,
    at: datetime,
    note: str = "",
) -> None:
    await tx.run(
        ADD_CHANGE,
        id=new_id(),
        opportunity_id=opportunity_id,
        from_stage_id=from_stage_id,
        to_stage_id=to_stage_id,
        at=at,
        actor_label=tx.actor.label,
        note=note,
    )


async def list_changes(tx: Tx, opportunity_id: UUID) -> list[StageChange]:
    return await tx.many(CHANGES, StageChange, opportunity_id=opportunity_id)
