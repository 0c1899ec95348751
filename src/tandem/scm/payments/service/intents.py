"""The wish to be paid: one live gateway order per order and amount."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.payments import PaymentRequested
from tandem.kernel import jobs, references
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.ownership import sees_order
from tandem.kernel.references import Reference
from tandem.scm.payments.domain import (
    LEASE,
    ExceptionKind,
    Intent,
    IntentStatus,
    Mode,
    NothingToPay,
    Summary,
    next_check,
    next_try,
    receipt_of,
    summary_of,
)
from tandem.scm.payments.service import exceptions
from tandem.scm.payments.store import intents

BATCH = 10


async def open_intent(tx: Tx, *, order: OrderSnapshot, now: datetime) -> Intent:
    """Ask for the order's total; a job makes the gateway order. Asking again for the same amount
    answers the first intent; for another amount, a new one takes its place.

    Refuses NothingToPay for an order that costs nothing.
    """
    tx.actor.require("payments.request")
    if order.total_minor <= 0:
        raise NothingToPay("This order costs nothing.")
    live = await intents.find_live(tx, order.id)
    if live is not None:
        if (live.amount_minor, live.currency) == (order.total_minor, order.currency):
            return live
        await _supersede(tx, live, now=now)
    intent = Intent(
        id=new_id(),
        order_id=order.id,
        order_number=order.number,
        receipt=receipt_of(
            order.number, requests_before=await intents.count_of_order(tx, order.id)
        ),
        amount_minor=order.total_minor,
        currency=order.currency,
        status=IntentStatus.REQUESTED,
        created_at=now,
        expires_at=order.expires_at,
    )
    return await _put(tx, intent, summary_of(order))


async def request_payment(tx: Tx, *, order_id: UUID, mode: Mode, now: datetime) -> Intent:
    """Ask anew, by hand: after a refusal, or after the keys changed from test to live.

    A live request at the same gateway mode is answered as it is. Refuses NotFound when the order
    was never to be paid in advance, NothingToPay once it is paid or over.
    """
    tx.actor.require("payments.request")
    current = await intents.lock_current(tx, order_id)
    if current is None or not await sees_order(tx, "payments.read", order_id):
        raise NotFound("This order was never to be paid in advance.")
    if current.status in {IntentStatus.PAID, IntentStatus.CLOSED}:
        raise NothingToPay(f"The order is {current.close_reason}.")
    if current.is_live and current.mode in {None, mode}:
        return current
    if current.is_live:
        await _supersede(tx, current, now=now)
    again = Intent(
        id=new_id(),
        order_id=order_id,
        order_number=current.order_number,
        receipt=receipt_of(
            current.order_number, requests_before=await intents.count_of_order(tx, order_id)
        ),
        amount_minor=current.amount_minor,
        currency=current.currency,
        status=IntentStatus.REQUESTED,
        created_at=now,
        expires_at=current.expires_at,
    )
    return await _put(tx, again, await intents.get_summary(tx, current.id))


async def close_intent(tx: Tx, *, order_id: UUID, reason: str, now: datetime) -> None:
    """The order is `expired` or `cancelled`: the pay page says so. Money may still come, and is
    watched for."""
    live = await intents.find_live(tx, order_id)
    if live is not None:
        await intents.end(tx, live.id, status=IntentStatus.CLOSED, reason=reason, now=now)


async def list_intents(tx: Tx, *, order_id: UUID) -> list[Intent]:
    """Newest first."""
    tx.actor.require("payments.read")
    if not await sees_order(tx, "payments.read", order_id):
        return []
    return await intents.list_of_order(tx, order_id)


async def claim_intent(tx: Tx, intent_id: UUID, *, now: datetime) -> Intent | None:
    """Take it for one call to the gateway. None when that is done, or another worker has it."""
    return await intents.claim(tx, intent_id, now=now, leased_until=now + LEASE)


async def record_gateway_order(
    tx: Tx, intent: Intent, *, provider: str, mode: Mode, provider_order_id: str, now: datetime
) -> None:
    """The gateway order exists: the buyer can pay. A second one for the same intent is left alone:
    nobody is ever sent to it."""
    check_at = next_check(checks=0, since=now, now=now)
    assert check_at, "a request just opened is watched"
    recorded = await intents.record_open(
        tx,
        intent.id,
        provider=provider,
        mode=mode,
        provider_order_id=provider_order_id,
        check_at=check_at,
        now=now,
    )
    if not recorded:
        return
    await references.add(
        tx,
        Reference(
            system=provider,
            kind="order",
            external_id=provider_order_id,
            entity_kind="payment_intent",
            entity_id=intent.id,
            order_id=intent.order_id,
        ),
    )
    opened = await intents.lock(tx, intent.id)
    if opened.status is IntentStatus.OPEN:
        await tx.publish(
            PaymentRequested(
                order_id=intent.order_id,
                intent_id=intent.id,
                provider=provider,
                provider_order_id=provider_order_id,
                amount_minor=intent.amount_minor,
                currency=intent.currency,
            )
        )


async def record_trouble(tx: Tx, intent: Intent, *, trouble: str, now: datetime) -> None:
    """No decision yet: look again later."""
    due_at = next_try(tries=intent.tries, now=now)
    await intents.record_trouble(tx, intent.id, error=trouble, due_at=due_at)


async def record_refusal(
    tx: Tx, intent: Intent, *, detail: str, blames_receipt: bool, now: datetime
) -> None:
    """The gateway will not have this order. A receipt somebody used before is changed and tried
    once more; anything else needs a person."""
    receipt = receipt_of(f"{intent.order_number}-{intent.id.hex[-6:]}", requests_before=0)
    if blames_receipt and intent.receipt != receipt:
        await intents.record_receipt(tx, intent.id, receipt)
        await intents.record_trouble(tx, intent.id, error=detail, due_at=now)
        return
    await intents.end(
        tx, intent.id, status=IntentStatus.REFUSED, reason="refused", now=now, error=detail
    )
    await exceptions.put(
        tx,
        ExceptionKind.REQUEST_REFUSED,
        order_id=intent.order_id,
        order_number=intent.order_number,
        payment_id=None,
        subject_id=intent.id,
        detail=f"The gateway refused the payment request: {detail}",
        now=now,
    )


async def list_unopened(tx: Tx, *, now: datetime) -> list[UUID]:
    """Intents whose gateway order is due, or whose worker died over it."""
    return await intents.list_to_open(tx, now=now, count=BATCH)


async def claim_due_checks(tx: Tx, *, provider: str, mode: Mode, now: datetime) -> list[Intent]:
    """Intents to ask the gateway about now; each is put off by its next gap at once."""
    due = await intents.claim_checks(tx, provider=provider, mode=mode, now=now, count=2 * BATCH)
    for one in due:
        since = one.intent.closed_at or one.intent.opened_at or one.intent.created_at
        check_at = next_check(checks=one.checks, since=since, now=now)
        await intents.put_off_check(tx, one.intent.id, check_at=check_at)
    return [one.intent for one in due]


async def _put(tx: Tx, intent: Intent, summary: Summary) -> Intent:
    await intents.insert(tx, intent, summary)
    await jobs.enqueue(
        tx, "payments.open_gateway_order", dedupe=str(intent.id), intent_id=intent.id
    )
    return intent


async def _supersede(tx: Tx, live: Intent, *, now: datetime) -> None:
    await intents.end(tx, live.id, status=IntentStatus.SUPERSEDED, reason="superseded", now=now)
