"""What a dispatcher's desk shows, in a few statements however long the day's list is."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.fleet import Driver, Shift, Vehicle
from tandem.scm.delivery.domain.permissions import READ
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.statuses import WAITING, WITH_DRIVER, Status
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import etas, fleet

CREW_MAX = 500
BACK = (Status.FAILED, Status.RETURNING)
"""Somebody at the desk has to decide, or to take the goods in."""


class Mate(msgspec.Struct, frozen=True, kw_only=True):
    """A driver with the shift, its vehicle and the open stops; `shift` None: off duty."""

    driver: Driver
    shift: Shift | None
    vehicle: Vehicle | None
    stops: int

    @property
    def has_room(self) -> bool:
        return self.stops < self.driver.stops_max


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Open deliveries, each kind by promised day; `arrivals` are the standing predictions.
    `has_more`: a kind has more than was asked for."""

    waiting: list[Delivery]
    back: list[Delivery]
    carried: list[Delivery]
    arrivals: dict[UUID, datetime]
    crew: list[Mate]
    has_more: bool


async def read_desk(tx: Tx, *, limit: int) -> Desk:
    """At most `limit` deliveries of each kind."""
    tx.actor.require(READ)
    waiting = await _by_promise(tx, sorted(WAITING), limit + 1)
    back = await _by_promise(tx, BACK, limit + 1)
    carried = await _by_promise(tx, sorted(WITH_DRIVER), limit + 1)
    predictions = await etas.get(tx, [delivery.id for delivery in carried])
    return Desk(
        waiting=waiting[:limit],
        back=back[:limit],
        carried=carried[:limit],
        arrivals={eta.delivery_id: eta.arrives_at for eta in predictions.values()},
        crew=await crew(tx),
        has_more=max(len(waiting), len(back), len(carried)) > limit,
    )


async def crew(tx: Tx) -> list[Mate]:
    """Everybody who drives for us, by name, with what they have to do."""
    tx.actor.require(READ)
    drivers = await fleet.list_drivers(tx, is_active=True, after=None, count=CREW_MAX)
    vehicles = await fleet.list_vehicles(tx, is_active=None, after=None, count=CREW_MAX)
    shifts = {shift.driver_id: shift for shift in await fleet.list_open_shifts(tx)}
    known = {vehicle.id: vehicle for vehicle in vehicles}
    loads = await store.loads(tx)
    return [
        Mate(
            driver=driver,
            shift=(shift := shifts.get(driver.id)),
            vehicle=known.get(shift.vehicle_id) if shift and shift.vehicle_id else None,
            stops=loads.get(driver.id, 0),
        )
        for driver in drivers
    ]


async def route_of(tx: Tx, delivery_id: UUID) -> tuple[list[Point], str]:
    """The line its vehicle is expected to drive, and whose data that is; none is an empty one."""
    tx.actor.require(READ)
    standing = (await etas.get(tx, [delivery_id])).get(delivery_id)
    return (standing.points, standing.source) if standing else ([], "")


async def _by_promise(tx: Tx, statuses: Sequence[Status], count: int) -> list[Delivery]:
    return await store.list_late_first(
        tx,
        statuses=list(statuses),
        driver_id=None,
        order_id=None,
        after=None,
        count=count,
    )
