"""Refunds."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.payments.domain import Refund

COLUMNS = """id, payment_id, order_id, amount_minor, currency, reason, status, is_ours,
           idempotency_key, provider_refund_id, retries_id, error, requested_at, processed_at"""

LIST_OF_PAYMENT = Query(
    f"""
    select {COLUMNS}
      from payments.refund
     where org_id = :org_id and payment_id = :payment_id
     order by id
    """
)

LIST_OF_ORDER = Query(
    f"""
    select {COLUMNS}
      from payments.refund
     where org_id = :org_id and order_id = :order_id
     order by id
     limit 200
    """
)

LIST_GONE = Query(
    f"""
    select {COLUMNS}
      from payments.refund r
     where org_id = :org_id and order_id = :order_id and status = 'processed'
       and exists (
           select from payments.payment p
            where p.org_id = r.org_id and p.id = r.payment_id
              and p.standing = 'counted' and p.captured_minor > 0)
     order by processed_at, id
     limit 200
    """
)

GET = Query(
    f"""
    select {COLUMNS}
      from payments.refund
     where org_id = :org_id and id = :id
    """
)

LIST_WAITING = Query(
    f"""
    select {COLUMNS}
      from payments.refund
     where org_id = :org_id and status in ('requested', 'submitted', 'pending')
       and requested_at <= :requested_before
     order by requested_at, id
     limit :count
    """
)

FIND_BY_KEY = Query(
    f"""
    select {COLUMNS}
      from payments.refund
     where org_id = :org_id and idempotency_key = :key
    """
)

INSERT = Query(
    """
    insert into payments.refund
           (org_id, id, payment_id, order_id, amount_minor, currency, reason, status, is_ours,
            idempotency_key, provider_refund_id, retries_id, error, requested_at, processed_at,
            due_at)
    values (:org_id, :id, :payment_id, :order_id, :amount_minor, :currency, :reason, :status,
            :is_ours, :idempotency_key, :provider_refund_id, :retries_id, :error, :requested_at,
            :processed_at, :due_at)
    """
)

UPDATE = Query(
    """
    update payments.refund
       set status = :status, provider_refund_id = :provider_refund_id, error = :error,
           processed_at = :processed_at,
           due_at = case when :status::text in ('processed', 'failed') then null
                         else due_at end
     where org_id = :org_id and id = :id
    """
)

CLAIM = Query(
    """
    update payments.refund
       set status = case status when 'requested' then 'submitted' else status end,
           tries = tries + 1, due_at = :leased_until
     where org_id = :org_id and id = :id
       and status in ('requested', 'submitted', 'pending') and due_at <= :now
    returning tries
    """
)

PUT_OFF = Query(
    """
    update payments.refund
       set due_at = :due_at, error = :error
     where org_id = :org_id and id = :id and status in ('requested', 'submitted', 'pending')
    """
)

LIST_TO_SEND = Query(
    """
    select r.id
      from payments.refund r
      join payments.payment p on p.org_id = r.org_id and p.id = r.payment_id
     where r.org_id = :org_id and r.status in ('requested', 'submitted', 'pending')
       and r.due_at <= :now and p.provider = :provider and p.mode = :mode
     order by r.due_at, r.id
     limit :count
    """
)


async def list_of_payment(tx: Tx, payment_id: UUID) -> list[Refund]:
    return await tx.many(LIST_OF_PAYMENT, Refund, payment_id=payment_id)


async def list_of_order(tx: Tx, order_id: UUID) -> list[Refund]:
    return await tx.many(LIST_OF_ORDER, Refund, order_id=order_id)


async def list_gone(tx: Tx, order_id: UUID) -> list[Refund]:
    """Processed, of payments that count."""
    return await tx.many(LIST_GONE, Refund, order_id=order_id)


async def list_waiting(tx: Tx, requested_before: datetime, count: int) -> list[Refund]:
    return await tx.many(LIST_WAITING, Refund, requested_before=requested_before, count=count)


async def find(tx: Tx, refund_id: UUID) -> Refund | None:
    return await tx.one_or_none(GET, Refund, id=refund_id)


async def find_by_key(tx: Tx, key: str) -> Refund | None:
    return await tx.one_or_none(FIND_BY_KEY, Refund, key=key)


async def insert(tx: Tx, refund: Refund, *, due_at: datetime | None) -> None:
    """`due_at` None is for refunds nobody here has to send."""
    await tx.run(
        INSERT,
        id=refund.id,
        payment_id=refund.payment_id,
        order_id=refund.order_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
        status=refund.status,
        is_ours=refund.is_ours,
        idempotency_key=refund.idempotency_key,
        provider_refund_id=refund.provider_refund_id,
        retries_id=refund.retries_id,
        error=refund.error,
        requested_at=refund.requested_at,
        processed_at=refund.processed_at,
        due_at=due_at,
    )


async def update(tx: Tx, refund: Refund) -> None:
    await tx.run(
        UPDATE,
        id=refund.id,
        status=refund.status,
        provider_refund_id=refund.provider_refund_id,
        error=refund.error,
        processed_at=refund.processed_at,
    )


async def claim(
    tx: Tx, refund_id: UUID, *, now: datetime, leased_until: datetime
) -> tuple[Refund, int] | None:
    """Take it for one call; with it, which try this is. None when it is done or taken."""
    tries = await tx.value(CLAIM, id=refund_id, now=now, leased_until=leased_until)
    if tries is None:
        return None
    refund = await find(tx, refund_id)
    assert refund, "it was claimed a moment ago"
    return refund, tries


async def put_off(tx: Tx, refund_id: UUID, *, due_at: datetime, error: str = "") -> None:
    await tx.run(PUT_OFF, id=refund_id, due_at=due_at, error=error[:500])


async def list_to_send(
    tx: Tx, *, provider: str, mode: str, now: datetime, count: int
) -> list[UUID]:
    rows = await tx.records(LIST_TO_SEND, provider=provider, mode=mode, now=now, count=count)
    return [row["id"] for row in rows]
