"""Quotes in their versions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.lines import Line
from tandem.crm.sales.domain.quotes import Filters, Quote
from tandem.crm.sales.store.lines import COLUMNS as LINE_COLUMNS
from tandem.crm.sales.store.lines import TYPED
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

QUOTE: LiteralString = """
    select q.id, q.number, q.revision, q.opportunity_id, o.title as opportunity_title, q.state,
           q.customer_id, q.customer_name, q.customer_email, q.customer_phone, q.customer_gstin,
           q.ship_to, q.currency, q.payment_method, q.pay_days, q.valid_until, q.note, q.terms,
           q.place_of_supply, q.supply_kind, q.is_inter_state, q.taxable_minor, q.tax_minor,
           q.round_off_minor, q.total_minor, q.token, q.pdf_blob_id, q.pdf_sha256, q.sent_at,
           q.viewed_at, q.settled_at, q.settled_by, q.decline_reason, q.order_state, q.order_id,
           q.order_number, q.pending_reason, q.attempts, q.next_attempt_at, o.owner_id, o.team_id,
           o.territory_id, q.version, q.created_at, q.created_by, q.buyer_reminded_at,
           q.owner_reminded_at
      from sales.quote q
      join sales.opportunity o on o.org_id = q.org_id and o.id = q.opportunity_id
"""

GET = Query(QUOTE + "where q.org_id = :org_id and q.id = :id")
# Locked first and read after: what a join finds may have moved while it waited.
LOCK = Query("select id from sales.quote where org_id = :org_id and id = :id for update")
VERSIONS = Query(
    QUOTE + "where q.org_id = :org_id and q.number = :number order by q.revision limit 200"
)
LOCK_VERSIONS = Query(
    "select id from sales.quote where org_id = :org_id and number = :number"
    " order by revision for update"
)

# A deal's owner reaches its quotes; the alias of the reached record is the deal's.
LIST = Query(
    QUOTE
    + """
     where q.org_id = :org_id and """
    + within("o")
    + """
       and (:state::text is null or q.state = :state)
       and (:opportunity_id::uuid is null or q.opportunity_id = :opportunity_id)
       and (:customer_id::uuid is null or q.customer_id = :customer_id)
       and (:is_waiting::boolean is null
            or (q.order_state = 'pending_order') = :is_waiting)
       and (:words::text is null
            or q.customer_name ilike '%' || :words || '%' or q.number ilike :words || '%'
            or o.title ilike '%' || :words || '%')
       and (:before_id::uuid is null or q.id < :before_id)
     order by q.id desc
     limit :count
    """
)

INSERT = Query(
    """
    insert into sales.quote
           (org_id, id, number, revision, opportunity_id, state, customer_id, customer_name,
            customer_email, customer_phone, customer_gstin, ship_to, currency, payment_method,
            pay_days, valid_until, note, terms, place_of_supply, supply_kind, is_inter_state,
            taxable_minor, tax_minor, round_off_minor, total_minor, token, created_at, created_by)
    values (:org_id, :id, :number, :revision, :opportunity_id, 'draft', :customer_id,
            :customer_name, :customer_email, :customer_phone, :customer_gstin, :ship_to,
            :currency, :payment_method, :pay_days, :valid_until, :note, :terms, :place_of_supply,
            :supply_kind, :is_inter_state, :taxable_minor, :tax_minor, :round_off_minor,
            :total_minor, :token, :created_at, :created_by)
    """
)

SAVE = Query(
    """
    update sales.quote
       set state = :state, customer_id = :customer_id, customer_name = :customer_name,
           customer_email = :customer_email, customer_phone = :customer_phone,
           customer_gstin = :customer_gstin, ship_to = :ship_to,
           payment_method = :payment_method, pay_days = :pay_days, valid_until = :valid_until,
           note = :note, terms = :terms, place_of_supply = :place_of_supply,
           supply_kind = :supply_kind, is_inter_state = :is_inter_state,
           taxable_minor = :taxable_minor, tax_minor = :tax_minor,
           round_off_minor = :round_off_minor, total_minor = :total_minor,
           pdf_blob_id = :pdf_blob_id, pdf_sha256 = :pdf_sha256, sent_at = :sent_at,
           viewed_at = :viewed_at, settled_at = :settled_at, settled_by = :settled_by,
           decline_reason = :decline_reason, order_state = :order_state, order_id = :order_id,
           order_number = :order_number, pending_reason = :pending_reason, attempts = :attempts,
           next_attempt_at = :next_attempt_at, version = version + 1
     where org_id = :org_id and id = :id
    """
)

SUPERSEDE = Query(
    """
    update sales.quote set state = 'superseded', settled_at = :now, version = version + 1
     where org_id = :org_id and number = :number and id <> :id
       and state in ('sent', 'viewed', 'declined', 'expired')
    """
)

EXPIRE = Query(
    """
    update sales.quote set state = 'expired', settled_at = :now, version = version + 1
     where org_id = :org_id and state in ('sent', 'viewed') and valid_until < :today
    returning id
    """
)

DUE = Query(
    """
    select id from sales.quote
     where org_id = :org_id and order_state = 'pending_order' and next_attempt_at <= :now
     order by next_attempt_at
     limit :count
    """
)

UNPRINTED = Query(
    """
    select id from sales.quote
     where org_id = :org_id and state <> 'draft' and pdf_sha256 = '' and sent_at <= :before
     order by sent_at
     limit :count
    """
)

DELETE_LINES = Query("delete from sales.quote_line where org_id = :org_id and quote_id = :quote_id")
INSERT_LINES = Query(
    "insert into sales.quote_line (org_id, quote_id, "
    + LINE_COLUMNS
    + ") select :org_id, :quote_id, "
    + LINE_COLUMNS
    + " from jsonb_to_recordset(:lines::jsonb) as given "
    + TYPED
)
LINES = Query(
    "select "
    + LINE_COLUMNS
    + """ from sales.quote_line
     where org_id = :org_id and quote_id = :quote_id order by line_no limit 200
    """
)

JSON = frozenset({"ship_to"})
INSERTED = tuple(name for name in INSERT.names if name != "org_id")
SAVED = tuple(name for name in SAVE.names if name != "org_id")


async def find(tx: Tx, quote_id: UUID) -> Quote | None:
    return await _whole(tx, await tx.one_or_none(GET, Quote, id=quote_id))


async def lock(tx: Tx, quote_id: UUID) -> Quote | None:
    await tx.records(LOCK, id=quote_id)
    return await find(tx, quote_id)


async def lock_versions(tx: Tx, number: str) -> None:
    """Whoever sends or answers a version waits here for who does so with another."""
    await tx.records(LOCK_VERSIONS, number=number)


async def list_versions(tx: Tx, number: str) -> list[Quote]:
    """Oldest first, without their lines."""
    return await tx.many(VERSIONS, Quote, number=number)


async def list_rows(
    tx: Tx, filters: Filters, reach: Reach, *, before_id: UUID | None, count: int
) -> list[Quote]:
    """Newest first, without their lines."""
    return await tx.many(
        LIST,
        Quote,
        **msgspec.structs.asdict(filters),
        **reach.params(),
        before_id=before_id,
        count=count,
    )


async def insert(tx: Tx, quote: Quote) -> None:
    await tx.run(INSERT, **_columns(quote, INSERTED))
    await _put_lines(tx, quote.id, quote.lines)


async def save(tx: Tx, quote: Quote) -> None:
    """All but its lines."""
    await tx.run(SAVE, **_columns(quote, SAVED))


async def save_draft(tx: Tx, quote: Quote) -> None:
    await tx.run(DELETE_LINES, quote_id=quote.id)
    await save(tx, quote)
    await _put_lines(tx, quote.id, quote.lines)


async def supersede_others(tx: Tx, quote: Quote, now: datetime) -> None:
    await tx.run(SUPERSEDE, number=quote.number, id=quote.id, now=now)


async def expire(tx: Tx, *, today: date, now: datetime) -> list[UUID]:
    return [row["id"] for row in await tx.records(EXPIRE, today=today, now=now)]


async def list_due(tx: Tx, *, now: datetime, count: int) -> list[UUID]:
    return [row["id"] for row in await tx.records(DUE, now=now, count=count)]


async def list_unprinted(tx: Tx, *, before: datetime, count: int) -> list[UUID]:
    return [row["id"] for row in await tx.records(UNPRINTED, before=before, count=count)]


async def _whole(tx: Tx, quote: Quote | None) -> Quote | None:
    if quote is None:
        return None
    return msgspec.structs.replace(quote, lines=await tx.many(LINES, Line, quote_id=quote.id))


async def _put_lines(tx: Tx, quote_id: UUID, lines: Sequence[Line]) -> None:
    await tx.run(INSERT_LINES, quote_id=quote_id, lines=msgspec.to_builtins(list(lines)))


def _columns(quote: Quote, names: Sequence[str]) -> dict[str, Any]:
    return {
        name: msgspec.to_builtins(getattr(quote, name)) if name in JSON else getattr(quote, name)
        for name in names
    }
