"""Events as services tell them, counted at once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tandem.app.wiring import import_reactions
from tandem.contracts.orders import (
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    SoldLine,
)
from tandem.crm.analytics.domain.asking import Ask, Drill, DrillAsk, Result
from tandem.crm.analytics.service import drill, run
from tandem.flows import analyse
from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id
from tandem.kernel.outbox import drain

NOON = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
"""Noon in Kolkata."""
OTHERS = "delete from kernel.delivery where subscriber <> 'analytics.intake'"
"""What is told here has no order behind it that other services could find."""


class Still(Clock):
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Counted:
    """A company whose clock is ours: what is told at a moment is counted at that moment."""

    def __init__(self, database: Database, actor: Actor) -> None:
        import_reactions()
        self.clock = Still(NOON)
        self.database = Database(database.pool, self.clock)
        self.actor = actor

    async def tell(self, *events: Event, at: datetime | None = None, counts: bool = True) -> None:
        """Events that happened at a moment (the log's), told and counted now."""
        now = self.clock.at
        self.clock.at = at or now
        async with self.database.transaction(self.actor) as tx:
            await tx.publish(*events)
            await tx.connection.execute(OTHERS)
        self.clock.at = now
        if counts:
            await self.count()

    async def count(self) -> int:
        await drain(self.database)
        total = 0
        while True:
            async with self.database.transaction(Actor.system(self.actor.org_id)) as tx:
                counted = await analyse.digest(tx, now=self.clock.at)
            total += counted
            if not counted:
                return total

    async def ask(self, *measures: str, **more: Any) -> Result:
        return await self.answer(Ask(measures=list(measures), **more))

    async def answer(self, ask: Ask, *, actor: Actor | None = None) -> Result:
        async with self.database.transaction(actor or self.actor) as tx:
            return await run(tx, ask, self.clock.at)

    async def open(
        self, ask: Ask, measure: str, *, actor: Actor | None = None, limit: int = 200, **more: Any
    ) -> Drill:
        """One cell with all its rows, page after page."""
        async with self.database.transaction(actor or self.actor) as tx:
            wanted = DrillAsk(query=ask, measure=measure, **more)
            page = await drill(tx, wanted, limit=limit, cursor=None, now=self.clock.at)
            items = list(page.items)
            while page.next:
                page = await drill(tx, wanted, limit=limit, cursor=page.next, now=self.clock.at)
                items += page.items
        return Drill(
            **{
                name: getattr(page, name)
                for name in page.__struct_fields__
                if name not in ("items", "next")
            },
            items=items,
            next=None,
        )


def placed(
    total: int,
    *,
    order_id: UUID | None = None,
    customer: UUID | None = None,
    channel: str = "web",
    currency: str = "INR",
    state: str = "29",
    lines: Sequence[tuple[str, int, int]] = (),
) -> OrderPlaced:
    """`lines` are (SKU, quantity, total)."""
    order_id = order_id or new_id()
    return OrderPlaced(
        order_id=order_id,
        number=f"O-{str(order_id)[-6:]}",
        customer_id=customer or new_id(),
        payment_method="prepaid",
        currency=currency,
        total_minor=total,
        promised_on=date(2026, 11, 25),
        expires_at=None,
        channel=channel,
        state_code=state,
        lines=[
            SoldLine(
                line_no=place + 1,
                variant_id=UUID(int=place + 1),
                sku=sku,
                quantity=quantity,
                taxable_minor=amount,
                total_minor=amount,
            )
            for place, (sku, quantity, amount) in enumerate(lines)
        ],
    )


def confirmed(order: OrderPlaced) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order.order_id,
        number=order.number,
        payment_method="prepaid",
        total_minor=order.total_minor,
    )


def cancelled(order: OrderPlaced) -> OrderCancelled:
    return OrderCancelled(order_id=order.order_id, number=order.number, reason="changed my mind")


def days_ago(days: float) -> datetime:
    return NOON - timedelta(days=days)
