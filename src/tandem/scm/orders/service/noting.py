"""What people do to an order beside its moves: a note, a hold."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderSnapshot
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.fields import check_changeable
from tandem.scm.orders.domain.lifecycle import ENDED
from tandem.scm.orders.domain.refusals import OrderEnded
from tandem.scm.orders.service.placing import changed
from tandem.scm.orders.service.reading import lock_order
from tandem.scm.orders.store import orders as store


async def hold(tx: Tx, order_id: UUID, *, reason: str, now: datetime) -> OrderSnapshot:
    """Nothing ships while an order is held. Holding a held one changes its reason."""
    order = await lock_order(tx, order_id)
    return await annotate(tx, order, is_on_hold=True, hold_reason=reason, now=now)


async def release_hold(tx: Tx, order_id: UUID, *, now: datetime) -> OrderSnapshot:
    order = await lock_order(tx, order_id)
    return await annotate(tx, order, is_on_hold=False, now=now)


async def annotate(
    tx: Tx,
    order: OrderSnapshot,
    *,
    note: str | None = None,
    is_on_hold: bool | None = None,
    hold_reason: str = "",
    now: datetime,
) -> OrderSnapshot:
    """Change a locked order's note or hold; None leaves it. Without a change nothing is told.

    An ended order can be noted but neither held nor released (OrderEnded).
    """
    tx.actor.require_with("orders.write", order)
    after = order
    if note is not None:
        check_changeable(tx.actor, "order", "note")
        after = msgspec.structs.replace(after, note=note)
    if is_on_hold is not None:
        after = msgspec.structs.replace(
            after, is_on_hold=is_on_hold, hold_reason=hold_reason if is_on_hold else ""
        )
    if after == order:
        return order
    if (after.is_on_hold, after.hold_reason) != (order.is_on_hold, order.hold_reason):
        _check_open(order)
    after = msgspec.structs.replace(after, version=order.version + 1)
    await store.annotate(tx, after, now)
    await audit.write(
        tx,
        action="orders.annotate",
        subject_kind="order",
        subject_id=order.id,
        now=now,
        before=_facts(order),
        after=_facts(after),
    )
    await tx.publish(changed(after, _what(order, after)))
    return after


def _check_open(order: OrderSnapshot) -> None:
    if order.status in ENDED:
        raise OrderEnded(order.status)


def _facts(order: OrderSnapshot) -> dict[str, object]:
    return {
        "note": order.note,
        "is_on_hold": order.is_on_hold,
        "hold_reason": order.hold_reason,
    }


def _what(before: OrderSnapshot, after: OrderSnapshot) -> str:
    if after.is_on_hold and after.hold_reason != before.hold_reason:
        return f"held: {after.hold_reason}"
    if before.is_on_hold and not after.is_on_hold:
        return "released"
    return "held" if after.is_on_hold and not before.is_on_hold else "noted"
