"""What many orders take at once: to be held, and to be let go again."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.bulk import Act, Changed, Kind
from tandem.kernel.db import Tx
from tandem.scm.orders import service as orders

WITH_OTHERS = "Held with others from the list"


class OrderAct(Act, frozen=True, kw_only=True):
    """`hold` takes a `reason`; `release` nothing."""

    act: Literal["hold", "release"]
    reason: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")] = ""


class Orders(Kind[OrderAct]):
    name = "order"
    one, many = "order", "orders"
    home = "/orders"
    act_type = OrderAct
    undoable: ClassVar = frozenset({"hold", "release"})

    async def check(self, tx: Tx, act: OrderAct) -> str:
        tx.actor.require("orders.write")
        return "put on hold" if act.act == "hold" else "released"

    async def apply(
        self, tx: Tx, act: OrderAct, record_id: UUID, *, now: datetime
    ) -> Changed | None:
        before = await _locked(tx, record_id)
        if before.is_on_hold is (act.act == "hold"):
            return None
        reason = act.reason.strip() or WITH_OTHERS
        after = await _set(tx, record_id, reason, act.act == "hold", now)
        return Changed(before=_hold_of(before), after=_hold_of(after))

    async def revert(
        self, tx: Tx, act: OrderAct, record_id: UUID, was: Changed, *, now: datetime
    ) -> bool:
        if _hold_of(await _locked(tx, record_id)) != was.after:
            return False
        await _set(tx, record_id, was.before["hold_reason"], was.before["is_on_hold"], now)
        return True

    async def label(self, tx: Tx, record_id: UUID) -> str:
        return (await orders.read_order(tx, record_id)).number


ORDERS = Orders()


async def _locked(tx: Tx, order_id: UUID) -> OrderSnapshot:
    tx.actor.require("orders.read")
    return await orders.lock_order(tx, order_id)


def _hold_of(order: OrderSnapshot) -> dict[str, Any]:
    return {"is_on_hold": order.is_on_hold, "hold_reason": order.hold_reason}


async def _set(tx: Tx, order_id: UUID, reason: str, is_held: bool, now: datetime) -> OrderSnapshot:
    if is_held:
        return await orders.hold(tx, order_id, reason=reason, now=now)
    return await orders.release_hold(tx, order_id, now=now)
