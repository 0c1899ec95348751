"""Holding goods for orders, letting them go, and letting them leave."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from tandem.contracts.inventory import (
    Demand,
    Hold,
    StockCommitted,
    StockMove,
    StockReleased,
    StockReserved,
    StockRestocked,
)
from tandem.kernel.db import Tx
from tandem.kernel.events import Event
from tandem.scm.inventory.domain import (
    AlreadyHeld,
    HoldExpired,
    Kind,
    Level,
    NotReserved,
    OutOfStock,
    Reservation,
    Status,
    combine,
    crossings,
    take,
)
from tandem.scm.inventory.store import ledger, levels, reservations
from tandem.scm.inventory.store.levels import Place

HOLDS_MAX = 500


async def reserve(tx: Tx, holds: Sequence[Hold], *, now: datetime) -> list[OutOfStock | None]:
    """Hold stock for each order, all of it or none, in turn; one verdict per hold, in order.

    A refused hold takes nothing and hurts no other. An order that still holds something is refused
    with AlreadyHeld; one whose hold was released or expired may reserve anew.
    """
    verdicts = await reserve_last(tx, holds, now=now)
    await tx.end()
    return verdicts


async def reserve_last(tx: Tx, holds: Sequence[Hold], *, now: datetime) -> list[OutOfStock | None]:
    """Reserve, but the shelves are only locked: what is taken is written at the transaction's end,
    where AlreadyHeld is told too. Until `tx.end` nothing may look at what they hold."""
    assert len(holds) <= HOLDS_MAX, "a batch is bounded where it is gathered"
    variant_ids = {demand.variant_id for hold in holds for demand in hold.demands}
    locked = await levels.lock_for_sale(tx, sorted(variant_ids))
    before = [level.available for level in locked]
    takings, verdicts = take(locked, holds)
    if not takings:
        return verdicts
    await levels.take(tx, takings, otherwise=_held_already)
    served = [hold for hold, refusal in zip(holds, verdicts, strict=True) if refusal is None]
    await tx.publish(
        *(StockReserved(order_id=hold.order_id, held_until=hold.held_until) for hold in served),
        *_crossings(zip(locked, before, strict=True)),
    )
    return verdicts


def _held_already() -> AlreadyHeld:
    return AlreadyHeld("An order of this batch holds stock already.")


async def keep(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """The orders are paid: what they hold no longer expires."""
    await reservations.keep(tx, order_ids)


async def release(tx: Tx, *, order_id: UUID, reason: str, now: datetime) -> None:
    """Give back what an order still holds; nothing happens when it holds nothing."""
    await release_many(tx, [order_id], reason=reason, now=now)


async def release_many(
    tx: Tx, order_ids: Sequence[UUID], *, reason: str, now: datetime
) -> list[UUID]:
    """Release several orders in one go; returns those that held something.

    With the reason `expired` the reservations say so.
    """
    assert len(order_ids) <= HOLDS_MAX, "sweeps work in bounded batches"
    holding = [row for row in await reservations.lock(tx, order_ids) if row.held]
    if not holding:
        return []
    freed = _sums((_place(row), 0, -row.held) for row in holding)
    for row in holding:
        row.status = _after_release(row, reason)
        row.held = 0
    told = await _change_levels(tx, freed)
    await reservations.save(tx, holding)
    released = list(dict.fromkeys(row.order_id for row in holding))
    await tx.publish(*(StockReleased(order_id=one, reason=reason) for one in released), *told)
    return released


async def commit(
    tx: Tx, *, order_id: UUID, shipment_id: UUID, items: Sequence[Demand], now: datetime
) -> None:
    """The goods have left: on hand falls and the hold is used up. Once per shipment.

    Refuses with HoldExpired when the hold ran out before the order was paid, with NotReserved when
    more leaves than the order holds.
    """
    rows = await reservations.lock(tx, [order_id])
    if await ledger.is_shipped(tx, shipment_id):
        return
    if any(row.held and row.held_until and row.held_until <= now for row in rows):
        raise HoldExpired("The hold ran out before the goods left. Reserve the stock anew.")
    leaving = _use_up(order_id, rows, combine(items))
    places = _sums((_place(row), -count, -count) for row, count in leaving)
    locked = await levels.lock(tx, list(places))
    told = await _write_levels(tx, locked, places)
    await reservations.save(tx, [row for row, _ in leaving])
    await ledger.append(
        tx,
        [_line(locked[place], on_hand) for place, (on_hand, _) in places.items()],
        kind=Kind.SHIPPED,
        cause_kind="shipment",
        cause_id=shipment_id,
        now=now,
    )
    moves = [_told(locked[place], on_hand) for place, (on_hand, _) in places.items()]
    await tx.publish(StockCommitted(order_id=order_id, shipment_id=shipment_id, moves=moves), *told)


async def restock(
    tx: Tx, *, order_id: UUID, items: Sequence[Demand], reason: str, now: datetime
) -> None:
    """Shipped goods of an order are back on the shelf they left from.

    Refuses with NotReserved when more would come back than left.
    """
    rows = await reservations.lock(tx, [order_id])
    returning = _bring_back(order_id, rows, combine(items))
    places = _sums((_place(row), count, 0) for row, count in returning)
    locked = await levels.lock(tx, list(places))
    told = await _write_levels(tx, locked, places)
    await reservations.save(tx, [row for row, _ in returning])
    await ledger.append(
        tx,
        [_line(locked[place], on_hand) for place, (on_hand, _) in places.items()],
        kind=Kind.RETURNED,
        cause_kind="order",
        cause_id=order_id,
        now=now,
        reason=reason,
    )
    moves = [_told(locked[place], on_hand) for place, (on_hand, _) in places.items()]
    await tx.publish(StockRestocked(order_id=order_id, reason=reason, moves=moves), *told)


async def available(tx: Tx, variant_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What can be sold of each variant at this moment; unknown variants are absent."""
    return await levels.available(tx, variant_ids)


async def reservations_of(tx: Tx, order_id: UUID) -> list[Reservation]:
    tx.actor.require("inventory.read")
    return await reservations.of_order(tx, order_id)


async def held_of(tx: Tx, order_ids: Sequence[UUID]) -> list[Reservation]:
    """What these orders still hold, in the order in which it leaves. For flows."""
    assert len(order_ids) <= HOLDS_MAX, "a batch is bounded where it is gathered"
    return await reservations.held(tx, order_ids)


def _use_up(
    order_id: UUID, rows: Sequence[Reservation], demands: Sequence[Demand]
) -> list[tuple[Reservation, int]]:
    leaving: list[tuple[Reservation, int]] = []
    for demand in demands:
        wanted = demand.quantity
        for row in rows:
            count = min(wanted, row.held) if row.variant_id == demand.variant_id else 0
            if count:
                row.held -= count
                row.shipped += count
                row.status = row.status if row.held else Status.SHIPPED
                wanted -= count
                leaving.append((row, count))
        if wanted:
            raise NotReserved(
                f"{wanted} of {demand.sku} are not reserved for this order.", order_id=order_id
            )
    return leaving


def _bring_back(
    order_id: UUID, rows: Sequence[Reservation], demands: Sequence[Demand]
) -> list[tuple[Reservation, int]]:
    returning: list[tuple[Reservation, int]] = []
    for demand in demands:
        wanted = demand.quantity
        for row in rows:
            away = row.shipped - row.restocked if row.variant_id == demand.variant_id else 0
            count = min(wanted, away)
            if count:
                row.restocked += count
                wanted -= count
                returning.append((row, count))
        if wanted:
            raise NotReserved(
                f"{wanted} of {demand.sku} never left for this order.", order_id=order_id
            )
    return returning


def _after_release(row: Reservation, reason: str) -> Status:
    if row.shipped:
        return Status.SHIPPED
    if reason == Status.EXPIRED and row.status is Status.HELD:
        return Status.EXPIRED
    return Status.RELEASED


async def _change_levels(tx: Tx, changes: dict[Place, tuple[int, int]]) -> list[Event]:
    return await _write_levels(tx, await levels.lock(tx, list(changes)), changes)


async def _write_levels(
    tx: Tx, locked: dict[Place, Level], changes: dict[Place, tuple[int, int]]
) -> list[Event]:
    """Apply (on hand, reserved) to locked levels; returns what is worth telling."""
    before = [locked[place].available for place in changes]
    await levels.change(tx, changes)
    for place, (on_hand, reserved) in changes.items():
        locked[place].on_hand += on_hand
        locked[place].reserved += reserved
    return _crossings(zip((locked[place] for place in changes), before, strict=True))


def _crossings(changed: Iterable[tuple[Level, int]]) -> list[Event]:
    return [event for level, before in changed for event in crossings(level, before)]


def _sums(changes: Iterable[tuple[Place, int, int]]) -> dict[Place, tuple[int, int]]:
    totals: dict[Place, tuple[int, int]] = {}
    for place, on_hand, reserved in changes:
        seen = totals.get(place, (0, 0))
        totals[place] = (seen[0] + on_hand, seen[1] + reserved)
    return totals


def _place(row: Reservation) -> Place:
    return row.variant_id, row.location_id


def _line(level: Level, quantity: int) -> ledger.Line:
    return ledger.Line(
        variant_id=level.variant_id,
        location_id=level.location_id,
        sku=level.sku,
        quantity=quantity,
        balance=level.on_hand,
    )


def _told(level: Level, quantity: int) -> StockMove:
    return StockMove(
        variant_id=level.variant_id,
        sku=level.sku,
        location_id=level.location_id,
        quantity=quantity,
    )
