"""Who watches what, in this process's memory. A slow watcher misses the past, never the present."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Hashable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from tandem.scm.delivery.domain.live import Changed, Moved, Told

RECENT_SECONDS = 5.0
"""What a newcomer is told beside its first picture, which may be that old."""
CHANGES_KEPT = 10_000
HEARTBEAT_SECONDS = 15.0
BEAT_SECONDS = 0.5


class Heard(msgspec.Struct, frozen=True):
    """A position and, encoded once for all of dispatch, how it is told there."""

    moved: Moved
    as_json: bytes
    at: float


class Watcher:
    """One stream's letter box: the newest position of each vehicle, the changes since it last
    looked, and whether it must look at the tables again. What it does not fetch in time is
    replaced, so a slow reader costs no memory."""

    __slots__ = ("_is_awake", "_sleep", "changed", "is_closed", "moved", "must_refresh", "woken_at")

    def __init__(self) -> None:
        self._sleep: asyncio.Future[None] | None = None
        self._is_awake = False
        self.woken_at = time.monotonic()
        self.moved: dict[UUID, Heard] = {}
        self.changed: dict[UUID, Changed] = {}
        self.must_refresh = False
        self.is_closed = False

    def wake(self) -> None:
        self._is_awake = True
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)

    async def wait(self) -> bool:
        """True when there is something; False when it was long quiet, and somebody on the line has
        to be told that it is still there. No timer of its own: thousands are set up too slowly."""
        if not self._is_awake:
            self._sleep = asyncio.get_running_loop().create_future()
            await self._sleep
        self._is_awake = False
        self.woken_at = time.monotonic()
        return bool(self.moved or self.changed or self.must_refresh or self.is_closed)

    def take_moved(self) -> list[Heard]:
        moved, self.moved = list(self.moved.values()), {}
        return moved

    def take_changed(self) -> list[Changed]:
        changed, self.changed = list(self.changed.values()), {}
        return changed

    def take_refresh(self) -> bool:
        must, self.must_refresh = self.must_refresh, False
        return must


class Hub:
    def __init__(self) -> None:
        self._rooms: dict[Hashable, set[Watcher]] = {}
        self._rooms_of: dict[Watcher, list[Hashable]] = {}
        self._recent: dict[UUID, dict[UUID, Heard]] = {}
        self._changed_at: OrderedDict[Hashable, float] = OrderedDict()

    @property
    def count(self) -> int:
        return len(self._rooms_of)

    def enter(self, *rooms: Hashable) -> Watcher:
        """Begin to watch: `("org", id)` hears everything of a company, `("driver", id)` one
        vehicle and its changes, `("delivery", id)` one delivery's changes. Who took a picture
        first looks again when something changed in the last seconds."""
        watcher = Watcher()
        self._rooms_of[watcher] = []
        self.move(watcher, *rooms)
        return watcher

    def enter_company(self, org_id: UUID) -> Watcher:
        """Begin to watch a whole company, the last seconds included."""
        watcher = self.enter(("org", org_id))
        since = time.monotonic() - RECENT_SECONDS
        recent = self._recent.get(org_id, {})
        watcher.moved = {driver: heard for driver, heard in recent.items() if heard.at >= since}
        if watcher.moved:
            watcher.wake()
        return watcher

    def move(self, watcher: Watcher, *rooms: Hashable) -> None:
        """Watch these instead: the delivery has another driver."""
        before = self._rooms_of[watcher]
        for room in before:
            self._leave(room, watcher)
        self._rooms_of[watcher] = list(rooms)
        since = time.monotonic() - RECENT_SECONDS
        for room in rooms:
            self._rooms.setdefault(room, set()).add(watcher)
            if room not in before and self._changed_at.get(room, since) > since:
                watcher.must_refresh = True
                watcher.wake()

    def leave(self, watcher: Watcher) -> None:
        for room in self._rooms_of.pop(watcher, []):
            self._leave(room, watcher)

    def hear(self, payload: str) -> None:
        """One notification, to everybody in the rooms it concerns."""
        told = msgspec.json.decode(payload, type=Told)
        company = self._rooms.get(("org", told.org_id), ())
        recent = self._recent.setdefault(told.org_id, {})
        for moved in told.moved:
            held = recent.get(moved.driver_id)
            if held is not None and moved.heard_ms < held.moved.heard_ms:
                continue  # told by another process, and overtaken on the way
            heard = Heard(moved, _as_json(moved), time.monotonic())
            recent[moved.driver_id] = heard
            for watcher in (*company, *self._rooms.get(("driver", moved.driver_id), ())):
                watcher.moved[moved.driver_id] = heard
                watcher.wake()
        for changed in told.changed:
            self._remember(changed)
            for watcher in company:
                watcher.changed[changed.delivery_id] = changed
                watcher.wake()
            for watcher in self._concerned(changed):
                watcher.must_refresh = True
                watcher.wake()

    async def beat(self) -> None:
        """Wake whoever heard nothing for `HEARTBEAT_SECONDS`, until cancelled."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            quiet_since = time.monotonic() - HEARTBEAT_SECONDS
            for watcher in self._rooms_of:
                if watcher.woken_at <= quiet_since:
                    watcher.wake()

    def refresh_all(self) -> None:
        """Something was not heard: everybody looks at the tables."""
        for watcher in self._rooms_of:
            watcher.must_refresh = True
            watcher.wake()

    def close(self) -> None:
        """The process ends: every stream says goodbye and reconnects elsewhere."""
        for watcher in self._rooms_of:
            watcher.is_closed = True
            watcher.wake()

    def _concerned(self, changed: Changed) -> set[Watcher]:
        """A change at one stop moves every later one: all who wait for this driver look again."""
        found = set(self._rooms.get(("delivery", changed.delivery_id), ()))
        if changed.driver_id is not None:
            found |= self._rooms.get(("driver", changed.driver_id), set())
        return found

    def _remember(self, changed: Changed) -> None:
        for room in (("delivery", changed.delivery_id), ("driver", changed.driver_id)):
            self._changed_at[room] = time.monotonic()
            self._changed_at.move_to_end(room)
        while len(self._changed_at) > CHANGES_KEPT:
            self._changed_at.popitem(last=False)

    def _leave(self, room: Hashable, watcher: Watcher) -> None:
        watchers = self._rooms.get(room)
        if watchers is not None:
            watchers.discard(watcher)
            if not watchers:
                del self._rooms[room]


def _as_json(moved: Moved) -> bytes:
    return msgspec.json.encode(
        {
            "driver_id": moved.driver_id,
            "lat": moved.lat,
            "lon": moved.lon,
            "heading": moved.heading,
            "speed_mps": moved.speed_mps,
            "battery": moved.battery,
            "heard_at": datetime.fromtimestamp(moved.heard_ms / 1000, UTC),
        }
    )
