"""Giving money back: asking for it, and the steps of the job that brings it about."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.scm.payments.domain import (
    DECIDED,
    LEASE,
    NotRefundable,
    Payment,
    PaymentDisputed,
    Refund,
    RefundExceedsBalance,
    RefundStatus,
    Standing,
    is_captured,
    next_try,
    refundable,
    settle,
)
from tandem.scm.payments.service.news import Change, tell
from tandem.scm.payments.service.reading import seen
from tandem.scm.payments.service.refunding import give_back
from tandem.scm.payments.store import payments, refunds

BATCH = 10
UNDECIDED = frozenset({RefundStatus.REQUESTED, RefundStatus.SUBMITTED})


class RefundCall(msgspec.Struct, frozen=True, kw_only=True):
    """What the job needs to call the gateway. `tries` counts this one too."""

    refund: Refund
    provider_payment_id: str
    tries: int


async def refund(
    tx: Tx,
    *,
    order_id: UUID,
    amount_minor: int | None,
    reason: str,
    now: datetime,
    payment_id: UUID | None = None,
    key: str | None = None,
) -> list[Refund]:
    """Give back part of what was captured for an order, or without an amount all that is left.

    Takes it from one payment when `payment_id` names it, else from the payments that count, the
    newest first. Nothing captured and no amount: an empty list, so that a cancellation may always
    ask. `key` (10 to 64 characters, with `payment_id`) makes asking twice one refund. Refuses
    RefundExceedsBalance, NotRefundable.
    """
    tx.actor.require("payments.refund")
    assert key is None or payment_id, "a key stands for one refund of one payment"
    found = await payments.lock_of_order(tx, order_id)
    if payment_id is not None:
        chosen = [payment for payment in found if payment.id == payment_id]
        if not chosen:
            raise NotFound("This order has no such payment.")
    else:
        counted = [p for p in found if is_captured(p) and p.standing is Standing.COUNTED]
        chosen = sorted(counted, key=lambda payment: (payment.created_at, payment.id), reverse=True)
    return await _spread(tx, chosen, amount_minor, reason=reason, key=key, now=now)


async def refund_payment(
    tx: Tx, payment_id: UUID, *, amount_minor: int | None, reason: str, now: datetime
) -> Refund:
    """One refund of one payment, by hand. Refuses RefundExceedsBalance, NotRefundable, and
    PaymentDisputed while its dispute is undecided."""
    tx.actor.require("payments.refund")
    payment = await seen(tx, await payments.lock(tx, payment_id))
    if payment.dispute_status and payment.dispute_status not in DECIDED:
        raise PaymentDisputed("The buyer's bank disputes this payment: wait for its decision.")
    made = await give_back(tx, payment, amount_minor=amount_minor, reason=reason, now=now)
    if made is None:
        raise NotRefundable("All of this payment has been given back.")
    await audit.write(
        tx,
        action="payments.refund",
        subject_kind="payment",
        subject_id=payment.id,
        now=now,
        after={"refund_id": str(made.id), "amount_minor": made.amount_minor, "reason": reason},
    )
    return made


async def claim_refund(tx: Tx, refund_id: UUID, *, now: datetime) -> RefundCall | None:
    """Take a due refund for one call. None when it is decided, or another worker has it."""
    claimed = await refunds.claim(tx, refund_id, now=now, leased_until=now + LEASE)
    if claimed is None:
        return None
    refund, tries = claimed
    payment = await payments.find(tx, refund.payment_id)
    assert payment, "a refund has a payment"
    return RefundCall(refund=refund, provider_payment_id=payment.provider_payment_id, tries=tries)


async def put_off_refund(tx: Tx, call: RefundCall, *, trouble: str, now: datetime) -> None:
    """No decision: take it up again later, with the same key."""
    due_at = next_try(tries=call.tries, now=now)
    await refunds.put_off(tx, call.refund.id, due_at=due_at, error=trouble)


async def fail_refund(tx: Tx, refund_id: UUID, *, detail: str, now: datetime) -> None:
    """The gateway said no. The balance is free again, and somebody is told."""
    known = await refunds.find(tx, refund_id)
    assert known, "a refund never disappears"
    payment = await payments.lock(tx, known.payment_id)
    assert payment, "a refund has a payment"
    before = {one.id: one for one in await refunds.list_of_payment(tx, payment.id)}
    refund = before[refund_id]
    if refund.status not in UNDECIDED:
        return
    failed = msgspec.structs.replace(refund, status=RefundStatus.FAILED, error=detail[:500])
    after = {**before, failed.id: failed}
    await refunds.update(tx, failed)
    settled = settle(payment, after.values())
    await tell(
        tx,
        Change(before=payment, after=settled, refunds_before=before, refunds_after=after),
        now=now,
    )


async def list_due_refunds(tx: Tx, *, provider: str, mode: str, now: datetime) -> list[UUID]:
    return await refunds.list_to_send(tx, provider=provider, mode=mode, now=now, count=BATCH)


async def _spread(
    tx: Tx,
    chosen: list[Payment],
    amount_minor: int | None,
    *,
    reason: str,
    key: str | None,
    now: datetime,
) -> list[Refund]:
    """Take the amount from these payments in turn; each gives at most what is left of it."""
    if amount_minor is None:
        made = [
            await give_back(tx, payment, amount_minor=None, reason=reason, key=key, now=now)
            for payment in chosen
        ]
        return [one for one in made if one is not None]
    if key and (known := await refunds.find_by_key(tx, key)):
        return [known]
    left = [refundable(p, await refunds.list_of_payment(tx, p.id)) for p in chosen]
    if amount_minor > sum(left):
        currency = (chosen[0].currency if chosen else None) or "INR"
        raise RefundExceedsBalance(amount_minor, sum(left), currency)
    refunds_made, missing = [], amount_minor
    for payment, balance in zip(chosen, left, strict=True):
        part = min(missing, balance)
        made_one = part and await give_back(
            tx, payment, amount_minor=part, reason=reason, key=key, now=now
        )
        if made_one:
            refunds_made.append(made_one)
        missing -= part
    return refunds_made
