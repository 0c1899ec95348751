"""Raising what needs a person. Each subject is raised once per kind."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.payments import PaymentExceptionRaised
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.scm.payments.domain import ACTIONS, ExceptionKind, Payment, PaymentException
from tandem.scm.payments.store import exceptions


async def raise_about(
    tx: Tx,
    kind: ExceptionKind,
    payment: Payment,
    *,
    detail: str,
    now: datetime,
    subject_id: UUID | None = None,
) -> bool:
    """`subject_id` is the payment's own id unless the matter is one of its refunds."""
    return await put(
        tx,
        kind,
        order_id=payment.order_id,
        order_number=payment.order_number,
        payment_id=payment.id,
        subject_id=subject_id or payment.id,
        detail=detail,
        now=now,
    )


async def put(
    tx: Tx,
    kind: ExceptionKind,
    *,
    order_id: UUID,
    order_number: str,
    payment_id: UUID | None,
    subject_id: UUID,
    detail: str,
    now: datetime,
) -> bool:
    """False when it is in the inbox already."""
    raised = PaymentException(
        id=new_id(),
        order_id=order_id,
        order_number=order_number,
        payment_id=payment_id,
        subject_id=subject_id,
        kind=kind,
        detail=detail[:1000],
        actions=sorted(ACTIONS[kind]),
        raised_at=now,
    )
    if not await exceptions.put(tx, raised):
        return False
    await tx.publish(
        PaymentExceptionRaised(
            order_id=order_id, payment_id=payment_id, kind=kind, detail=raised.detail
        )
    )
    return True
