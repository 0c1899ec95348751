"""Deals and quotes as records of a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel import blobs
from tandem.kernel.db import Query, Tx

MOVE_DEALS = Query(
    """
    update sales.opportunity set customer_id = :into, version = version + 1
     where org_id = :org_id and customer_id = :source
       and (:ids::uuid[] is null or id = any(:ids::uuid[]))
    returning id
    """
)

MOVE_QUOTES = Query(
    """
    update sales.quote set customer_id = :into, version = version + 1
     where org_id = :org_id and customer_id = :source
       and (:ids::uuid[] is null or id = any(:ids::uuid[]))
    returning id
    """
)

ERASE_DEALS = Query(
    """
    update sales.opportunity
       set customer_name = 'Erased', title = 'Erased ' || number, lost_note = '', next_step = '',
           custom = custom - :personal::text[], version = version + 1
     where org_id = :org_id and customer_id = :customer_id and status <> 'open'
       and customer_name <> 'Erased'
    """
)

ERASE_QUOTES = Query(
    """
    update sales.quote
       set customer_name = 'Erased', customer_email = null, customer_phone = null,
           customer_gstin = null, note = '', settled_by = '', decline_reason = '',
           pdf_blob_id = null, ship_to = case when ship_to is not null then
               jsonb_strip_nulls(jsonb_build_object(
                   'name', 'Erased', 'line1', 'Erased', 'city', ship_to -> 'city',
                   'state_code', ship_to -> 'state_code',
                   'postal_code', ship_to -> 'postal_code',
                   'country', coalesce(ship_to -> 'country', '"IN"'))) end,
           version = version + 1
     where org_id = :org_id and customer_id = :customer_id and customer_name <> 'Erased'
       and state not in ('draft', 'sent', 'viewed') and order_state <> 'pending_order'
    """
)

PAPERS = Query(
    """
    select pdf_blob_id from sales.quote
     where org_id = :org_id and customer_id = :customer_id and pdf_blob_id is not null
       and state not in ('draft', 'sent', 'viewed') and order_state <> 'pending_order'
     order by id
    """
)

COUNT_OPEN_DEALS = Query(
    """
    select count(*) from sales.opportunity
     where org_id = :org_id and customer_id = :customer_id and status = 'open'
    """
)

COUNT_OPEN_QUOTES = Query(
    """
    select count(*) from sales.quote
     where org_id = :org_id and customer_id = :customer_id
       and (state in ('draft', 'sent', 'viewed') or order_state = 'pending_order')
    """
)

EXPORT_DEALS = Query(
    """
    select number, title, status, amount_minor, currency, close_on, next_step, lost_reason,
           lost_note, order_number, created_at, closed_at
      from sales.opportunity
     where org_id = :org_id and customer_id = :customer_id
     order by id
     limit 10000
    """
)

EXPORT_QUOTES = Query(
    """
    select number, revision, state, customer_name, customer_email, customer_phone,
           customer_gstin, ship_to, currency, total_minor, valid_until, note, sent_at, viewed_at,
           settled_at, settled_by, decline_reason, order_number
      from sales.quote
     where org_id = :org_id and customer_id = :customer_id
     order by id
     limit 10000
    """
)


DEAL_IDS = Query(
    """
    select id from sales.opportunity
     where org_id = :org_id and customer_id = :customer_id
     order by id
    """
)

QUOTE_IDS = Query(
    "select id from sales.quote where org_id = :org_id and customer_id = :customer_id order by id"
)


async def list_deal_ids(tx: Tx, customer_id: UUID) -> list[UUID]:
    return [row["id"] for row in await tx.records(DEAL_IDS, customer_id=customer_id)]


async def list_quote_ids(tx: Tx, customer_id: UUID) -> list[UUID]:
    return [row["id"] for row in await tx.records(QUOTE_IDS, customer_id=customer_id)]


async def move_deals(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    given = None if ids is None else list(ids)
    return [row["id"] for row in await tx.records(MOVE_DEALS, source=source, into=into, ids=given)]


async def move_quotes(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    given = None if ids is None else list(ids)
    rows = await tx.records(MOVE_QUOTES, source=source, into=into, ids=given)
    return [row["id"] for row in rows]


async def erase_deals(tx: Tx, customer_id: UUID, personal: Sequence[str]) -> tuple[int, int]:
    """How many were emptied, and how many are open. `personal` are the keys of the company's own
    fields of deals that tell of a person."""
    erased = await tx.run(ERASE_DEALS, customer_id=customer_id, personal=list(personal))
    return erased, await tx.value(COUNT_OPEN_DEALS, customer_id=customer_id)


async def erase_quotes(
    tx: Tx, customer_id: UUID, *, cause_id: UUID, now: datetime
) -> tuple[int, int]:
    """Their papers go too, soon after the commit."""
    papers = [row["pdf_blob_id"] for row in await tx.records(PAPERS, customer_id=customer_id)]
    await blobs.discard(tx, papers, cause_id=cause_id, now=now)
    erased = await tx.run(ERASE_QUOTES, customer_id=customer_id)
    return erased, await tx.value(COUNT_OPEN_QUOTES, customer_id=customer_id)


async def export_deals(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(EXPORT_DEALS, customer_id=customer_id)]


async def export_quotes(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(EXPORT_QUOTES, customer_id=customer_id)]
