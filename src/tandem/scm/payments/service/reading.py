"""Looking at payments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ownership import sees_order
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.payments.domain import Payment, Refund, Totals
from tandem.scm.payments.store import ledger, payments, refunds
from tandem.scm.payments.store.ledger import PaymentEntry
from tandem.scm.payments.store.payments import Filter as Filter


async def get_payment(tx: Tx, payment_id: UUID) -> Payment:
    tx.actor.require("payments.read")
    return await seen(tx, await payments.find(tx, payment_id))


async def seen(tx: Tx, payment: Payment | None) -> Payment:
    """What the asker does not reach is as if it were not there."""
    if payment is None or not await sees_order(tx, "payments.read", payment.order_id):
        raise NotFound("There is no such payment.")
    return payment


async def list_payments(tx: Tx, wanted: Filter, *, limit: int, cursor: str | None) -> Page[Payment]:
    """Newest first."""
    tx.actor.require("payments.read")
    before = tuple(decode_cursor(cursor, datetime, UUID)) if cursor else None
    rows = await payments.list_page(
        tx,
        wanted,
        before=before,
        count=limit + 1,
    )
    return page_of(rows, limit, lambda row: (row.created_at, row.id))


async def list_events(tx: Tx, payment_id: UUID) -> list[PaymentEntry]:
    """The ledger entries of a payment, in the order in which they came."""
    await get_payment(tx, payment_id)
    return await ledger.list_events(tx, payment_id)


async def list_refunds(
    tx: Tx, *, payment_id: UUID | None = None, order_id: UUID | None = None
) -> list[Refund]:
    """Of a payment, or of an order; oldest first."""
    tx.actor.require("payments.read")
    if payment_id is not None:
        await get_payment(tx, payment_id)
        return await refunds.list_of_payment(tx, payment_id)
    assert order_id, "refunds are listed of a payment or of an order"
    if not await sees_order(tx, "payments.read", order_id):
        return []
    return await refunds.list_of_order(tx, order_id)


async def list_gone_refunds(tx: Tx, order_id: UUID) -> list[Refund]:
    """What was told as RefundProcessed, oldest first: money that counted and has gone back."""
    return await refunds.list_gone(tx, order_id)


async def list_waiting_refunds(tx: Tx, *, requested_before: datetime, limit: int) -> list[Refund]:
    """Asked for, and neither confirmed nor failed; the longest waiting first. For flows."""
    return await refunds.list_waiting(tx, requested_before, limit)


async def totals(tx: Tx, order_id: UUID) -> Totals:
    """What counts towards an order: zeros when nothing was ever paid."""
    return await payments.totals(tx, order_id)


async def received(tx: Tx, *, currency: str, since: datetime) -> int:
    """Money that came in since an instant, in minor units of one currency."""
    tx.actor.require("payments.read")
    return await payments.received(tx, currency=currency, since=since)


async def has_payments(tx: Tx, *, provider: str, mode: str) -> bool:
    """Whether this company ever had a payment there, for jobs that would ask in vain."""
    return await payments.has_any(tx, provider=provider, mode=mode)


async def payments_among(tx: Tx, *, provider: str, ids: Sequence[str]) -> frozenset[str]:
    """Which of a gateway's payments are this company's. For jobs."""
    return await payments.among(tx, provider=provider, ids=ids)
