"""What does not fit in settlements."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.payments.domain import CLEARED, SettlementException

COLUMNS = """id, settlement_id, row_id, payment_id, order_id, order_number, subject_id, entity_id,
           kind, detail, raised_at, resolved_at, resolution, note"""

RAISE = Query(
    f"""
    insert into payments.settlement_exception as x
           (org_id, id, settlement_id, row_id, payment_id, order_id, order_number, subject_id,
            entity_id, kind, detail, raised_at)
    values (:org_id, :id, :settlement_id, :row_id, :payment_id, :order_id, :order_number,
            :subject_id, :entity_id, :kind, :detail, :raised_at)
        on conflict (org_id, kind, subject_id) do update
       set detail = excluded.detail, payment_id = excluded.payment_id,
           order_id = excluded.order_id, order_number = excluded.order_number,
           raised_at = excluded.raised_at, resolved_at = null, resolution = ''
     where x.resolution = '{CLEARED}'
    """
)

RESOLVE = Query(
    """
    update payments.settlement_exception
       set resolved_at = :now, resolution = :resolution, note = :note
     where org_id = :org_id and id = :id and resolved_at is null
    """
)

LOCK = Query(
    f"""
    select {COLUMNS}
      from payments.settlement_exception
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)

LIST_OPEN_OF = Query(
    f"""
    select {COLUMNS}
      from payments.settlement_exception
     where org_id = :org_id and settlement_id = :settlement_id and resolved_at is null
     order by raised_at, id
    """
)

LIST = Query(
    f"""
    select {COLUMNS}
      from payments.settlement_exception
     where org_id = :org_id
       and (:is_open::boolean is null or (resolved_at is null) = :is_open::boolean)
       and (:kind::text is null or kind = :kind)
       and (:settlement_id::uuid is null or settlement_id = :settlement_id)
       and (:before_at::timestamptz is null
            or (raised_at, id) < (:before_at::timestamptz, :before_id::uuid))
     order by raised_at desc, id desc
     limit :count
    """
)

LIST_SETTLEMENTS = Query(
    """
    select distinct x.settlement_id
      from payments.settlement_exception x
     where x.org_id = :org_id and x.resolved_at is null and x.settlement_id is not null
       and x.kind in ('unknown_entity', 'amount_differs', 'fee_differs')
     order by x.settlement_id
     limit :count
    """
)

CLEAR_SETTLED = Query(
    f"""
    update payments.settlement_exception x
       set resolved_at = :now, resolution = '{CLEARED}'
     where x.org_id = :org_id and x.kind = 'never_settled' and x.resolved_at is null
       and exists (
           select from payments.settlement_row r
            where r.org_id = x.org_id and r.kind = 'payment' and r.payment_id = x.subject_id)
    """
)


async def put(tx: Tx, raised: SettlementException) -> bool:
    """False when it is in the inbox, or a person has decided about it."""
    added = await tx.run(
        RAISE,
        id=raised.id,
        settlement_id=raised.settlement_id,
        row_id=raised.row_id,
        payment_id=raised.payment_id,
        order_id=raised.order_id,
        order_number=raised.order_number,
        subject_id=raised.subject_id,
        entity_id=raised.entity_id,
        kind=raised.kind,
        detail=raised.detail,
        raised_at=raised.raised_at,
    )
    return bool(added)


async def resolve(tx: Tx, exception_id: UUID, *, resolution: str, note: str, now: datetime) -> None:
    await tx.run(RESOLVE, id=exception_id, resolution=resolution, note=note, now=now)


async def lock(tx: Tx, exception_id: UUID) -> SettlementException | None:
    return await tx.one_or_none(LOCK, SettlementException, id=exception_id)


async def list_open_of(tx: Tx, settlement_id: UUID) -> list[SettlementException]:
    return await tx.many(LIST_OPEN_OF, SettlementException, settlement_id=settlement_id)


async def list_page(
    tx: Tx,
    *,
    is_open: bool | None,
    kind: str | None,
    settlement_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    count: int,
) -> list[SettlementException]:
    before_at, before_id = before or (None, None)
    return await tx.many(
        LIST,
        SettlementException,
        is_open=is_open,
        kind=kind,
        settlement_id=settlement_id,
        before_at=before_at,
        before_id=before_id,
        count=count,
    )


async def list_settlements(tx: Tx, *, count: int) -> list[UUID]:
    """Those with something open that later news may settle."""
    rows = await tx.records(LIST_SETTLEMENTS, count=count)
    return [row["settlement_id"] for row in rows]


async def clear_settled(tx: Tx, *, now: datetime) -> None:
    """What was never settled has been, after all."""
    await tx.run(CLEAR_SETTLED, now=now)
