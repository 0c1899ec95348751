"""The inbox of payments that fit no order as it stands."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import within_order
from tandem.scm.payments.domain import ACTIONS, ExceptionKind, PaymentException

COLUMNS = """id, order_id, order_number, payment_id, subject_id, kind, detail, raised_at,
           resolved_at, resolution, note"""

RAISE = Query(
    """
    insert into payments.exception
           (org_id, id, order_id, order_number, payment_id, subject_id, kind, detail, raised_at)
    values (:org_id, :id, :order_id, :order_number, :payment_id, :subject_id, :kind, :detail,
            :raised_at)
        on conflict (org_id, kind, subject_id) do nothing
    """
)

LOCK = Query(
    f"""
    select {COLUMNS}
      from payments.exception
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)

LIST = Query(
    f"""
    select {COLUMNS}
      from payments.exception
     where org_id = :org_id
       and (:is_open::boolean is null or (resolved_at is null) = :is_open::boolean)
       and (:kind::text is null or kind = :kind)
       and (:order_id::uuid is null or order_id = :order_id)
       and (:before_at::timestamptz is null
            or (raised_at, id) < (:before_at::timestamptz, :before_id::uuid))
       and {within_order("order_id")}
     order by raised_at desc, id desc
     limit :count
    """
)

RESOLVE = Query(
    """
    update payments.exception
       set resolved_at = :now, resolution = :resolution, note = :note
     where org_id = :org_id and id = :id and resolved_at is null
    """
)

RESOLVE_OF_SUBJECT = Query(
    """
    update payments.exception
       set resolved_at = :now, resolution = :resolution
     where org_id = :org_id and kind = :kind and subject_id = :subject_id and resolved_at is null
    """
)

FIND_MISFIT = Query(
    """
    select kind
      from payments.exception
     where org_id = :org_id and subject_id = :payment_id
       and kind in ('amount_mismatch', 'currency_mismatch', 'double_payment')
     order by raised_at
     limit 1
    """
)


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    order_id: UUID
    order_number: str
    payment_id: UUID | None
    subject_id: UUID
    kind: ExceptionKind
    detail: str
    raised_at: datetime
    resolved_at: datetime | None
    resolution: str
    note: str

    def whole(self) -> PaymentException:
        actions = sorted(ACTIONS[self.kind]) if self.resolved_at is None else []
        return PaymentException(**msgspec.structs.asdict(self), actions=actions)


async def put(tx: Tx, raised: PaymentException) -> bool:
    """False when the same was raised about the same subject before."""
    added = await tx.run(
        RAISE,
        id=raised.id,
        order_id=raised.order_id,
        order_number=raised.order_number,
        payment_id=raised.payment_id,
        subject_id=raised.subject_id,
        kind=raised.kind,
        detail=raised.detail,
        raised_at=raised.raised_at,
    )
    return bool(added)


async def lock(tx: Tx, exception_id: UUID) -> PaymentException | None:
    row = await tx.one_or_none(LOCK, _Row, id=exception_id)
    return row.whole() if row else None


async def list_page(
    tx: Tx,
    *,
    is_open: bool | None,
    kind: str | None,
    order_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    count: int,
) -> list[PaymentException]:
    before_at, before_id = before or (None, None)
    rows = await tx.many(
        LIST,
        _Row,
        is_open=is_open,
        kind=kind,
        order_id=order_id,
        before_at=before_at,
        before_id=before_id,
        count=count,
        **tx.actor.reach("payments.read").params(),
    )
    return [row.whole() for row in rows]


async def resolve(tx: Tx, exception_id: UUID, *, resolution: str, note: str, now: datetime) -> None:
    await tx.run(RESOLVE, id=exception_id, resolution=resolution, note=note, now=now)


async def resolve_of_subject(
    tx: Tx, *, kind: ExceptionKind, subject_id: UUID, resolution: str, now: datetime
) -> None:
    """Close it by itself, when what it waited for has happened."""
    await tx.run(
        RESOLVE_OF_SUBJECT, kind=kind, subject_id=subject_id, resolution=resolution, now=now
    )


async def find_misfit(tx: Tx, payment_id: UUID) -> ExceptionKind | None:
    """Why this payment does not count."""
    kind = await tx.value(FIND_MISFIT, payment_id=payment_id)
    return ExceptionKind(kind) if kind else None
