"""Taking authorised money: asking for it, the steps of its job, and the alarm when nobody does."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import audit, jobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import IllegalMove
from tandem.scm.payments.domain import (
    ALARM_AFTER,
    LEASE,
    ExceptionKind,
    Misfitting,
    Payment,
    Standing,
    Status,
    is_captured,
    next_try,
)
from tandem.scm.payments.service.exceptions import raise_about
from tandem.scm.payments.service.reading import seen
from tandem.scm.payments.store import captures, payments

BATCH = 10


async def request_capture(tx: Tx, payment_id: UUID, *, now: datetime) -> Payment:
    """Capture by hand; the gateway is called at once by a job. A captured payment is answered as it
    is. Refuses IllegalMove unless authorised, Misfitting while it counts for no order."""
    tx.actor.require("payments.capture")
    payment = await seen(tx, await payments.lock(tx, payment_id))
    if is_captured(payment) or payment.capture_requested_at is not None:
        return payment
    if payment.status is not Status.AUTHORIZED:
        raise IllegalMove("Payment", payment.status, Status.CAPTURED, [])
    if payment.standing is Standing.MISFIT:
        raise Misfitting("This payment fits no order. Accept it in the exceptions inbox first.")
    asked = msgspec.structs.replace(payment, capture_requested_at=now)
    await payments.update(tx, asked, now=now)
    await captures.make_due(tx, payment.id, now=now)
    await audit.write(
        tx, action="payments.capture", subject_kind="payment", subject_id=payment.id, now=now
    )
    await jobs.enqueue(
        tx, "payments.capture_payment", dedupe=str(payment.id), payment_id=payment.id
    )
    return asked


async def capture_of_order(tx: Tx, order_id: UUID, *, now: datetime) -> int:
    """Ask for whatever the order's buyers have set aside; how many payments that was."""
    found = await captures.list_authorized(tx, order_id)
    for payment_id in found:
        await request_capture(tx, payment_id, now=now)
    return len(found)


async def claim_capture(
    tx: Tx, payment_id: UUID, *, is_automatic: bool, now: datetime
) -> tuple[Payment, int] | None:
    """Take a due capture for one call, with the count of tries. None when nothing is due."""
    return await captures.claim(
        tx, payment_id, is_automatic=is_automatic, now=now, leased_until=now + LEASE
    )


async def put_off_capture(tx: Tx, payment_id: UUID, *, tries: int, now: datetime) -> None:
    await captures.put_off(tx, payment_id, due_at=next_try(tries=tries, now=now))


async def record_capture_refusal(
    tx: Tx, payment: Payment, *, tries: int, detail: str, now: datetime
) -> None:
    """The gateway will not capture: somebody must look before it gives the money back."""
    await put_off_capture(tx, payment.id, tries=max(tries, 8), now=now)
    text = f"The gateway refused the capture: {detail}"
    await raise_about(tx, ExceptionKind.UNCAPTURED, payment, detail=text, now=now)


async def list_due_captures(
    tx: Tx, *, provider: str, mode: str, is_automatic: bool, now: datetime
) -> list[UUID]:
    return await captures.list_due(
        tx, provider=provider, mode=mode, is_automatic=is_automatic, now=now, count=BATCH
    )


async def raise_uncaptured(tx: Tx, *, now: datetime) -> int:
    """Raise every payment that was authorised a day ago and is still not captured."""
    found = await captures.list_uncaptured(tx, before=now - ALARM_AFTER, count=100)
    for payment in found:
        detail = "Authorised and not captured for a day. The gateway gives it back after three."
        await raise_about(tx, ExceptionKind.UNCAPTURED, payment, detail=detail, now=now)
    return len(found)
