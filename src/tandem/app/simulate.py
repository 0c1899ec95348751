"""`tandem simulate`: vehicles that drive by themselves, for demos and tests.

Each assigned delivery is carried out through the public driver API as a phone would: along the
sandbox city's streets, with realistic speed, jitter and lost signal, up to the code at the door,
which is read from the sandbox's mailbox.
"""

import argparse
import asyncio
import contextlib
import math
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import msgspec

from tandem.app.supervisor.beside import environment
from tandem.sandbox.city import OutsideCity, build_city
from tandem.scm.delivery.domain.pings import BATCH_MAX
from tandem.scm.delivery.domain.places import Point, bearing_degrees, distance, metres_between

SPEED_FACTOR_MAX = 6.0
"""Faster, and the vehicles would outrun what the filters take for a vehicle."""
TICK_SECONDS = 2.0
CRUISE_MPS = 7.5
CORNER_DEGREES = 40.0
CORNER_FACTOR = 0.4
NOISE_M = 3.0
GAP_CHANCE = 0.015
GAP_TICKS = (5, 12)
CODE_WAIT_SECONDS = 60.0
PATIENCE_SECONDS = 120.0
RETRY_SECONDS = 1.0
AWAY = frozenset({502, 503, 504})
DEVICE = "Simulator"
WAY = ("assigned", "accepted", "at_pickup", "picked_up", "en_route", "arriving", "arrived")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
"""The smallest PNG there is, as a photo of the parcel."""

Json = dict[str, Any]


class SimulationStopped(Exception):
    """The simulator cannot go on; the message says what to do."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    base_url: str
    api_key: str
    sandbox_url: str | None
    speed: float = 1.0
    delivery_id: str | None = None
    seed: int | None = None


def simulate(options: argparse.Namespace) -> int:
    """Drive one delivery, or all that are assigned, until the last is handed over."""
    speed = min(max(float(options.speed), 0.1), SPEED_FACTOR_MAX)
    sandbox = getattr(options, "sandbox_url", None) or environment().get("TANDEM_SANDBOX_URL")
    setting = Setting(
        base_url=options.base_url,
        api_key=options.api_key,
        sandbox_url=sandbox,
        speed=speed,
        delivery_id=options.delivery,
    )
    try:
        asyncio.run(drive_all(setting))
    except SimulationStopped as reason:
        _say(str(reason))
        return 1
    except httpx.TransportError:
        _say(f"Nobody answers at {setting.base_url}. Is `tandem up` running?")
        return 1
    return 0


async def drive_all(setting: Setting) -> int:
    """One vehicle per driver, all at once: where one has to stop, the others drive on. Returns how
    many parcels were handed over; raises SimulationStopped at the end for those that were not."""
    async with _caller(setting.base_url, setting.api_key) as staff:
        deliveries = await _assigned(staff, setting.delivery_id)
        if not deliveries:
            raise SimulationStopped("No delivery is assigned. Assign one on the dispatch map.")
        by_driver: dict[str, list[Json]] = {}
        for delivery in sorted(deliveries, key=lambda one: int(one["stop_seq"])):
            by_driver.setdefault(delivery["driver_id"], []).append(delivery)
        troubles: list[str] = []
        vehicles = [
            _drive(setting, staff, driver_id, stops, troubles)
            for driver_id, stops in by_driver.items()
        ]
        count = sum(await asyncio.gather(*vehicles))
    if troubles:
        raise SimulationStopped("\n".join(troubles))
    return count


async def _assigned(staff: httpx.AsyncClient, delivery_id: str | None) -> list[Json]:
    """One named delivery is given to the nearest driver when it has none yet."""
    if delivery_id is None:
        query = [("status", status) for status in WAY]
        page = _json(await staff.get("/v1/deliveries", params=[*query, ("limit", 200)]))
        return list(page["items"])
    delivery = _json(await staff.get(f"/v1/deliveries/{delivery_id}"))
    if delivery["status"] in {"unassigned", "reattempt_scheduled"}:
        delivery = _json(
            await staff.post(f"/v1/deliveries/{delivery_id}/assignment", json={"auto": True})
        )
    return [delivery] if delivery["status"] in WAY else []


async def _drive(
    setting: Setting,
    staff: httpx.AsyncClient,
    driver_id: str,
    stops: Sequence[Json],
    troubles: list[str],
) -> int:
    count = 0
    async with _device(setting, staff, driver_id) as phone:
        driver = _json(await staff.get(f"/v1/drivers/{driver_id}"))
        vehicle = Vehicle(setting, phone, driver["name"], await _here(staff, driver_id))
        try:
            for stop in stops:
                await vehicle.fetch(stop)
            for stop in stops:
                await vehicle.bring(staff, stop)
                count += 1
        except SimulationStopped as reason:
            troubles.append(f"{driver['name']} stopped. {reason}")
            _say(troubles[-1])
    return count


class Vehicle:
    """A driver's phone in a vehicle that moves."""

    def __init__(
        self, setting: Setting, phone: httpx.AsyncClient, name: str, here: Point | None
    ) -> None:
        self._setting = setting
        self._phone = phone
        self._name = name
        self._here = here
        self._chance = random.Random(setting.seed)  # noqa: S311  scenery, not a secret
        self._queue: list[Json] = []

    async def fetch(self, stop: Json) -> None:
        """To the hub, and the parcel into the vehicle."""
        hub = _point(stop["pickup_lat"], stop["pickup_lon"])
        if stop["status"] in {"assigned", "accepted"}:
            await self._tell(stop, "accepted")
            if hub is not None:
                await self._go(hub)
            await self._tell(stop, "at_pickup")
        await self._tell(stop, "picked_up")

    async def bring(self, staff: httpx.AsyncClient, stop: Json) -> None:
        """To the door, the code, the parcel out of the vehicle."""
        await self._tell(stop, "en_route")
        door = _point(stop["lat"], stop["lon"])
        if door is not None:
            await self._go(door)
        await self._settle_at(stop)
        now = await self._stop(stop)
        if now is not None and now["status"] not in {"arriving", "arrived"}:
            await self._tell(stop, "arriving")
        await self._tell(stop, "arrived")
        await self._hand_over(staff, stop)

    async def _settle_at(self, stop: Json) -> None:
        """Wait at the door for a moment, as the fence wants two fixes."""
        for _ in range(2):
            await self._ping(0.0, 0.0)
            await asyncio.sleep(TICK_SECONDS / self._setting.speed / 2)

    async def _tell(self, stop: Json, status: str, **more: Any) -> Json | None:
        """Say it unless the delivery is as far already, or over."""
        current = await self._stop(stop)
        if current is None:
            return None
        if _rank(current["status"]) >= _rank(status):
            return current
        place = {"lat": self._here.lat, "lon": self._here.lon} if self._here else {}
        event = {"status": status, "at": _now(), "client_event_id": str(uuid4()), **place, **more}
        told: Json = await _patiently(
            lambda: self._phone.post(
                f"/v1/driver/deliveries/{stop['id']}/statuses", json={**event, "sent_at": _now()}
            )
        )
        _say(f"{self._name}: {stop['shipment_number']} {status.replace('_', ' ')}")
        return told

    async def _stop(self, stop: Json) -> Json | None:
        day = await _patiently(lambda: self._phone.get("/v1/driver/day"))
        return next((one for one in day["stops"] if one["delivery_id"] == stop["id"]), None)

    async def _hand_over(self, staff: httpx.AsyncClient, stop: Json) -> None:
        current = await self._stop(stop)
        if current is None:
            return
        for kind in ("photo", "signature"):
            if kind in current["missing"]:
                await self._add_picture(stop, kind)
        more: Json = {}
        if "otp" in current["missing"]:
            more["door_code"] = await _door_code(self._setting, staff, stop)
        if current["cod_minor"]:
            more["cash_minor"] = current["cod_minor"]
        await self._tell(stop, "delivered", **more)

    async def _add_picture(self, stop: Json, kind: str) -> None:
        event = str(uuid4())
        await _patiently(
            lambda: self._phone.post(
                f"/v1/driver/deliveries/{stop['id']}/proofs",
                data={"kind": kind, "client_event_id": event},
                files={"file": (f"{kind}.png", PIXEL, "image/png")},
            )
        )

    async def _go(self, goal: Point) -> None:
        """Along the streets where the city has them, else straight."""
        if self._here is None:
            self._here = goal
            await self._ping(0.0, 0.0)
            return
        line = _line(self._here, goal)
        for (start, end), is_corner in zip(pairwise(line), _corners(line), strict=True):
            await self._along(start, end, slows=is_corner)

    async def _along(self, start: Point, end: Point, *, slows: bool) -> None:
        """One straight piece of street, a fix every two seconds."""
        heading = bearing_degrees(start.lat, start.lon, end.lat, end.lon)
        length = distance(start, end)
        done = 0.0
        while done < length:
            pace = CRUISE_MPS * self._chance.uniform(0.8, 1.2)
            is_near_end = slows and length - done < 25
            mps = pace * (CORNER_FACTOR if is_near_end else 1.0) * self._setting.speed
            done = min(done + mps * TICK_SECONDS / self._pace(), length)
            part = done / length
            self._here = Point(
                start.lat + (end.lat - start.lat) * part,
                start.lon + (end.lon - start.lon) * part,
            )
            await self._ping(mps, heading)
            await asyncio.sleep(TICK_SECONDS / self._pace())

    def _pace(self) -> float:
        """Ticks come quicker at higher speeds, so that the line stays smooth."""
        return max(1.0, self._setting.speed / 2)

    async def _ping(self, mps: float, heading: float) -> None:
        """A fix with the noise of a phone's receiver; now and then the network (or the server) is
        gone for a while and the fixes come later, together."""
        assert self._here, "a vehicle that reports is somewhere"
        north, east = self._chance.gauss(0, NOISE_M), self._chance.gauss(0, NOISE_M)
        degree_m = metres_between(self._here.lat, 0.0, self._here.lat + 1, 0.0)
        self._queue.append(
            {
                "at": _now(),
                "lat": self._here.lat + north / degree_m,
                "lon": self._here.lon + east / (degree_m * math.cos(math.radians(self._here.lat))),
                "accuracy_m": round(self._chance.uniform(4, 12), 1),
                "speed_mps": round(mps, 1),
                "heading": round(heading, 1),
                "battery": 80,
            }
        )
        is_offline = len(self._queue) > 1 and len(self._queue) < self._chance.randint(*GAP_TICKS)
        if mps and (is_offline or self._chance.random() < GAP_CHANCE):
            return
        sent = self._queue[:BATCH_MAX]
        try:
            answer = await self._phone.post(
                "/v1/driver/pings", json={"pings": sent, "sent_at": _now()}
            )
        except httpx.TransportError:
            return
        if answer.status_code not in AWAY:
            _json(answer)
            del self._queue[: len(sent)]


def _rank(status: str) -> int:
    return WAY.index(status) if status in WAY else len(WAY)


def _line(start: Point, goal: Point) -> list[Point]:
    try:
        route = build_city().route((start.lat, start.lon), (goal.lat, goal.lon))
    except OutsideCity:
        return [start, goal]
    return [start, *(Point(*point) for point in route.points), goal]


def _corners(line: Sequence[Point]) -> list[bool]:
    """For each piece of the line: does a sharp turn follow?"""
    headings = [bearing_degrees(a.lat, a.lon, b.lat, b.lon) for a, b in pairwise(line)]
    turns = [abs((after - before + 180) % 360 - 180) for before, after in pairwise(headings)]
    return [*(turn > CORNER_DEGREES for turn in turns), True]


async def _door_code(setting: Setting, staff: httpx.AsyncClient, stop: Json) -> str:
    """What the buyer was texted or mailed, read where a real driver would have to ask for it."""
    if not setting.sandbox_url:
        raise SimulationStopped(
            "The buyer's code is read in the sandbox's mailbox: say where it is in "
            "TANDEM_SANDBOX_URL."
        )
    order = await _patiently(lambda: staff.get(f"/v1/orders/{stop['order_id']}"))
    wanted = re.compile(r"(?<![\d-])(\d{6})(?![\d-])")
    deadline = time.monotonic() + CODE_WAIT_SECONDS
    async with httpx.AsyncClient(base_url=setting.sandbox_url, trust_env=False) as sandbox:
        while time.monotonic() < deadline:
            for message in await _patiently(lambda: sandbox.get("/api/messages")):
                text = f"{message.get('subject') or ''} {message.get('text') or ''}"
                if order["number"] in text and "code" in text.lower():
                    found = wanted.search(text.replace(order["number"], ""))
                    if found:
                        return found[1]
            await asyncio.sleep(0.3)
    raise SimulationStopped(f"No code came for order {order['number']}.")


async def _here(staff: httpx.AsyncClient, driver_id: str) -> Point | None:
    live = _json(await staff.get("/v1/deliveries/live"))
    seen = next((one for one in live if one["driver_id"] == driver_id), None)
    return Point(seen["lat"], seen["lon"]) if seen else None


@asynccontextmanager
async def _device(
    setting: Setting, staff: httpx.AsyncClient, driver_id: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A phone of its own for the simulated driver; those of earlier runs are revoked."""
    path = f"/v1/drivers/{driver_id}/devices"
    for device in _json(await staff.get(path))["items"]:
        if device["name"] == DEVICE:
            await staff.delete(f"{path}/{device['id']}")
    made = _json(await staff.post(path, json={"name": DEVICE}))
    try:
        async with _caller(setting.base_url, made["token"]) as phone:
            yield phone
    finally:
        with contextlib.suppress(httpx.HTTPError):
            await staff.delete(f"{path}/{made['device']['id']}")


def _caller(base_url: str, token: str) -> httpx.AsyncClient:
    bearer = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=base_url, headers=bearer, timeout=30, trust_env=False)


async def _patiently(call: Callable[[], Awaitable[httpx.Response]]) -> Any:
    """The answer, asked for again while the server is away. Only for what may be said twice."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = await call()
            if answer.status_code not in AWAY or time.monotonic() > deadline:
                return _json(answer)
        except httpx.TransportError as reason:
            if time.monotonic() > deadline:
                raise SimulationStopped("The server has been away for too long.") from reason
        await asyncio.sleep(RETRY_SECONDS)


def _json(answer: httpx.Response) -> Any:
    if answer.status_code >= 400:
        raise SimulationStopped(f"{answer.request.url.path}: {answer.status_code} {answer.text}")
    return answer.json()


def _point(lat: float | None, lon: float | None) -> Point | None:
    return Point(lat, lon) if lat is not None and lon is not None else None


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  the command line's own voice
