"""One driver at the desk: the run with its stops in order, the shift, and the day played back."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.http import Now, Transaction
from tandem.scm.delivery import service as delivery_service
from tandem.scm.delivery.domain.deliveries import Delivery, LivePosition
from tandem.scm.delivery.domain.fleet import Vehicle, VehicleKind
from tandem.scm.delivery.domain.permissions import WATCH
from tandem.scm.delivery.domain.runs import Run
from tandem.scm.delivery.domain.statuses import WITH_DRIVER
from tandem.scm.delivery.service.desk import Mate, crew
from tandem.web.console.forms import NO_PROBLEM, Problem
from tandem.web.dispatch.board import business_day
from tandem.web.dispatch.pages import AnyRequest, act, desk
from tandem.web.dispatch.scenes import STALE, Scene, scene_of_driver
from tandem.web.rendering import zone_of

NUMBERED_MAX = 200
DAYS_BACK_MAX = 365
Doing = Callable[[dict[str, str]], Awaitable[str]]


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """A driver with everything the panel shows. `stops` are the run's, closed ones included."""

    mate: Mate
    run: Run | None
    stops: Sequence[Delivery]
    position: LivePosition | None
    is_stale: bool

    @property
    def open_stops(self) -> list[Delivery]:
        return [stop for stop in self.stops if stop.status in WITH_DRIVER]

    @property
    def ended_stops(self) -> list[Delivery]:
        return [stop for stop in self.stops if stop.status not in WITH_DRIVER]


class DriverPanel(Controller):
    path = "/dispatch/drivers/{driver_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, driver_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _show(request, tx, driver_id, now)

    @get("/scene")
    async def scene(self, driver_id: FromPath[UUID], tx: Transaction, now: Now) -> Scene:
        _, stops = await _run_of(tx, driver_id)
        return await scene_of_driver(
            tx, driver_id, stops, today=await business_day(tx, now), now=now
        )

    @post("/stops")
    async def order_stops(
        self, request: AnyRequest, driver_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """One stop a place up or down, or all of them in the nearest-next order."""

        async def do(form: dict[str, str]) -> str:
            run, stops = await _run_of(tx, driver_id)
            if run is None:
                raise NotFound("This driver has no run to put in order.")
            wanted = None if form.get("optimise") else _moved(stops, form)
            await delivery_service.order_stops(tx, run.id, delivery_ids=wanted, now=now)
            return "The stops have a new order."

        return await _act(request, tx, driver_id, now, do)

    @post("/shift")
    async def shift(
        self, request: AnyRequest, driver_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """On shift with a vehicle, or off it."""

        async def do(form: dict[str, str]) -> str:
            driver = await delivery_service.get_driver(tx, driver_id)
            if form.get("end"):
                await delivery_service.end_shift(tx, driver_id, now=now)
                return f"{driver.name} is off duty."
            chosen = form.get("vehicle_id", "")
            vehicle_id = _vehicle_id(chosen) if chosen else None
            await delivery_service.start_shift(tx, driver_id, vehicle_id=vehicle_id, now=now)
            return f"{driver.name} is on duty."

        return await _act(request, tx, driver_id, now, do)

    @get("/playback")
    async def playback(
        self, request: AnyRequest, driver_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """One day of a driver. The page asks for the track itself, and that look is logged."""
        driver = await delivery_service.get_driver(tx, driver_id)
        today = await business_day(tx, now)
        on = _day(request.query_params.get("on", ""), today)
        start = datetime.combine(on, time(), ZoneInfo(zone_of(request)))
        served = await delivery_service.list_deliveries(
            tx, is_open=False, driver_id=driver_id, limit=NUMBERED_MAX
        )
        return desk(
            request,
            "playback",
            scene="",
            driver=driver,
            kind=await _kind(tx, driver_id),
            on=on,
            before=on - timedelta(days=1),
            after=on + timedelta(days=1) if on < today else None,
            today=today,
            since=start,
            until=start + timedelta(days=1),
            numbers={str(delivery.id): delivery.order_number for delivery in served.items},
        )


async def _show(
    request: AnyRequest,
    tx: Tx,
    driver_id: UUID,
    now: datetime,
    *,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    sight = await _look(tx, driver_id, now)
    return desk(
        request,
        "driver",
        scene=f"/dispatch/drivers/{driver_id}/scene",
        sight=sight,
        mate=sight.mate,
        free_vehicles=[] if sight.mate.shift else await _free_vehicles(tx),
        problem=problem,
        status=status,
    )


async def _act(
    request: AnyRequest, tx: Tx, driver_id: UUID, now: datetime, do: Doing
) -> Response[Any]:
    async def again(problem: Problem, status: int) -> Response[Any]:
        return await _show(request, tx, driver_id, now, problem=problem, status=status)

    return await act(request, f"/dispatch/drivers/{driver_id}", do, again)


async def _look(tx: Tx, driver_id: UUID, now: datetime) -> Sight:
    driver = await delivery_service.get_driver(tx, driver_id)
    known = {mate.driver.id: mate for mate in await crew(tx)}
    mate = known.get(driver_id) or Mate(driver=driver, shift=None, vehicle=None, stops=0)
    run, stops = await _run_of(tx, driver_id)
    seen = await delivery_service.live_positions(tx, now=now) if tx.actor.may(WATCH) else []
    position = next((each for each in seen if each.driver_id == driver_id), None)
    return Sight(
        mate=mate,
        run=run,
        stops=stops,
        position=position,
        is_stale=position is not None and now - position.heard_at > STALE,
    )


async def _run_of(tx: Tx, driver_id: UUID) -> tuple[Run | None, list[Delivery]]:
    runs = await delivery_service.list_runs(tx, driver_id=driver_id, is_open=True, limit=1)
    if not runs.items:
        return None, []
    found = await delivery_service.get_run(tx, runs.items[0].id)
    return found.run, found.stops


async def _kind(tx: Tx, driver_id: UUID) -> str:
    """How the vehicle is drawn; a scooter where there is none today."""
    mates = {mate.driver.id: mate for mate in await crew(tx)}
    mate = mates.get(driver_id)
    return str(mate.vehicle.kind) if mate and mate.vehicle else str(VehicleKind.SCOOTER)


async def _free_vehicles(tx: Tx) -> list[Vehicle]:
    taken = {mate.vehicle.id for mate in await crew(tx) if mate.vehicle}
    vehicles = await delivery_service.list_vehicles(tx, is_active=True, limit=200)
    return [vehicle for vehicle in vehicles.items if vehicle.id not in taken]


def _moved(stops: Sequence[Delivery], form: dict[str, str]) -> list[UUID]:
    """The open stops with one of them a place earlier or later; at the end it stays."""
    ids = [stop.id for stop in stops if stop.status in WITH_DRIVER]
    names = [str(each) for each in ids]
    if form.get("move") not in names:
        raise Invalid("This stop is no longer part of the run.", field="move")
    place = names.index(form["move"])
    goal = min(max(place + (-1 if form.get("by") == "up" else 1), 0), len(ids) - 1)
    ids.insert(goal, ids.pop(place))
    return ids


def _vehicle_id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as reason:
        raise Invalid("Choose a vehicle.", field="vehicle_id") from reason


def _day(value: str, today: date) -> date:
    """Today for anything that is no day of the last year."""
    try:
        on = date.fromisoformat(value)
    except ValueError:
        return today
    return on if today - timedelta(days=DAYS_BACK_MAX) <= on <= today else today
