"""Drivers, vehicles, runs and settings over HTTP."""

import csv
import io
from datetime import datetime, timedelta
from uuid import uuid4
from xml.etree import ElementTree

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.statuses import Status
from tests.delivery.givens import DOOR, HUB, Crew, a_delivery, a_driver, brought_to
from tests.delivery.positions import send
from tests.delivery.traces import straight
from tests.givens import api_key_of, visitor

DRIVER = {"name": "Imran Khan", "phone": "+919845012345"}


async def test_a_driver_is_added_changed_with_its_version_and_listed_by_name(
    client: httpx.AsyncClient,
) -> None:
    added = await client.post("/v1/drivers", json=DRIVER)
    assert (added.status_code, added.headers["etag"]) == (201, '"1"')
    path = f"/v1/drivers/{added.json()['id']}"
    taken = await client.post("/v1/drivers", json={**DRIVER, "name": "Another"})
    assert (taken.status_code, taken.json()["code"]) == (409, "phone_taken")
    first = await client.patch(path, json={"stops_max": 8}, headers={"if-match": '"1"'})
    stale = await client.patch(path, json={"stops_max": 9}, headers={"if-match": '"1"'})
    assert (first.json()["stops_max"], first.headers["etag"]) == (8, '"2"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await client.get(path)).json()["stops_max"] == 8
    for name in ("Asha", "Zubin", "Binod"):
        body = {"name": name, "phone": f"+9198{uuid4().int % 10**8:08d}"}
        assert (await client.post("/v1/drivers", json=body)).status_code == 201
    names: list[str] = []
    more: str | None = ""
    while more is not None:
        page = (await client.get(f"/v1/drivers?limit=2{more}")).json()
        names += [driver["name"] for driver in page["items"]]
        more = f"&cursor={page['next']}" if page["next"] else None
    assert names == ["Asha", "Binod", "Imran Khan", "Zubin"]


@pytest.mark.parametrize(
    "wrong",
    [
        {**DRIVER, "phone": "98450"},
        {**DRIVER, "name": "  "},
        {**DRIVER, "name": "a\u0000b"},
        {**DRIVER, "stops_max": 0},
        {**DRIVER, "colour": "red"},
        {"name": "Nobody"},
    ],
)
async def test_a_driver_without_sense_is_refused_at_the_field(
    client: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    answer = await client.post("/v1/drivers", json=wrong)
    assert answer.status_code == 422
    assert (await client.get("/v1/drivers")).json()["items"] == []


async def test_a_vehicle_is_driven_by_one_driver_at_a_time(
    client: httpx.AsyncClient, database: Database, boss: Actor, now: datetime
) -> None:
    body = {"kind": "van", "plate": "KA 05 AB 1234"}
    van = (await client.post("/v1/vehicles", json=body)).json()
    again = await client.post("/v1/vehicles", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "plate_taken")
    async with database.transaction(boss) as tx:
        ravi, mary = await a_driver(tx, now), await a_driver(tx, now, "Mary")
    for crew in (ravi, mary):
        await client.delete(f"/v1/drivers/{crew.driver.id}/shift")
    start = {"vehicle_id": van["id"]}
    first = await client.post(f"/v1/drivers/{ravi.driver.id}/shift", json=start)
    same = await client.post(f"/v1/drivers/{ravi.driver.id}/shift", json=start)
    second = await client.post(f"/v1/drivers/{mary.driver.id}/shift", json=start)
    assert (first.status_code, same.json()["id"]) == (201, first.json()["id"])
    assert (second.status_code, second.json()["code"]) == (409, "vehicle_in_use")
    unknown = await client.post(
        f"/v1/drivers/{mary.driver.id}/shift", json={"vehicle_id": str(uuid4())}
    )
    assert (unknown.status_code, unknown.json()["field"]) == (422, "vehicle_id")


async def test_open_deliveries_are_listed_late_first_and_found_by_number(
    client: httpx.AsyncClient, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        deliveries = [await a_delivery(tx, now) for _ in range(5)]
        await service.cancel(tx, deliveries[0].id, reason="test", now=now)
    listed = (await client.get("/v1/deliveries", params={"limit": 200})).json()["items"]
    assert [one["id"] for one in listed] == [str(one.id) for one in deliveries[:0:-1]]
    everything = (await client.get("/v1/deliveries", params={"is_open": False})).json()["items"]
    assert len(everything) == 5
    found: list[str] = []
    more: str | None = ""
    while more is not None:
        page = (await client.get(f"/v1/deliveries?sort=promised&limit=3{more}")).json()
        found += [one["id"] for one in page["items"]]
        more = f"&cursor={page['next']}" if page["next"] else None
    assert found == [str(one.id) for one in deliveries[1:]]
    number = {"number": deliveries[0].shipment_number}
    (one,) = (await client.get("/v1/deliveries", params=number)).json()["items"]
    assert one["status"] == "cancelled"
    await brought_to(database, boss.org_id, crew, deliveries[1].id, Status.ACCEPTED, now)
    two = "/v1/deliveries?status=accepted&status=at_pickup"
    (carried,) = (await client.get(two)).json()["items"]
    assert carried["id"] == str(deliveries[1].id)
    counts = (await client.get("/v1/deliveries/counts")).json()
    assert counts == [
        {"status": "accepted", "count": 1, "late": 0},
        {"status": "unassigned", "count": 3, "late": 0},
    ]


async def test_a_delivery_is_worked_on_over_http(
    client: httpx.AsyncClient, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    path = f"/v1/deliveries/{opened.id}"
    both = await client.post(f"{path}/assignment", json={"auto": True, "driver_id": str(uuid4())})
    assert both.status_code == 422
    given = await client.post(f"{path}/assignment", json={"driver_id": str(crew.driver.id)})
    assert (given.status_code, given.json()["status"]) == (201, "assigned")
    illegal = await client.post(f"{path}/reattempt", json={})
    assert (illegal.status_code, illegal.json()["code"]) == (409, "illegal_transition")
    assert illegal.json()["allowed"] == ["accepted", "cancelled", "failed", "unassigned"]
    back = await client.delete(f"{path}/assignment")
    assert (back.status_code, back.json()["driver_id"]) == (200, None)
    offered = await client.post(f"{path}/offer", json={"auto": True})
    assert offered.json()["status"] == "offered"
    ended = await client.post(f"{path}/cancellation", json={"reason": "buyer moved"})
    assert (ended.json()["status"], ended.json()["reason"]) == ("cancelled", "buyer moved")
    shown = (await client.get(path)).json()
    assert [row["status"] for row in shown["statuses"]] == [
        "unassigned",
        "assigned",
        "unassigned",
        "offered",
        "cancelled",
    ]
    assert (await client.get(f"/v1/deliveries/{uuid4()}")).status_code == 404


async def test_a_run_is_optimised_over_http(
    client: httpx.AsyncClient, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        far = await a_delivery(tx, now, door=(HUB[0] + 0.03, HUB[1]))
        near = await a_delivery(tx, now, door=(HUB[0] + 0.01, HUB[1]))
        for stop in (far, near):
            await service.assign(tx, stop.id, driver_id=crew.driver.id, now=now)
    (run,) = (await client.get("/v1/runs", params={"is_open": True})).json()["items"]
    whole = (await client.get(f"/v1/runs/{run['id']}")).json()
    assert [stop["id"] for stop in whole["stops"]] == [str(far.id), str(near.id)]
    await send(database, boss.org_id, crew, straight(database.clock.now(), count=1), now)
    path = f"/v1/runs/{run['id']}/stop-order"
    ordered = (await client.post(path, json={"optimise": True})).json()
    assert {stop["id"] for stop in ordered["stops"]} == {str(far.id), str(near.id)}
    by_hand = {"delivery_ids": [str(near.id), str(far.id)]}
    assert [
        stop["stop_seq"] for stop in (await client.post(path, json=by_hand)).json()["stops"]
    ] == [
        1,
        2,
    ]
    assert (await client.post(path, json={})).status_code == 422


async def test_a_days_track_comes_as_gpx_with_its_gaps(
    client: httpx.AsyncClient, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    first = straight(now, count=10)
    later = now + timedelta(hours=1)
    await send(database, boss.org_id, crew, first, now + timedelta(minutes=1))
    second = [
        type(one)(at=one.at, lat=one.lat, lon=one.lon, speed_mps=9.0)
        for one in straight(later, count=10)
    ]
    await send(database, boss.org_id, crew, second, later + timedelta(minutes=1))
    path = f"/v1/drivers/{crew.driver.id}/playback"
    span = {"from": now.isoformat(), "to": (now + timedelta(hours=2)).isoformat()}
    answer = await client.get(path, params={**span, "format": "gpx"})
    assert answer.headers["content-type"].startswith("application/gpx+xml")
    root = ElementTree.fromstring(answer.content)  # noqa: S314  our own answer
    names = {"g": "http://www.topografix.com/GPX/1/1"}
    pieces = root.findall("g:trk/g:trkseg", names)
    assert [len(piece) for piece in pieces] == [10, 10]
    drawn = await client.get(path, params={**span, "format": "kml"})
    assert drawn.headers["content-disposition"].endswith('.kml"')
    lines = ElementTree.fromstring(drawn.content).iter(  # noqa: S314  our own answer
        "{http://www.opengis.net/kml/2.2}coordinates"
    )
    assert [len((line.text or "").split()) for line in lines] == [10, 10]
    table = await client.get(path, params={**span, "format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["stretch"] for row in rows] == ["1"] * 10 + ["2"] * 10
    assert float(rows[0]["lat"]) == pytest.approx(first[0].lat, abs=1e-6)
    shown = (await client.get(path, params=span)).json()
    assert [len(segment) for segment in shown["segments"]] == [10, 10]
    wide = {"from": span["from"], "to": (now + timedelta(days=2)).isoformat()}
    assert (await client.get(path, params=wide)).status_code == 422
    naive = {"from": "2026-11-22T10:00:00", "to": "2026-11-22T12:00:00"}
    assert (await client.get(path, params=naive)).status_code == 422
    vague = (await client.get(path, params={**span, "from": "today"})).json()
    assert (vague["field"], vague["errors"][0]["field"]) == ("from", "from"), "the query's own word"
    views = (await client.get(f"/v1/drivers/{crew.driver.id}/track-views")).json()["items"]
    assert len(views) == 4


async def test_the_policy_is_replaced_whole_with_its_version(client: httpx.AsyncClient) -> None:
    before = await client.get("/v1/delivery-policy")
    assert before.headers["etag"] == '"0"'
    wanted = {**before.json(), "link_hours_after": 48, "proof_policy": ["otp", "photo"]}
    changed = await client.put("/v1/delivery-policy", json=wanted, headers={"if-match": '"0"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"1"')
    stale = await client.put("/v1/delivery-policy", json=wanted, headers={"if-match": '"0"'})
    assert stale.status_code == 412
    half = {**wanted, "pickup_lat": DOOR[0], "pickup_lon": None}
    assert (await client.put("/v1/delivery-policy", json=half)).json()["field"] == "pickup_lat"
    assert (await client.get("/v1/delivery-policy")).json()["link_hours_after"] == 48


async def test_predictions_are_held_against_arrivals(
    client: httpx.AsyncClient, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    from tandem.scm.delivery.domain.eta import Leg, Route
    from tandem.scm.delivery.domain.places import Point
    from tandem.scm.delivery.service import etas
    from tests.delivery.positions import stand_at

    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    await stand_at(database, boss.org_id, crew, (HUB[0] - 0.02, HUB[1]), now)
    for minutes_before, predicted in ((20, 1_500.0), (10, 540.0)):
        at = now + timedelta(minutes=22 - minutes_before)
        async with database.transaction(boss) as tx:
            question = await etas.ask(tx, crew.driver.id, now=at)
            assert question is not None
            route = Route(
                legs=[Leg(distance_m=3_000.0, duration_s=predicted)],
                points=[Point(*HUB)],
                source="city",
            )
            await etas.record(tx, question, route, now=at)
    arrived = now + timedelta(minutes=22)
    async with database.transaction(boss) as tx:
        for status in (Status.ARRIVING, Status.ARRIVED):
            await service.set_status(tx, opened.id, status=status, reason="seen", now=arrived)
    span = {"from": now.isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
    rows = (await client.get("/v1/eta-accuracy", params=span)).json()
    assert [(row["minutes"], row["source"], row["deliveries"]) for row in rows] == [
        (10, "city", 1),
        (20, "city", 1),
    ]
    assert [row["median_late_seconds"] for row in rows] == [60.0, -300.0]
    assert [row["within_three_minutes"] for row in rows] == [1, 0]


async def test_what_a_key_may_not_do_names_the_permission(
    client: httpx.AsyncClient, database: Database, actor: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        opened = await a_delivery(tx, now)
    reader = await api_key_of(database, actor, "delivery.read")
    client.headers["authorization"] = f"Bearer {reader}"
    refused = {
        ("POST", "/v1/drivers"): (DRIVER, "delivery.fleet"),
        ("POST", f"/v1/deliveries/{opened.id}/assignment"): ({"auto": True}, "delivery.dispatch"),
        ("POST", f"/v1/deliveries/{opened.id}/door-code"): (None, "delivery.override"),
        ("GET", f"/v1/deliveries/{opened.id}/track"): (None, "delivery.playback"),
        ("GET", "/v1/deliveries/live"): (None, "delivery.watch"),
        ("GET", "/v1/driver/day"): (None, "delivery.drive"),
        ("PUT", "/v1/delivery-policy"): ({}, "delivery.settings"),
    }
    for (method, path), (body, permission) in refused.items():
        answer = await client.request(method, path, json=body)
        assert (answer.status_code, answer.json().get("permission")) == (403, permission), path
    assert (await client.get("/v1/deliveries")).status_code == 200


async def test_a_person_linked_to_a_driver_drives_from_the_browser(
    app: Litestar, database: Database, actor: Actor, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        made, key = await identity.add_api_key(tx, name="Ravi", grants=["delivery.drive"], now=now)
        driver = await service.add_driver(
            tx, name="Ravi Kumar", phone="+919845055555", user_id=made.id, now=now
        )
    when = database.clock.now()
    async with visitor(app) as browser:
        browser.headers["authorization"] = f"Bearer {key}"
        day = await browser.get("/v1/driver/day")
        ping = {"at": when.isoformat(), "lat": HUB[0], "lon": HUB[1]}
        answers = [await browser.post("/v1/driver/pings", json={"pings": [ping]}) for _ in range(2)]
    assert day.json()["driver"]["id"] == str(driver.id)
    assert [answer.json()["accepted"] for answer in answers] == [1, 0]
    async with database.transaction(boss) as tx:
        (live,) = await service.live_positions(tx, now=when)
        (browser_device,) = await service.list_devices(tx, driver.id)
    assert (live.driver_id, browser_device.name) == (driver.id, "Browser")
    other = await api_key_of(database, actor, "delivery.drive")
    async with visitor(app) as nobody:
        nobody.headers["authorization"] = f"Bearer {other}"
        refused = await nobody.get("/v1/driver/day")
    assert (refused.status_code, refused.json()["permission"]) == (403, "delivery.drive")
