"""Server-sent events: all vehicles for dispatch, one vehicle for whoever waits for it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, Gone, NotFound
from tandem.kernel.http import PUBLIC, Acting, Given, Store, refusals
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.live import Moved
from tandem.scm.delivery.domain.permissions import WATCH
from tandem.scm.delivery.http.live import Live
from tandem.scm.delivery.http.live.hub import Hub
from tandem.scm.delivery.service.tracking import Watched
from tandem.scm.delivery.service.viewing import list_changes

LOOK_AGAIN_HEARTBEATS = 4
"""Even when nothing was told: links end, minutes pass, a notification may have been lost."""
OVERLAP = timedelta(seconds=5)
"""Commits are not quite in the order of their times; a little is told twice after a gap."""
RESUME_MAX = timedelta(hours=1)

LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=60)]
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class StreamsController(Controller):
    path = "/v1"
    tags = ("delivery",)

    @get("/deliveries/stream", media_type="text/event-stream", responses=refusals(Forbidden))
    async def watch_fleet(
        self,
        actor: Acting,
        database: Store,
        resources: Given,
        last_event_id: LastEventId = None,
    ) -> Stream:
        """Every vehicle and every change. `vehicles` is where all are now, `positions` who moved,
        `delivery` what changed. With `Last-Event-ID` the changes since then come first."""
        actor.require(WATCH)
        return _stream(_fleet(resources.get(Live), database, actor, _since(last_event_id)))

    @get(
        "/public/track/{token:str}/stream",
        opt=PUBLIC,
        media_type="text/event-stream",
        responses=refusals(NotFound, Gone),
    )
    async def watch_delivery(
        self,
        token: FromPath[str],
        database: Store,
        resources: Given,
        last_event_id: LastEventId = None,
    ) -> Stream:
        """One delivery for its buyer. `tracking` is the whole picture, `step` a status it passed,
        `position` where the vehicle is now, `gone` the end. Ids resume with `Last-Event-ID`."""
        watched = await service.watch(database, token)
        hub = resources.get(Live).hub
        return _stream(_delivery(hub, database, token, watched, _place(last_event_id)))


def _stream(events: AsyncIterator[bytes]) -> Stream:
    return Stream(events, media_type="text/event-stream", headers=HEADERS)


async def _fleet(
    live: Live, database: Database, actor: Actor, since: datetime | None
) -> AsyncIterator[bytes]:
    watcher = live.hub.enter_company(actor.org_id)
    try:
        yield b"retry: 2000\n\n"
        if since is not None:
            yield await _missed(database, actor, since)
        yield await _everybody(live, database, actor)
        while not watcher.is_closed:
            if not await watcher.wait():
                yield b": still here\n\n"
            if watcher.take_refresh():
                yield await _everybody(live, database, actor)
            now_id = _id_of(database)
            if moved := watcher.take_moved():
                yield _positions([heard.as_json for heard in moved], now_id)
            for changed in watcher.take_changed():
                yield _event("delivery", changed, now_id)
    finally:
        live.hub.leave(watcher)


async def _everybody(live: Live, database: Database, actor: Actor) -> bytes:
    async def take() -> bytes:
        now = database.clock.now()
        async with database.transaction(actor) as tx:
            vehicles = await service.live_positions(tx, now=now)
        return _event("vehicles", vehicles, _id_of(database))

    return await live.pictures.of(actor.org_id, take)


def _positions(vehicles: list[bytes], event_id: str) -> bytes:
    """The same as `_event`, from parts that are encoded already."""
    return f"id: {event_id}\nevent: positions\ndata: [".encode() + b",".join(vehicles) + b"]\n\n"


async def _missed(database: Database, actor: Actor, since: datetime) -> bytes:
    reader = Actor.system(actor.org_id)
    earliest = database.clock.now() - RESUME_MAX
    async with database.transaction(reader) as tx:
        changes = await list_changes(tx, since=max(since - OVERLAP, earliest))
    return b"".join(_event("delivery", change, None) for change in changes)


async def _delivery(
    hub: Hub, database: Database, token: str, watched: Watched, seen: tuple[int, int]
) -> AsyncIterator[bytes]:
    watcher = hub.enter(*_rooms(watched))
    last_seq, last_ms = seen
    quiet = 0
    try:
        yield b"retry: 2000\n\n"
        yield _picture(watched, last_seq)
        last_seq, last_ms = watched.last_seq, max(last_ms, _heard_ms(watched))
        while not watcher.is_closed:
            is_awake = await watcher.wait()
            if not is_awake:
                quiet += 1
                yield b": still here\n\n"
            if watcher.take_refresh() or quiet >= LOOK_AGAIN_HEARTBEATS:
                quiet = 0
                shown = watched
                try:
                    watched = await service.watch(database, token)
                except (Gone, NotFound):
                    yield _event("gone", {}, None)
                    return
                if watched.delivery_id != shown.delivery_id:
                    last_seq, last_ms = 0, 0  # an order's link turned to another of its parcels
                hub.move(watcher, *_rooms(watched))
                if watched != shown:
                    yield _picture(watched, last_seq)
                last_seq = watched.last_seq
                last_ms = max(last_ms, _heard_ms(watched))
            for moved in (heard.moved for heard in watcher.take_moved()):
                is_theirs = moved.driver_id == watched.driver_id
                is_seen = is_theirs and watched.may_see(moved.lat, moved.lon)
                if is_seen and moved.heard_ms > last_ms:
                    last_ms = moved.heard_ms
                    yield _event("position", _public(moved, watched), f"{last_seq}.{last_ms}")
    finally:
        hub.leave(watcher)


def _rooms(watched: Watched) -> list[tuple[str, UUID]]:
    rooms = []
    if watched.delivery_id is not None:
        rooms.append(("delivery", watched.delivery_id))
    if watched.driver_id is not None:
        rooms.append(("driver", watched.driver_id))
    return [*rooms, *(("delivery", other) for other in watched.other_ids)]


def _picture(watched: Watched, last_seq: int) -> bytes:
    """The steps that were not told yet, each by itself, then everything as it stands."""
    steps = b"".join(
        _event("step", step, None)
        for seq, step in zip(watched.step_seqs, watched.tracking.steps, strict=True)
        if seq > last_seq
    )
    return steps + _event("tracking", watched.tracking, watched.tracking.event_id)


def _public(moved: Moved, watched: Watched) -> dict[str, Any]:
    return {
        "latitude": round(moved.lat, watched.decimals),
        "longitude": round(moved.lon, watched.decimals),
        "heading": moved.heading,
        "at": _instant(moved.heard_ms),
        "is_stale": False,
    }


def _event(name: str, data: object, event_id: str | None) -> bytes:
    """One event on the wire (WHATWG HTML, section 9.2)."""
    mark = f"id: {event_id}\n" if event_id else ""
    return f"{mark}event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _heard_ms(watched: Watched) -> int:
    location = watched.tracking.vehicle_location
    return round(location.at.timestamp() * 1000) if location else 0


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _id_of(database: Database) -> str:
    return str(round(database.clock.now().timestamp() * 1000))


def _since(last_event_id: str | None) -> datetime | None:
    """What a fleet stream's id says; anything else begins anew."""
    if not last_event_id or not last_event_id.isascii() or not last_event_id.isdigit():
        return None
    if len(last_event_id) > 14:
        return None
    return _instant(int(last_event_id))


def _place(last_event_id: str | None) -> tuple[int, int]:
    """The last status and position a stream told; from the beginning when it is not ours."""
    seq, _, heard = (last_event_id or "").partition(".")
    if not (seq + heard).isascii() or not (seq.isdigit() and heard.isdigit()):
        return 0, 0
    return (int(seq), int(heard)) if len(seq) < 19 and len(heard) < 19 else (0, 0)
