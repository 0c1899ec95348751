"""The two derived axes: what money and goods say about an order. Nobody sets them."""

from collections.abc import Sequence
from enum import StrEnum

from tandem.contracts.orders import OrderLine
from tandem.scm.orders.domain.lifecycle import Status


class PaymentStatus(StrEnum):
    NONE = "none"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    OVERCHARGED = "overcharged"
    VOIDED = "voided"


class FulfilmentStatus(StrEnum):
    """Nothing is sold on back-order yet, so nothing derives `backordered`."""

    UNFULFILLED = "unfulfilled"
    BACKORDERED = "backordered"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    PARTIALLY_DELIVERED = "partially_delivered"
    DELIVERED = "delivered"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"


def payment_status_of(
    *, status: Status, total: int, authorized: int, paid: int, refunded: int
) -> PaymentStatus:
    """From sums in minor units: authorised and not captured, captured, given back.

    Money authorised for an order that ended uncaptured is let go by the gateway: voided.
    """
    kept = paid - refunded
    if paid == 0:
        if authorized == 0:
            return PaymentStatus.NONE
        is_dead = status in (Status.CANCELLED, Status.EXPIRED)
        return PaymentStatus.VOIDED if is_dead else PaymentStatus.AUTHORIZED
    if kept == 0:
        return PaymentStatus.REFUNDED
    if kept > total:
        return PaymentStatus.OVERCHARGED
    if kept == total:
        return PaymentStatus.PAID
    return PaymentStatus.PARTIALLY_REFUNDED if refunded else PaymentStatus.PARTIALLY_PAID


def fulfilment_status_of(lines: Sequence[OrderLine]) -> FulfilmentStatus:
    """From quantities, not from lines: the furthest step anything took, whole or in part."""
    wanted = sum(line.quantity - line.quantity_cancelled for line in lines)
    steps = (
        ("quantity_returned", FulfilmentStatus.RETURNED, FulfilmentStatus.PARTIALLY_RETURNED),
        ("quantity_delivered", FulfilmentStatus.DELIVERED, FulfilmentStatus.PARTIALLY_DELIVERED),
        ("quantity_shipped", FulfilmentStatus.SHIPPED, FulfilmentStatus.PARTIALLY_SHIPPED),
    )
    for name, whole, part in steps:
        count = sum(getattr(line, name) for line in lines)
        if count:
            return whole if count >= wanted else part
    return FulfilmentStatus.UNFULFILLED


def has_shipped(lines: Sequence[OrderLine]) -> bool:
    return any(line.quantity_shipped for line in lines)


def is_all_delivered(lines: Sequence[OrderLine]) -> bool:
    wanted = sum(line.quantity - line.quantity_cancelled for line in lines)
    return wanted > 0 and sum(line.quantity_delivered for line in lines) >= wanted
