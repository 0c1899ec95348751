"""Positions in and out: how many are stored a second, how soon thousands of watchers see one."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import msgspec
import uvloop

from bench import cpu, load
from bench.table import Row, at_least, at_most
from bench.world import World
from tandem.app.serve import allow_many_files
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.delivery import service as delivery

BATCH = 100
BATCHES_EACH = 36
"""An hour's drive of one device, a fix a second, in batches of a hundred."""
DRIVERS = 60
CONNECTIONS = DRIVERS - 1
"""Each phone has a line of its own; the last driver is for those who watch."""
WATCHERS = 5_000
FILES_ASIDE = 200
"""Open files that are no watcher's."""
STEP = 0.0001
"""Degrees a second, about 11 m: a vehicle at 40 km/h, which no filter doubts."""
LAT, LON = 12.9, 77.5


def measure(world: World, *, watchers: int = WATCHERS, moves: int = 20) -> list[Row]:
    tokens = asyncio.run(_drivers(world))
    watchers = min(watchers, allow_many_files() - FILES_ASIDE)
    before = cpu.seconds_of(world.web)
    seen = _watch(world, tokens[-1], watchers, moves)
    spent = cpu.seconds_of(world.web) - before
    return [
        _store(world, tokens[:-1]),
        Row(f"{seen.watchers:,} watchers, {seen.moves} moves", f"{seen.received:,} seen"),
        Row("  CPU of the web for one watcher's event", f"{spent / seen.received * 1e6:.0f} us"),
        Row("  median, ping sent to event read", f"{seen.p50 * 1000:.0f} ms"),
        at_most("  p99", seen.p99, 1.0, unit=" s", budget="< 1 s"),
    ]


def _store(world: World, tokens: list[str]) -> Row:
    start = datetime.now(UTC) - timedelta(hours=1, minutes=5)
    requests = [
        _post(token, start, place)
        for place in range(BATCHES_EACH)  # each device's batches in the order they were driven
        for token in tokens
    ]
    plan = load.Plan(
        host="127.0.0.1",
        port=world.port,
        connections=CONNECTIONS,
        requests=requests,
        count=len(requests),
    )
    before = cpu.seconds_of(world.web)
    result = load.run(plan)
    spent = cpu.seconds_of(world.web) - before
    assert result.statuses == {"200": len(requests)}, result.statuses
    return at_least(
        f"positions stored a second ({spent / len(requests) / BATCH * 1e6:.0f} us of the web each)",
        len(requests) * BATCH / result.elapsed,
        50_000,
        unit="/s",
        budget=">= 50 k/s a process",
    )


def _post(token: str, start: datetime, place: int) -> str:
    first = place * BATCH
    pings = [
        {"at": start + timedelta(seconds=n), "lat": LAT + n * STEP, "lon": LON, "seq": n}
        for n in range(first, first + BATCH)
    ]
    return _request(token, msgspec.json.encode({"pings": pings}).decode())


def _request(token: str, body: str) -> str:
    return (
        "POST /v1/driver/pings HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    )


async def _drivers(world: World) -> list[str]:
    database = await Database.connect(world.app_dsn, size_min=1, size_max=2)
    now = datetime.now(UTC)
    tokens = []
    async with database.transaction(Actor.system(world.company.org_id)) as tx:
        for number in range(DRIVERS):
            driver = await delivery.add_driver(
                tx, name=f"Driver {number}", phone=f"+9197{number:08d}", now=now
            )
            await delivery.start_shift(tx, driver.id, vehicle_id=None, now=now)
            _, token = await delivery.add_device(tx, driver.id, name="phone", now=now)
            tokens.append(token)
    await database.close()
    return tokens


class Watching(msgspec.Struct, kw_only=True):
    """What the watchers' process is asked to do."""

    port: int
    key: str
    token: str
    watchers: int
    moves: int


class Seen(msgspec.Struct, kw_only=True):
    watchers: int
    moves: int
    received: int
    p50: float
    p99: float


def _watch(world: World, token: str, watchers: int, moves: int) -> Seen:
    asked = Watching(
        port=world.port,
        key=world.company.keys[19],
        token=token,
        watchers=watchers,
        moves=moves,
    )
    done = subprocess.run(
        [sys.executable, "-m", "bench.live"],
        input=msgspec.json.encode(asked),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Seen)


class Watcher(asyncio.Protocol):
    """One open event stream. A move is told apart by its longitude, which only it has."""

    def __init__(self, room: "Room") -> None:
        self.room = room
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sender = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        sender.write(
            b"GET /v1/deliveries/stream HTTP/1.1\r\nhost: bench\r\n"
            b"authorization: Bearer " + self.room.asked.key.encode() + b"\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        held = self.held + data
        self.held = held[-64:]
        if self.room.awaited and self.room.awaited in held:
            self.held = b""
            self.room.latencies.append(at - self.room.sent_at)
        elif not self.room.awaited and b"event: vehicles" in held:
            self.held = b""
            self.room.ready += 1


class Room:
    def __init__(self, asked: Watching) -> None:
        self.asked = asked
        self.ready = 0
        self.awaited = b""
        self.sent_at = 0.0
        self.latencies: list[float] = []

    def has_seen(self, count: int) -> bool:
        return len(self.latencies) >= count


async def watch(asked: Watching) -> Seen:
    allow_many_files()
    loop = asyncio.get_running_loop()
    room = Room(asked)
    for _ in range(asked.watchers):
        await loop.create_connection(lambda: Watcher(room), "127.0.0.1", asked.port)
    await _until(lambda: room.ready >= asked.watchers, "every stream to open")
    reader, writer = await asyncio.open_connection("127.0.0.1", asked.port)
    for move in range(1, asked.moves + 1):
        # Five decimals that end in 5, so that no two moves' numbers begin alike.
        lon = round(LON + move * STEP + STEP / 2, 5)
        room.awaited = repr(lon).encode()
        ping = {"at": datetime.now(UTC), "lat": LAT, "lon": lon, "seq": move}
        room.sent_at = time.perf_counter()
        writer.write(
            _request(asked.token, msgspec.json.encode({"pings": [ping]}).decode()).encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        await _until(partial(room.has_seen, move * asked.watchers), f"move {move}")
        room.awaited = b"nothing yet"
        await asyncio.sleep(1.0)
    ordered = sorted(room.latencies)
    return Seen(
        watchers=asked.watchers,
        moves=asked.moves,
        received=len(ordered),
        p50=ordered[len(ordered) // 2],
        p99=ordered[int(len(ordered) * 0.99)],
    )


async def _until(is_so: Callable[[], bool], what: str, *, seconds_max: float = 120.0) -> None:
    deadline = time.monotonic() + seconds_max
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.005)


if __name__ == "__main__":
    asked_for = msgspec.json.decode(sys.stdin.buffer.read(), type=Watching)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(watch(asked_for))))
