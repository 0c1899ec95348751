"""Payments, as the ledger amounts to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import within_order
from tandem.scm.payments.domain import Payment, Totals

COLUMNS = """id, order_id, order_number, intent_id, provider, provider_payment_id, mode, method,
           status, standing, amount_minor, currency, captured_minor, refunded_minor, fee_minor,
           tax_minor, error, created_at, failed_at, authorized_at, captured_at,
           capture_requested_at, version, link_id, dispute_status, charged_back_minor"""

LOCK_BY_PROVIDER = Query(
    f"""
    select {COLUMNS}
      from payments.payment
     where org_id = :org_id and provider = :provider
       and provider_payment_id = :provider_payment_id
     order by id
       for update
    """
)

GET = Query(
    f"""
    select {COLUMNS}
      from payments.payment
     where org_id = :org_id and id = :id
    """
)

LOCK = Query(
    f"""
    select {COLUMNS}
      from payments.payment
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)

LOCK_OF_ORDER = Query(
    f"""
    select {COLUMNS}
      from payments.payment
     where org_id = :org_id and order_id = :order_id
     order by id
       for update
    """
)

LIST_OF_ORDER = Query(
    f"""
    select {COLUMNS}
      from payments.payment
     where org_id = :org_id and order_id = :order_id
     order by created_at desc, id desc
     limit 100
    """
)

LIST = Query(
    f"""
    select {COLUMNS}
      from payments.payment
     where org_id = :org_id
       and (:status::text is null or status = :status)
       and (:method::text is null or method = :method)
       and (:mode::text is null or mode = :mode)
       and (:order_id::uuid is null or order_id = :order_id)
       and (:since::timestamptz is null or created_at >= :since)
       and (:until::timestamptz is null or created_at < :until)
       and (:search::text is null or order_number = :search
            or (:seeks_ids::boolean and provider_payment_id = :search))
       and (:before_at::timestamptz is null
            or (created_at, id) < (:before_at::timestamptz, :before_id::uuid))
       and {within_order("order_id")}
     order by created_at desc, id desc
     limit :count
    """
)

INSERT = Query(
    """
    insert into payments.payment
           (org_id, id, order_id, order_number, intent_id, link_id, provider,
            provider_payment_id, mode, status, standing, created_at)
    values (:org_id, :id, :order_id, :order_number, :intent_id, :link_id, :provider,
            :provider_payment_id, :mode, :status, :standing, :created_at)
    """
)

UPDATE = Query(
    """
    update payments.payment
       set method = :method, status = :status, standing = :standing, amount_minor = :amount_minor,
           currency = :currency, captured_minor = :captured_minor,
           refunded_minor = :refunded_minor, fee_minor = :fee_minor, tax_minor = :tax_minor,
           error = :error, failed_at = :failed_at, authorized_at = :authorized_at,
           captured_at = :captured_at, capture_requested_at = :capture_requested_at,
           due_at = case when :status::text = 'authorized' then coalesce(due_at, :now) end,
           version = version + 1
     where org_id = :org_id and id = :id
    """
)

IS_TAKEN = Query(
    """
    select exists (
           select from payments.payment
            where org_id = :org_id and order_id = :order_id and id <> :id
              and standing = 'counted' and status <> 'auto_refunded')
    """
)

TOTALS = Query(
    """
    select coalesce(sum(amount_minor) filter (where status = 'authorized'), 0)::bigint
               as authorized_minor,
           coalesce(sum(captured_minor), 0)::bigint as captured_minor,
           coalesce(sum(refunded_minor), 0)::bigint as refunded_minor
      from payments.payment
     where org_id = :org_id and order_id = :order_id and standing = 'counted'
    """
)


RECEIVED = Query(
    f"""
    select coalesce(sum(captured_minor), 0)::bigint
      from payments.payment
     where org_id = :org_id and standing = 'counted' and currency = :currency
       and captured_at >= :since and created_at >= :since - interval '7 days'
       and {within_order("order_id")}
    """
)


HAS_ANY = Query(
    """
    select exists (
           select from payments.payment
            where org_id = :org_id and provider = :provider and mode = :mode)
    """
)

AMONG = Query(
    """
    select provider_payment_id
      from payments.payment
     where org_id = :org_id and provider = :provider and provider_payment_id = any(:ids)
    """
)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """`search` is an order's number or a gateway's payment id, exactly."""

    status: str | None = None
    method: str | None = None
    mode: str | None = None
    order_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None


async def lock_by_provider(tx: Tx, *, provider: str, provider_payment_id: str) -> Payment | None:
    return await tx.one_or_none(
        LOCK_BY_PROVIDER, Payment, provider=provider, provider_payment_id=provider_payment_id
    )


async def find(tx: Tx, payment_id: UUID) -> Payment | None:
    return await tx.one_or_none(GET, Payment, id=payment_id)


async def lock(tx: Tx, payment_id: UUID) -> Payment | None:
    return await tx.one_or_none(LOCK, Payment, id=payment_id)


async def lock_of_order(tx: Tx, order_id: UUID) -> list[Payment]:
    return await tx.many(LOCK_OF_ORDER, Payment, order_id=order_id)


async def list_of_order(tx: Tx, order_id: UUID) -> list[Payment]:
    """Newest first."""
    return await tx.many(LIST_OF_ORDER, Payment, order_id=order_id)


async def list_page(
    tx: Tx, wanted: Filter, *, before: tuple[datetime, UUID] | None, count: int
) -> Sequence[Payment]:
    before_at, before_id = before or (None, None)
    return await tx.many(
        LIST,
        Payment,
        **msgspec.structs.asdict(wanted),
        before_at=before_at,
        before_id=before_id,
        count=count,
        seeks_ids=not tx.actor.hides("payment", "provider_payment_id"),
        **tx.actor.reach("payments.read").params(),
    )


async def insert(tx: Tx, payment: Payment) -> None:
    await tx.run(
        INSERT,
        id=payment.id,
        order_id=payment.order_id,
        order_number=payment.order_number,
        intent_id=payment.intent_id,
        link_id=payment.link_id,
        provider=payment.provider,
        provider_payment_id=payment.provider_payment_id,
        mode=payment.mode,
        status=payment.status,
        standing=payment.standing,
        created_at=payment.created_at,
    )


async def update(tx: Tx, payment: Payment, *, now: datetime) -> None:
    await tx.run(
        UPDATE,
        id=payment.id,
        method=payment.method,
        status=payment.status,
        standing=payment.standing,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        fee_minor=payment.fee_minor,
        tax_minor=payment.tax_minor,
        error=payment.error,
        failed_at=payment.failed_at,
        authorized_at=payment.authorized_at,
        captured_at=payment.captured_at,
        capture_requested_at=payment.capture_requested_at,
        now=now,
    )


async def is_taken(tx: Tx, payment: Payment) -> bool:
    """Does another payment of the same order count already?"""
    return bool(await tx.value(IS_TAKEN, order_id=payment.order_id, id=payment.id))


async def totals(tx: Tx, order_id: UUID) -> Totals:
    return await tx.one(TOTALS, Totals, order_id=order_id)


async def received(tx: Tx, *, currency: str, since: datetime) -> int:
    """Captured since an instant. A payment is captured within days of its beginning, so the index
    by creation serves."""
    found: int = await tx.value(
        RECEIVED, currency=currency, since=since, **tx.actor.reach("payments.read").params()
    )
    return found


async def has_any(tx: Tx, *, provider: str, mode: str) -> bool:
    return bool(await tx.value(HAS_ANY, provider=provider, mode=mode))


async def among(tx: Tx, *, provider: str, ids: Sequence[str]) -> frozenset[str]:
    rows = await tx.records(AMONG, provider=provider, ids=list(ids))
    return frozenset(row["provider_payment_id"] for row in rows)
