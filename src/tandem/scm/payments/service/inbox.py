"""The exceptions inbox: reading it, and what a person may decide."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ownership import sees_order
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.payments.domain import (
    Action,
    ActionNotAllowed,
    ExceptionKind,
    Fact,
    Payment,
    PaymentException,
    Refund,
    RefundFact,
    RefundStatus,
    Source,
    Standing,
)
from tandem.scm.payments.service.facts import after_acceptance, follow
from tandem.scm.payments.service.refunding import give_back
from tandem.scm.payments.store import exceptions, ledger, payments, refunds


async def list_exceptions(
    tx: Tx,
    *,
    is_open: bool | None,
    kind: ExceptionKind | None,
    order_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> Page[PaymentException]:
    """Newest first."""
    tx.actor.require("payments.read")
    before = tuple(decode_cursor(cursor, datetime, UUID)) if cursor else None
    rows = await exceptions.list_page(
        tx,
        is_open=is_open,
        kind=kind,
        order_id=order_id,
        before=before,
        count=limit + 1,
    )
    return page_of(rows, limit, lambda row: (row.raised_at, row.id))


async def resolve(
    tx: Tx, exception_id: UUID, *, action: Action, note: str, now: datetime
) -> PaymentException:
    """Decide. A resolved one answers as it is; another decision afterwards is refused.

    Refuses ActionNotAllowed, and what the action itself refuses: NotRefundable,
    RefundExceedsBalance.
    """
    tx.actor.require("payments.resolve")
    found = await exceptions.lock(tx, exception_id)
    if found is None or not await sees_order(tx, "payments.read", found.order_id):
        raise NotFound("There is no such exception.")
    if found.resolved_at is not None and found.resolution == action:
        return found
    if action not in found.actions:
        listed = ", ".join(found.actions) or "none: it is resolved"
        raise ActionNotAllowed(f"Here one can: {listed}.", field="action", allowed=found.actions)
    await _carry_out(tx, found, action, now=now)
    await exceptions.resolve(tx, exception_id, resolution=action, note=note, now=now)
    await audit.write(
        tx,
        action="payments.resolve",
        subject_kind="payment_exception",
        subject_id=exception_id,
        now=now,
        after={"resolution": str(action), "note": note},
    )
    resolved = await exceptions.lock(tx, exception_id)
    assert resolved, "it was locked a moment ago"
    return resolved


async def _carry_out(tx: Tx, found: PaymentException, action: Action, *, now: datetime) -> None:
    if action is Action.DISMISS:
        return
    assert found.payment_id, "only the request's own exceptions have no payment, and no action"
    payment = await payments.lock(tx, found.payment_id)
    assert payment, "its foreign key holds the payment"
    match action:
        case Action.ACCEPT:
            await _accept(tx, payment, now=now)
        case Action.REFUND:
            await give_back(
                tx, payment, amount_minor=None, reason=found.kind, now=now, key=_key(found)
            )
        case Action.RETRY:
            await _retry(tx, payment, found, now=now)
        case Action.PAID_OUT:
            await _mark_paid_out(tx, payment, found.subject_id, now=now)


async def _accept(tx: Tx, payment: Payment, *, now: datetime) -> None:
    """Count it after all. What has gone back already cannot be accepted."""
    if await refunds.list_of_payment(tx, payment.id):
        raise ActionNotAllowed("Money of this payment went back already.", field="action")
    await after_acceptance(
        tx, payment, msgspec.structs.replace(payment, standing=Standing.COUNTED), now=now
    )


async def _retry(tx: Tx, payment: Payment, found: PaymentException, *, now: datetime) -> None:
    failed = await _refund_of(tx, found.subject_id)
    await give_back(
        tx,
        payment,
        amount_minor=failed.amount_minor,
        reason=failed.reason,
        now=now,
        key=_key(found),
        retries_id=failed.id,
    )


async def _mark_paid_out(tx: Tx, payment: Payment, refund_id: UUID, *, now: datetime) -> None:
    """A person paid it: to the machine that is a processed refund, told by the operator."""
    refund = await _refund_of(tx, refund_id)
    if refund.status is RefundStatus.FAILED:
        paid = await give_back(
            tx,
            payment,
            amount_minor=refund.amount_minor,
            reason=refund.reason,
            now=now,
            key=f"by-hand-{refund.id}",
            retries_id=refund.id,
        )
        assert paid, "a refund has an amount"
        refund = paid
    fact = Fact(
        provider=payment.provider,
        provider_payment_id=payment.provider_payment_id,
        source=Source.OPERATOR,
        event_id=f"paid-out:{refund.id}",
        kind="refund.paid_out",
        occurred_at=now,
        refund=RefundFact(
            provider_refund_id=f"by-hand-{refund.id}",
            refund_id=refund.id,
            status=RefundStatus.PROCESSED,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
        ),
    )
    await ledger.add_event(tx, fact, now=now)
    await follow(tx, payment, [fact], now=now)


async def _refund_of(tx: Tx, refund_id: UUID) -> Refund:
    refund = await refunds.find(tx, refund_id)
    assert refund, "such an exception is about a refund"
    return refund


def _key(found: PaymentException) -> str:
    """One refund per decision, however often the decision is sent."""
    return f"resolution-{found.id}"
