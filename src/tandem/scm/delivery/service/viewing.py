"""What staff see: lists, one delivery whole, the counts above the map."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.delivery.domain.deliveries import Delivery, EtaView, LivePosition, StatusRow
from tandem.scm.delivery.domain.fleet import Driver, Vehicle
from tandem.scm.delivery.domain.permissions import READ, WATCH
from tandem.scm.delivery.domain.proofs import Proof, ProofKind, missing
from tandem.scm.delivery.domain.statuses import Status, allowed
from tandem.scm.delivery.service.etas import view as eta_view
from tandem.scm.delivery.service.positions import SHOWN_FOR
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import etas, fleet, histories, positions
from tandem.scm.delivery.store import proofs as proof_store
from tandem.scm.delivery.store.deliveries import Count


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery with everything staff look at beside it. Door codes are no part of it; the
    position is for whoever may watch vehicles."""

    delivery: Delivery
    allowed: list[Status]
    missing: list[str]
    statuses: list[StatusRow]
    proofs: list[Proof]
    driver: Driver | None
    vehicle: Vehicle | None
    position: LivePosition | None
    eta: EtaView | None


async def get_delivery(tx: Tx, delivery_id: UUID) -> Delivery:
    tx.actor.require(READ)
    found = await store.find(tx, delivery_id)
    if found is None:
        raise NotFound("There is no such delivery.")
    return found


async def list_of_order(tx: Tx, order_id: UUID) -> list[Delivery]:
    """An order's deliveries, the newest first."""
    tx.actor.require(READ)
    return await store.list_of_order(tx, order_id)


async def list_deliveries(
    tx: Tx,
    *,
    is_open: bool = True,
    late_first: bool = False,
    statuses: Sequence[Status] = (),
    driver_id: UUID | None = None,
    order_id: UUID | None = None,
    number: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Delivery]:
    """Newest first, or the open ones by promised date. `number` is an order's or a shipment's."""
    tx.actor.require(READ)
    chosen = list(statuses) or None
    if number is not None:
        rows = await store.find_by_number(tx, number, count=limit)
        return Page(items=rows)
    if late_first:
        after = decode_cursor(cursor, date, UUID) if cursor else None
        rows = await store.list_late_first(
            tx,
            statuses=chosen,
            driver_id=driver_id,
            order_id=order_id,
            after=(after[0], after[1]) if after else None,
            count=limit + 1,
        )
        return page_of(rows, limit, lambda row: (row.promised_on or date.max, row.id))
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await store.list_newest(
        tx,
        is_open=is_open,
        statuses=chosen,
        driver_id=driver_id,
        order_id=order_id,
        before_id=before,
        count=limit + 1,
    )
    return page_of(rows, limit, lambda row: (row.id,))


async def count_open(tx: Tx, *, today: date) -> list[Count]:
    """Open deliveries per status, and how many of them are past their promise."""
    tx.actor.require(READ)
    return await store.count_open(tx, today)


async def list_statuses(tx: Tx, delivery_id: UUID) -> list[StatusRow]:
    """The status table of one delivery, in the order it was written; conflicts included."""
    await get_delivery(tx, delivery_id)
    return await histories.list_statuses(tx, delivery_id)


async def whole(tx: Tx, delivery_id: UUID, *, now: datetime) -> Whole:
    delivery = await get_delivery(tx, delivery_id)
    proofs = await proof_store.list_of(tx, delivery_id)
    driver_id, vehicle_id = delivery.driver_id, delivery.vehicle_id
    position = await position_of(tx, delivery, now)
    standing = (await etas.get(tx, [delivery_id])).get(delivery_id)
    is_awaited = delivery.is_aboard and delivery.status is not Status.ARRIVED
    return Whole(
        delivery=delivery,
        allowed=allowed(delivery.status, was_picked_up=delivery.was_picked_up),
        missing=lacking(delivery, {proof.kind for proof in proofs}),
        statuses=await histories.list_statuses(tx, delivery_id),
        proofs=proofs,
        driver=await fleet.find_driver(tx, driver_id) if driver_id else None,
        vehicle=await fleet.find_vehicle(tx, vehicle_id) if vehicle_id else None,
        position=position if tx.actor.may(WATCH) else None,
        eta=eta_view(standing, position, now) if standing and is_awaited else None,
    )


def lacking(delivery: Delivery, given: set[ProofKind]) -> list[str]:
    """What would still be refused at the door, cash included."""
    if delivery.closed_at is not None:
        return []
    return missing(
        delivery.proof_policy,
        given,
        cod_minor=delivery.cod_minor,
        has_cash=delivery.cash_minor is not None,
    )


async def position_of(tx: Tx, delivery: Delivery, now: datetime) -> LivePosition | None:
    """Where its vehicle is, while it is aboard."""
    if delivery.driver_id is None or not delivery.is_aboard:
        return None
    seen = await positions.live(tx, driver_ids=[delivery.driver_id], since=now - SHOWN_FOR)
    return seen[0] if seen else None


async def list_changes(tx: Tx, *, since: datetime) -> list[dict[str, Any]]:
    """Statuses received since then, for a stream that takes up where it was cut."""
    tx.actor.require(READ)
    return await histories.list_changes(tx, since)
