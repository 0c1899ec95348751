"""One question for every identifier: which document is this, and which order does it belong to?

A document answers to its id, its number, its public token and whatever other systems call it.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from tandem.kernel import references, tokens
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import parse_id
from tandem.kernel.ownership import sees_order
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.shipping import service as shipping
from tandem.scm.support import service as support

T = TypeVar("T")


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """`number` is empty for what has none of its own, as a payment."""

    kind: str
    id: UUID
    number: str
    order_id: UUID | None


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    """The best match and, where two systems use the same id, the others."""

    kind: str
    id: UUID
    number: str
    order_id: UUID | None
    others: list[Resolved]


async def resolve(tx: Tx, q: str) -> Matches:
    """Everything this identifier stands for in the actor's organisation, or NotFound."""
    tx.actor.require("orders.read")
    q = q.removeprefix("#")
    reader = tx.with_all_grants()
    found: dict[UUID, Resolved] = {}
    for ask in (_order, _shipment, _invoice, _payment, _complaint, _reference):
        for one in await ask(reader, q):
            if await sees_order(tx, "orders.read", one.order_id):
                found.setdefault(one.id, one)
    if not found:
        raise NotFound("Nothing here answers to that.")
    best, *others = found.values()
    return Matches(
        kind=best.kind, id=best.id, number=best.number, order_id=best.order_id, others=others
    )


async def _order(tx: Tx, q: str) -> list[Resolved]:
    order = await orders.find_by_identifier(tx, q)
    if order is None:
        return []
    return [Resolved(kind="order", id=order.id, number=order.number, order_id=order.id)]


async def _shipment(tx: Tx, q: str) -> list[Resolved]:
    shipment = await shipping.find_shipment(tx, q.upper())
    if shipment is None and (entity_id := await _entity_of(tx, q)):
        shipment = await _or_none(shipping.get_shipment, tx, entity_id)
    if shipment is None:
        return []
    return [
        Resolved(
            kind="shipment",
            id=shipment.id,
            number=shipment.number,
            order_id=shipment.order_id,
        )
    ]


async def _invoice(tx: Tx, q: str) -> list[Resolved]:
    invoice_id = (
        parse_id(q)
        or await invoicing.find_by_number(tx, q.upper())
        or await invoicing.find_by_irn(tx, q.lower())
    )
    invoice = await _or_none(invoicing.get_invoice, tx, invoice_id) if invoice_id else None
    if invoice is None:
        return []
    return [
        Resolved(kind="invoice", id=invoice.id, number=invoice.number, order_id=invoice.order_id)
    ]


async def _payment(tx: Tx, q: str) -> list[Resolved]:
    payment_id = parse_id(q)
    payment = await _or_none(payments.get_payment, tx, payment_id) if payment_id else None
    if payment is None:
        return []
    return [Resolved(kind="payment", id=payment.id, number="", order_id=payment.order_id)]


async def _complaint(tx: Tx, q: str) -> list[Resolved]:
    complaint = await support.find_by_number(tx, q.upper())
    if complaint is None and (entity_id := await _entity_of(tx, q)):
        complaint = await _or_none(support.get_complaint, tx, entity_id)
    if complaint is None:
        return []
    return [
        Resolved(
            kind="complaint",
            id=complaint.id,
            number=complaint.number,
            order_id=complaint.order_id,
        )
    ]


async def _reference(tx: Tx, q: str) -> list[Resolved]:
    """What other systems call it: gateway order and payment, AWB, IRN, a shop's order."""
    return [
        Resolved(
            kind=reference.entity_kind,
            id=reference.entity_id,
            number="",
            order_id=reference.order_id,
        )
        for reference in await references.find(tx, q)
    ]


async def _entity_of(tx: Tx, q: str) -> UUID | None:
    if entity_id := parse_id(q):
        return entity_id
    token = await tokens.find_own(tx, q)
    return token.entity_id if token else None


async def _or_none(get: Callable[[Tx, UUID], Awaitable[T]], tx: Tx, entity_id: UUID) -> T | None:
    try:
        return await get(tx, entity_id)
    except NotFound:
        return None
