"""Captures on their way: which payments are due, and who has one in hand."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.payments.domain import Payment
from tandem.scm.payments.store import payments
from tandem.scm.payments.store.payments import COLUMNS

CLAIM = Query(
    """
    update payments.payment
       set tries = tries + 1, due_at = :leased_until
     where org_id = :org_id and id = :id
       and status = 'authorized' and amount_minor is not null and due_at <= :now
       and (capture_requested_at is not null or (standing = 'counted' and :is_automatic::boolean
            and not exists (
                select from payments.settings s
                 where s.org_id = :org_id and s.capture_at <> 'payment')))
    returning tries
    """
)

PUT_OFF = Query(
    """
    update payments.payment
       set due_at = :due_at
     where org_id = :org_id and id = :id and status = 'authorized'
    """
)

MAKE_DUE = Query(
    """
    update payments.payment
       set due_at = :now
     where org_id = :org_id and id = :id and status = 'authorized'
    """
)

LIST_DUE = Query(
    """
    select id
      from payments.payment
     where org_id = :org_id and status = 'authorized' and amount_minor is not null
       and due_at <= :now and provider = :provider and mode = :mode
       and (capture_requested_at is not null or (standing = 'counted' and :is_automatic::boolean
            and not exists (
                select from payments.settings s
                 where s.org_id = :org_id and s.capture_at <> 'payment')))
     order by due_at, id
     limit :count
    """
)

LIST_AUTHORIZED = Query(
    """
    select id
      from payments.payment
     where org_id = :org_id and order_id = :order_id
       and status = 'authorized' and standing = 'counted'
     order by id
    """
)

LIST_UNCAPTURED = Query(
    f"""
    select {COLUMNS}
      from payments.payment p
     where org_id = :org_id and status = 'authorized' and authorized_at <= :before
       and not exists (
           select from payments.exception x
            where x.org_id = p.org_id and x.kind = 'uncaptured' and x.subject_id = p.id)
     order by authorized_at, id
     limit :count
    """
)


async def claim(
    tx: Tx, payment_id: UUID, *, is_automatic: bool, now: datetime, leased_until: datetime
) -> tuple[Payment, int] | None:
    """Take it for one call; with it, which try this is. None when it is done or taken."""
    tries = await tx.value(
        CLAIM, id=payment_id, is_automatic=is_automatic, now=now, leased_until=leased_until
    )
    if tries is None:
        return None
    payment = await payments.find(tx, payment_id)
    assert payment, "it was claimed a moment ago"
    return payment, tries


async def list_authorized(tx: Tx, order_id: UUID) -> list[UUID]:
    """The counted payments of an order whose money is still only set aside."""
    return [row["id"] for row in await tx.records(LIST_AUTHORIZED, order_id=order_id)]


async def put_off(tx: Tx, payment_id: UUID, *, due_at: datetime) -> None:
    await tx.run(PUT_OFF, id=payment_id, due_at=due_at)


async def make_due(tx: Tx, payment_id: UUID, *, now: datetime) -> None:
    """Somebody wants it now, however rarely it was going to be tried."""
    await tx.run(MAKE_DUE, id=payment_id, now=now)


async def list_due(
    tx: Tx, *, provider: str, mode: str, is_automatic: bool, now: datetime, count: int
) -> list[UUID]:
    rows = await tx.records(
        LIST_DUE,
        provider=provider,
        mode=mode,
        is_automatic=is_automatic,
        now=now,
        count=count,
    )
    return [row["id"] for row in rows]


async def list_uncaptured(tx: Tx, *, before: datetime, count: int) -> list[Payment]:
    """Authorised long ago and never alarmed about."""
    return await tx.many(LIST_UNCAPTURED, Payment, before=before, count=count)
