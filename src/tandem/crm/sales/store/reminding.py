"""Reminders: their settings, and what is due to be told."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.domain.quotes import Quote
from tandem.crm.sales.domain.reminding import Reminders
from tandem.crm.sales.store.opportunities import OPPORTUNITY
from tandem.crm.sales.store.quotes import QUOTE
from tandem.kernel.db import Query, Tx

GET = Query(
    """
    select buyer_days, owner_days, tells_rotting from sales.reminder_setting
     where org_id = :org_id
    """
)
SAVE = Query(
    """
    insert into sales.reminder_setting (org_id, buyer_days, owner_days, tells_rotting, updated_at)
    values (:org_id, :buyer_days, :owner_days, :tells_rotting, :now)
        on conflict (org_id) do update
       set buyer_days = excluded.buyer_days, owner_days = excluded.owner_days,
           tells_rotting = excluded.tells_rotting, updated_at = excluded.updated_at,
           version = reminder_setting.version + 1
    """
)

# Marked and answered in one statement: whoever looks at the same time finds them marked.
MARK_BUYERS = Query(
    """
    with due as (
        select id from sales.quote
         where org_id = :org_id and state in ('sent', 'viewed') and buyer_reminded_at is null
           and valid_until between :today and :until and sent_at <= :sent_before
           and pdf_sha256 <> ''
         order by valid_until, id
         limit :count
           for update skip locked)
    update sales.quote q set buyer_reminded_at = :now
      from due where q.org_id = :org_id and q.id = due.id
    returning q.id
    """
)
MARK_OWNERS = Query(
    """
    with due as (
        select id from sales.quote
         where org_id = :org_id and state = 'viewed' and owner_reminded_at is null
           and viewed_at <= :viewed_before and valid_until >= :today
         order by viewed_at, id
         limit :count
           for update skip locked)
    update sales.quote q set owner_reminded_at = :now
      from due where q.org_id = :org_id and q.id = due.id
    returning q.id
    """
)
QUOTES = Query(QUOTE + "where q.org_id = :org_id and q.id = any(:ids::uuid[]) order by q.id")

ROTTEN = Query(
    OPPORTUNITY
    + """
     where o.org_id = :org_id and o.status = 'open' and o.owner_id is not null
       and s.expected_days is not null
       and o.stage_entered_at + make_interval(days => s.expected_days)
           between :since and :now
     order by o.stage_entered_at, o.id
     limit :count
    """
)


class _Id(msgspec.Struct, frozen=True):
    id: UUID


async def get(tx: Tx) -> Reminders | None:
    return await tx.one_or_none(GET, Reminders)


async def save(tx: Tx, to: Reminders, now: datetime) -> None:
    await tx.run(SAVE, **msgspec.structs.asdict(to), now=now)


async def take_buyers(
    tx: Tx, *, today: date, until: date, sent_before: datetime, now: datetime, count: int
) -> list[Quote]:
    rows = await tx.many(
        MARK_BUYERS, _Id, today=today, until=until, sent_before=sent_before, now=now, count=count
    )
    return await _quotes(tx, [row.id for row in rows])


async def take_owners(
    tx: Tx, *, today: date, viewed_before: datetime, now: datetime, count: int
) -> list[Quote]:
    rows = await tx.many(
        MARK_OWNERS, _Id, today=today, viewed_before=viewed_before, now=now, count=count
    )
    return await _quotes(tx, [row.id for row in rows])


async def rotten(tx: Tx, *, since: datetime, now: datetime, count: int) -> list[Opportunity]:
    return await tx.many(ROTTEN, Opportunity, since=since, now=now, count=count)


async def _quotes(tx: Tx, ids: Sequence[UUID]) -> list[Quote]:
    return await tx.many(QUOTES, Quote, ids=list(ids)) if ids else []
