"""The moving part over a real server: pings in, events out, a line that breaks and resumes."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
import websockets
from litestar import Litestar

from tandem.app.settings import Settings
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.deliveries import Report
from tandem.scm.delivery.domain.statuses import Status
from tests.delivery.givens import DOOR, HUB, Crew, a_delivery, brought_to
from tests.delivery.traces import at
from tests.givens import api_key_of, visitor
from tests.serving import serving

DEADLINE_SECONDS = 15


@pytest.fixture
def base_url(settings: Settings, real_time: None) -> Iterator[str]:
    with serving(settings) as url:
        yield url


class Line:
    """A reader of server-sent events that remembers what came."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id = ""

    async def event(self, *names: str) -> dict[str, Any]:
        """The data of the next event with one of these names; others are passed over."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            name = ""
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line[4:]
                if line.startswith("event: "):
                    name = line[7:]
                if line.startswith("data: ") and name in names:
                    return {"event": name, "data": json.loads(line[6:])}
        raise AssertionError("the stream ended")


@asynccontextmanager
async def watching(url: str, **headers: str) -> AsyncIterator[Line]:
    async with (
        httpx.AsyncClient(timeout=DEADLINE_SECONDS, trust_env=False) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Line(answer.aiter_lines())


async def drive(
    base_url: str, crew: Crew, place: tuple[float, float], when: datetime, **more: object
) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as phone:
        told = {"at": when.isoformat(), "lat": place[0], "lon": place[1], **more}
        answer = await phone.post(
            "/v1/driver/pings",
            json={"pings": [told]},
            headers={"authorization": f"Bearer {crew.token}"},
        )
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_a_buyer_sees_the_vehicle_move_and_misses_nothing_when_the_line_breaks(
    base_url: str, database: Database, boss: Actor, crew: Crew
) -> None:
    """AD15: cut the stream, let the world go on, come back with Last-Event-ID."""
    start = database.clock.now().replace(microsecond=0) - timedelta(minutes=3)
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, start)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, start)
    await drive(base_url, crew, HUB, start)
    url = f"{base_url}/v1/public/track/{opened.public_token}/stream"
    async with watching(url) as line:
        steps = [(await line.event("step"))["data"]["status"] for _ in range(3)]
        picture = (await line.event("tracking"))["data"]
        assert steps == ["preparing", "picked_up", "en_route"]
        assert picture["sight"] == "live"
        await drive(base_url, crew, at(*HUB, 50.0, 0.0), start + timedelta(seconds=10))
        moved = (await line.event("position"))["data"]
        assert moved["latitude"] == round(at(*HUB, 50.0, 0.0)[0], 5)
        last_id = line.last_id
    seq, _, heard_ms = last_id.partition(".")
    assert int(heard_ms) == int((start + timedelta(seconds=10)).timestamp() * 1000)
    assert int(seq) > 0

    for status in (Status.ARRIVING, Status.ARRIVED):
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            told = Report(status=status, reason="")
            await service.report(tx, opened.id, told, now=start + timedelta(seconds=60))
    await drive(base_url, crew, at(*HUB, 400.0, 0.0), start + timedelta(seconds=60))

    async with watching(url, **{"last-event-id": last_id}) as line:
        missed = [(await line.event("step"))["data"]["status"] for _ in range(2)]
        resumed = (await line.event("tracking"))["data"]
        assert missed == ["arriving", "arrived"]
        assert datetime.fromisoformat(resumed["vehicle_location"]["at"]) == start + timedelta(
            seconds=60
        )
        assert [step["status"] for step in resumed["steps"]][-2:] == ["arriving", "arrived"]


async def test_a_position_from_the_past_never_reaches_a_watcher(
    base_url: str, database: Database, boss: Actor, crew: Crew
) -> None:
    start = database.clock.now().replace(microsecond=0) - timedelta(minutes=5)
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, start)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, start)
    url = f"{base_url}/v1/public/track/{opened.public_token}/stream"
    async with watching(url) as line:
        await line.event("tracking")
        await drive(base_url, crew, at(*HUB, 100.0, 0.0), start + timedelta(seconds=60))
        first = (await line.event("position"))["data"]
        late = await drive(base_url, crew, HUB, start + timedelta(seconds=20))
        assert late == {"accepted": 1, "reasons": [None], "rejected": {}}
        await drive(base_url, crew, at(*HUB, 150.0, 0.0), start + timedelta(seconds=70))
        second = (await line.event("position"))["data"]
    times = [datetime.fromisoformat(one["at"]) for one in (first, second)]
    assert times == [start + timedelta(seconds=60), start + timedelta(seconds=70)]


async def test_whoever_waits_behind_another_stop_hears_when_it_is_their_turn(
    base_url: str, database: Database, boss: Actor, crew: Crew
) -> None:
    start = database.clock.now().replace(microsecond=0) - timedelta(minutes=5)
    async with database.transaction(boss) as tx:
        other = await a_delivery(tx, start)
        mine = await a_delivery(tx, start, door=at(*DOOR, 900.0, 0.0))
    await brought_to(database, boss.org_id, crew, other.id, Status.EN_ROUTE, start)
    await brought_to(database, boss.org_id, crew, mine.id, Status.PICKED_UP, start)
    await outbox.drain(database)
    url = f"{base_url}/v1/public/track/{mine.public_token}/stream"
    async with watching(url) as line:
        waiting = (await line.event("tracking"))["data"]
        assert (waiting["sight"], waiting["remaining_stop_count"]) == ("stops_away", 1)
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            gone = Report(status=Status.FAILED, reason="refused")
            await service.report(tx, other.id, gone, now=start)
        await drive(base_url, crew, HUB, start + timedelta(seconds=30))
        await outbox.drain(database)
        turn = await line.event("tracking", "position")
        assert turn["event"] == "tracking"
        assert turn["data"]["sight"] == "live"


async def test_dispatch_sees_every_vehicle_and_every_change(
    base_url: str, database: Database, boss: Actor, actor: Actor, crew: Crew
) -> None:
    start = database.clock.now().replace(microsecond=0) - timedelta(minutes=5)
    await drive(base_url, crew, HUB, start, battery=71)
    key = await api_key_of(database, actor, "delivery.watch")
    headers = {"authorization": f"Bearer {key}"}
    async with watching(f"{base_url}/v1/deliveries/stream", **headers) as line:
        (vehicle,) = (await line.event("vehicles"))["data"]
        assert vehicle["driver_name"] == "Ravi Kumar"
        assert vehicle["vehicle"].startswith("scooter KA 01")
        assert vehicle["battery"] == 71
        await drive(base_url, crew, at(*HUB, 80.0, 0.0), start + timedelta(seconds=9))
        (moved,) = (await line.event("positions"))["data"]
        assert moved["driver_id"] == str(crew.driver.id)
        async with database.transaction(boss) as tx:
            opened = await a_delivery(tx, start)
        await outbox.drain(database)
        changed = (await line.event("delivery"))["data"]
        assert changed == {
            "delivery_id": str(opened.id),
            "driver_id": None,
            "status": "unassigned",
        }
        last_id = line.last_id
    await brought_to(database, boss.org_id, crew, opened.id, Status.ACCEPTED, start)
    resume = {**headers, "last-event-id": str(int(last_id) - 600_000)}
    async with watching(f"{base_url}/v1/deliveries/stream", **resume) as line:
        missed = [(await line.event("delivery"))["data"]["status"] for _ in range(3)]
        assert missed == ["accepted"] * 3
        await line.event("vehicles")


async def test_watching_the_fleet_needs_the_permission(
    base_url: str, database: Database, actor: Actor
) -> None:
    key = await api_key_of(database, actor, "delivery.read")
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as caller:
        answer = await caller.get(
            "/v1/deliveries/stream", headers={"authorization": f"Bearer {key}"}
        )
        stranger = await caller.get("/v1/deliveries/stream")
    assert (answer.status_code, answer.json()["permission"]) == (403, "delivery.watch")
    assert stranger.status_code == 401


async def test_a_phone_keeps_a_socket_open_and_hears_what_was_stored(
    base_url: str, database: Database, crew: Crew
) -> None:
    url = f"{base_url.replace('http', 'ws', 1)}/v1/driver/stream"
    when = database.clock.now()
    batch = {"pings": [{"at": when.isoformat(), "lat": HUB[0], "lon": HUB[1], "seq": 1}]}
    header = {"authorization": f"Bearer {crew.token}"}
    async with websockets.connect(url, additional_headers=header, proxy=None) as socket:
        assert json.loads(await socket.recv()) == {"ready": True}
        for expected in ({"accepted": 1, "reasons": [None]}, {"reasons": ["duplicate"]}):
            await socket.send(json.dumps(batch))
            answer = json.loads(await socket.recv())
            assert {name: answer[name] for name in expected} == expected
    async with websockets.connect(url, proxy=None) as socket:
        await socket.send(json.dumps({"token": crew.token}))
        assert json.loads(await socket.recv()) == {"ready": True}
        await socket.send('{"pings": 5}')
        await socket.wait_closed()
        assert socket.close_code == 4400
    async with websockets.connect(url, proxy=None) as socket:
        await socket.send(json.dumps({"token": "tdd_nobody"}))
        await socket.wait_closed()
        assert socket.close_code == 4401


async def test_phone_apps_that_exist_can_report(
    base_url: str, database: Database, boss: Actor, crew: Crew
) -> None:
    seconds = round(database.clock.now().timestamp()) - 60
    basic = base64.b64encode(f"ravi:{crew.token}".encode()).decode()
    first: dict[str, str | float] = {
        "id": crew.token, "lat": HUB[0], "lon": HUB[1], "timestamp": seconds, "speed": 10,
        "bearing": 90, "accuracy": 6, "batt": 55,
    }  # fmt: skip
    place = at(*HUB, 120.0, 0.0)
    form = {"id": crew.token, "lat": place[0], "lon": place[1], "timestamp": (seconds + 20) * 1000}
    place = at(*HUB, 240.0, 0.0)
    owntracks = {"_type": "location", "lat": place[0], "lon": place[1], "tst": seconds + 40,
                 "vel": 36, "acc": 9, "batt": 54, "t": "u"}  # fmt: skip
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as app:
        by_query = await app.get("/v1/driver/osmand", params=first)
        by_form = await app.post("/v1/driver/osmand", data=form)
        app.headers["authorization"] = f"Basic {basic}"
        moved = await app.post("/v1/driver/owntracks", json=owntracks)
        will = await app.post("/v1/driver/owntracks", json={"_type": "lwt", "tst": seconds})
        del app.headers["authorization"]
        nonsense = await app.get(f"/v1/driver/osmand?id={crew.token}&lat=north&lon=nan")
    assert (by_query.status_code, by_form.status_code) == (200, 200)
    assert by_query.json()["accepted"] == by_form.json()["accepted"] == 1
    assert (moved.status_code, moved.json(), will.json()) == (200, [], [])
    assert (nonsense.status_code, nonsense.json()["field"]) == (422, "lat")
    async with database.transaction(boss) as tx:
        (live,) = await service.live_positions(tx, now=database.clock.now())
    assert (live.battery, live.heard_at.timestamp()) == (54, seconds + 40)
    assert live.speed_mps == pytest.approx(10.0)


async def test_a_phone_app_may_write_json_or_a_place_in_one_word(
    base_url: str, database: Database, boss: Actor, crew: Crew
) -> None:
    """Traccar Client since version 9; a refused one changes nothing."""
    when = database.clock.now() - timedelta(minutes=1)
    place = at(*HUB, 180.0, 0.0)
    told = {
        "timestamp": (when + timedelta(seconds=30)).isoformat(),
        "coords": {"latitude": place[0], "longitude": place[1], "accuracy": 5, "speed": 9.5,
                   "heading": -1},
        "battery": {"level": 0.545, "is_charging": False},
        "event": "motionchange",
    }  # fmt: skip
    newer = {"device_id": crew.token, "location": told}
    spot = {"id": crew.token, "location": f"{place[0]},{place[1]}",
            "timestamp": str(round(when.timestamp()) + 35)}  # fmt: skip
    told_wrongly: list[object] = [
        newer | {"device_id": "tdd_nobody"}, newer | {"location": {}}, {}, [],
    ]  # fmt: skip
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as app:
        by_json = await app.post("/v1/driver/osmand", json=newer)
        async with database.transaction(boss) as tx:
            (live,) = await service.live_positions(tx, now=database.clock.now())
        wrong = [
            (await app.post("/v1/driver/osmand", json=body)).status_code for body in told_wrongly
        ]
        in_one = await app.get("/v1/driver/osmand", params=spot)
    assert by_json.json() == {"accepted": 1, "rejected": {}, "reasons": [None]}
    assert (live.battery, live.speed_mps, live.heading) == (54.5, 9.5, None)
    assert wrong == [401, 422, 422, 422]
    assert in_one.status_code == 200, in_one.text


async def test_a_large_batch_is_answered_with_counts(
    base_url: str, database: Database, crew: Crew
) -> None:
    start = database.clock.now() - timedelta(hours=1)
    pings = [
        {
            "at": (start + timedelta(seconds=2 * step)).isoformat(),
            "lat": at(*HUB, 20.0 * step, 0.0)[0],
            "lon": HUB[1],
            "seq": step,
        }
        for step in range(500)
    ]
    pings[7]["lat"] = 99
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as phone:
        headers = {"authorization": f"Bearer {crew.token}"}
        answer = await phone.post("/v1/driver/pings", json={"pings": pings}, headers=headers)
        more = await phone.post(
            "/v1/driver/pings", json={"pings": [*pings, pings[0]]}, headers=headers
        )
    assert answer.json() == {"accepted": 499, "rejected": {"invalid": 1}}
    assert more.status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "lat=1e400&lon=1",
        "lat=nan&lon=1",
        "lat=&lon=",
        "lat=91&lon=1&timestamp=1e20",
        "lat=1&lon=1&timestamp=-99999999999999999999",
        "lat=1&lon=1&timestamp=2026-13-45T99:00",
        "lat=1&lon=1&timestamp=0001-01-01T00:00:00%2B14:00",
        "lat=1&lon=1&timestamp=9999-12-31T23:59:59-14:00",
        "lat=1&lon=1&speed=1e308&bearing=-1e308&accuracy=1e308&batt=1e308",
        "lat=%00&lon=%00",
        "lat=1&lat=2&lon=3&mock=maybe",
    ],
)
async def test_nonsense_from_a_tracker_is_an_answer_and_no_crash(
    app: Litestar, crew: Crew, query: str
) -> None:
    async with visitor(app) as tracker:
        answer = await tracker.get(f"/v1/driver/osmand?id={crew.token}&{query}")
    assert answer.status_code in {200, 422}
