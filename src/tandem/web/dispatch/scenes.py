"""What the map draws, as `js/map/live.js` reads it: vehicles, stops, a route, and where to look."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.delivery import service as delivery_service
from tandem.scm.delivery.domain.deliveries import Delivery, LivePosition
from tandem.scm.delivery.domain.permissions import WATCH
from tandem.scm.delivery.domain.statuses import FINAL, WAITING, Status
from tandem.scm.delivery.service.desk import Mate, crew, read_desk, route_of
from tandem.web.dispatch.board import is_late

PINS_MAX = 150
STALE = timedelta(minutes=2)

Scene = dict[str, Any]


async def scene_of_all(tx: Tx, *, today: date, now: datetime) -> Scene:
    """Every vehicle, and a pin for each delivery that waits or is late."""
    desk = await read_desk(tx, limit=PINS_MAX)
    late = [delivery for delivery in desk.carried if is_late(delivery, today)]
    pins = [pin for each in (*desk.waiting, *late) if (pin := _pin(each, today))]
    if _hides_doors(tx):
        pins = []
    vehicles = await _vehicles(tx, desk.crew, now=now)
    return _scene(vehicles, pins, focus=[], now=now)


async def scene_of_delivery(tx: Tx, delivery: Delivery, *, today: date, now: datetime) -> Scene:
    """One door, where its parcel comes from, and the way its vehicle takes."""
    vehicles = await _vehicles(tx, await crew(tx), now=now, chosen=delivery.driver_id)
    is_kept = _hides_doors(tx)
    door = None if is_kept else _door(delivery)
    stops = [pin for pin in (_hub(delivery), door) if pin]
    has_route = delivery.is_aboard and not is_kept
    points, source = await route_of(tx, delivery.id) if has_route else ([], "")
    chosen = [each for each in vehicles if each["isChosen"]] if delivery.is_aboard else []
    focus = _places([*chosen, *(stops if not chosen else stops[-1:])])
    return {
        **_scene(vehicles, stops, focus=focus, now=now),
        "route": [[point.lat, point.lon] for point in points],
        "route_source": source,
    }


async def scene_of_driver(
    tx: Tx, driver_id: UUID, stops: Sequence[Delivery], *, today: date, now: datetime
) -> Scene:
    """One vehicle and the stops of its run, numbered as they will be served."""
    vehicles = await _vehicles(tx, await crew(tx), now=now, chosen=driver_id)
    pins = []
    place = 0
    for stop in stops:
        is_open = stop.status not in FINAL and stop.status is not Status.FAILED
        place += is_open
        pin = _pin(stop, today, place=place if is_open else 0)
        if pin and not _hides_doors(tx):
            pins.append(pin)
    chosen = [each for each in vehicles if each["isChosen"]]
    return _scene(vehicles, pins, focus=_places([*chosen, *pins]), now=now)


def _hides_doors(tx: Tx) -> bool:
    return tx.actor.hides("delivery", "ship_to")


async def _vehicles(
    tx: Tx, mates: Sequence[Mate], *, now: datetime, chosen: UUID | None = None
) -> list[Scene]:
    """None for those who may not see where people are."""
    if not tx.actor.may(WATCH):
        return []
    kinds = {mate.driver.id: str(mate.vehicle.kind) for mate in mates if mate.vehicle}
    seen = await delivery_service.live_positions(tx, now=now)
    return [_vehicle(each, kinds, chosen, now) for each in seen]


def _vehicle(
    seen: LivePosition, kinds: Mapping[UUID, str], chosen: UUID | None, now: datetime
) -> Scene:
    return {
        "id": str(seen.driver_id),
        "label": seen.driver_name.split()[0],
        "kind": kinds.get(seen.driver_id, "scooter"),
        "lat": seen.lat,
        "lon": seen.lon,
        "heading": seen.heading,
        "at": seen.heard_at,
        "is_stale": now - seen.heard_at > STALE,
        "isChosen": seen.driver_id == chosen,
    }


def _pin(delivery: Delivery, today: date, *, place: int = 0) -> Scene | None:
    if delivery.lat is None or delivery.lon is None:
        return None
    return {
        "id": str(delivery.id),
        "kind": "stop",
        "seq": place,
        "label": "",
        "name": f"{place} {delivery.order_number}" if place else delivery.order_number,
        "state": _state(delivery, today),
        "lat": delivery.lat,
        "lon": delivery.lon,
    }


def _state(delivery: Delivery, today: date) -> str:
    if delivery.status is Status.DELIVERED:
        return "done"
    if is_late(delivery, today) or delivery.status is Status.FAILED:
        return "late"
    return "waiting" if delivery.status in WAITING else ""


def _door(delivery: Delivery) -> Scene | None:
    if delivery.lat is None or delivery.lon is None:
        return None
    return {"kind": "door", "label": "", "lat": delivery.lat, "lon": delivery.lon}


def _hub(delivery: Delivery) -> Scene | None:
    if delivery.pickup_lat is None or delivery.pickup_lon is None:
        return None
    return {
        "kind": "pickup",
        "label": delivery.pickup_name,
        "lat": delivery.pickup_lat,
        "lon": delivery.pickup_lon,
    }


def _places(drawn: Sequence[Scene]) -> list[list[float]]:
    return [[each["lat"], each["lon"]] for each in drawn]


def _scene(
    vehicles: Sequence[Scene], stops: Sequence[Scene], *, focus: list[list[float]], now: datetime
) -> Scene:
    silent = sum(bool(each["is_stale"]) for each in vehicles)
    count = "1 vehicle" if len(vehicles) == 1 else f"{len(vehicles)} vehicles"
    text = f"{count} on the map, {silent} not heard of for two minutes."
    return {"now": now, "vehicles": vehicles, "stops": stops, "focus": focus, "text": text}
