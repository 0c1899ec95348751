"""What many orders take at once: to be held, and to be let go again."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import msgspec

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
        before = await orders.read_order(tx, record_id)
        if before.is_on_hold is (act.act == "hold"):
            return None
        await _set(tx, record_id, act.reason.strip() or WITH_OTHERS, act.act == "hold", now)
        return Changed(
            before={"is_on_hold": before.is_on_hold, "hold_reason": before.hold_reason},
            after={"is_on_hold": not before.is_on_hold},
        )

    async def revert(
        self, tx: Tx, act: OrderAct, record_id: UUID, was: Changed, *, now: datetime
    ) -> bool:
        order = await orders.read_order(tx, record_id)
        if order.is_on_hold is not was.after["is_on_hold"]:
            return False
        await _set(tx, record_id, was.before["hold_reason"], was.before["is_on_hold"], now)
        return True

    async def label(self, tx: Tx, record_id: UUID) -> str:
        return (await orders.read_order(tx, record_id)).number


ORDERS = Orders()


async def _set(tx: Tx, order_id: UUID, reason: str, is_held: bool, now: datetime) -> None:
    if is_held:
        await orders.hold(tx, order_id, reason=reason, now=now)
    else:
        await orders.release_hold(tx, order_id, now=now)
