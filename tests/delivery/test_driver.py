"""The driver's phone over HTTP: the offline queue, the day, signing in."""

import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
from litestar import Litestar

from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.delivery.jobs import send_sign_in_codes
from tests.delivery.givens import (
    DOOR,
    PNG,
    Crew,
    a_delivery,
    a_driver,
    brought_to,
    phone_of,
    statuses_of,
    wrong,
)
from tests.delivery.traces import at
from tests.givens import visitor


def event(delivery_id: UUID, status: str, when: datetime, **more: Any) -> dict[str, Any]:
    return {
        "client_event_id": str(uuid4()),
        "delivery_id": str(delivery_id),
        "status": status,
        "at": when.isoformat(),
        **more,
    }


async def test_twenty_minutes_offline_are_taken_over_in_the_phones_order(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD12: three statuses and a photo, a stale version, one conflict; nothing lost."""
    before = now - timedelta(hours=1)
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, before, proofs=[ProofKind.PHOTO])
        lost = await a_delivery(tx, before)
    await brought_to(database, boss.org_id, crew, opened.id, Status.AT_PICKUP, before)
    await brought_to(database, boss.org_id, crew, lost.id, Status.AT_PICKUP, before)
    async with database.transaction(boss) as tx:
        await service.unassign(tx, lost.id, reason="gone to another", now=before)
    back = database.clock.now()
    behind = timedelta(seconds=90)
    then = back - timedelta(minutes=20)
    events = [
        event(opened.id, "arrived", then + timedelta(minutes=15), reason="no signal"),
        event(opened.id, "picked_up", then + timedelta(minutes=1), seen_version=1),
        event(lost.id, "picked_up", then + timedelta(minutes=2), seen_version=4),
        event(opened.id, "en_route", then + timedelta(minutes=3), seen_version=1),
    ]
    for one in events:
        one["at"] = (datetime.fromisoformat(one["at"]) - behind).isoformat()
    queue = {"events": events, "sent_at": (back - behind).isoformat()}
    async with phone_of(app, crew) as phone:
        photo = await phone.post(
            f"/v1/driver/deliveries/{opened.id}/proofs",
            data={
                "kind": "photo",
                "at": (then + timedelta(minutes=16) - behind).isoformat(),
                "sent_at": (database.clock.now() - behind).isoformat(),
            },
            files={"file": ("a.png", PNG, "image/png")},
        )
        assert photo.status_code == 201, photo.text
        answer = await phone.post("/v1/driver/events", json=queue)
        again = await phone.post("/v1/driver/events", json=queue)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["outcome"] for result in results] == [
        "applied",
        "applied",
        "conflict",
        "applied",
    ]
    assert results[2]["problem"]["code"] == "not_your_delivery"
    assert [one["outcome"] for one in again.json()["results"]] == ["known"] * 4
    await _ended_where_the_phone_was(database, boss, opened.id, lost.id, then)


async def _ended_where_the_phone_was(
    database: Database, boss: Actor, opened: UUID, lost: UUID, then: datetime
) -> None:
    async with database.transaction(boss) as tx:
        rows = await service.list_statuses(tx, opened)
        told = [(row.status, row.occurred_at) for row in rows[-3:]]
        assert [status for status, _ in told] == ["picked_up", "en_route", "arrived"]
        for (_, occurred_at), minutes in zip(told, (1, 3, 15), strict=True):
            assert abs(occurred_at - then - timedelta(minutes=minutes)) < timedelta(seconds=10)
        assert await statuses_of(tx, lost) == [
            "unassigned",
            "assigned",
            "accepted",
            "at_pickup",
            "unassigned",
            "!picked_up",
        ]
        assert (await service.get_delivery(tx, lost)).status is Status.UNASSIGNED


async def test_uploads_that_overtake_each_other_end_where_the_phone_was(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    before = now - timedelta(hours=1)
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, before)
    await brought_to(database, boss.org_id, crew, opened.id, Status.AT_PICKUP, before)
    then = database.clock.now() - timedelta(minutes=20)
    late = event(opened.id, "picked_up", then)
    early = event(opened.id, "en_route", then + timedelta(minutes=2))
    async with phone_of(app, crew) as phone:
        first = await phone.post("/v1/driver/events", json={"events": [early]})
        second = await phone.post("/v1/driver/events", json={"events": [late]})
    assert first.json()["results"][0]["outcome"] == "conflict"
    assert second.json()["results"][0]["status"] == "en_route"
    async with database.transaction(boss) as tx:
        assert (await statuses_of(tx, opened.id))[-3:] == ["!en_route", "picked_up", "en_route"]


async def test_whoever_reports_arrival_at_the_door_was_arriving_a_moment_ago(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    path = f"/v1/driver/deliveries/{opened.id}/statuses"
    far, near = at(*DOOR, 400.0, 0.0), at(*DOOR, 60.0, 0.0)
    async with phone_of(app, crew) as phone:
        told = {"status": "arrived", "lat": far[0], "lon": far[1]}
        refused = await phone.post(path, json=told)
        assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing")
        told = {"status": "arrived", "lat": near[0], "lon": near[1]}
        assert (await phone.post(path, json=told)).json()["status"] == "arrived"
    async with database.transaction(boss) as tx:
        assert (await statuses_of(tx, opened.id))[-2:] == ["arriving", "arrived"]


async def test_a_drivers_day_lists_their_stops_and_nobody_elses(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        mary = await a_driver(tx, now, "Mary D'Souza")
        mine, hers = await a_delivery(tx, now), await a_delivery(tx, now)
        await service.offer(tx, mine.id, driver_id=crew.driver.id, now=now)
        await service.assign(tx, hers.id, driver_id=mary.driver.id, now=now)
    async with phone_of(app, crew) as phone:
        day = (await phone.get("/v1/driver/day")).json()
        path = f"/v1/driver/deliveries/{hers.id}/statuses"
        other = await phone.post(path, json={"status": "accepted"})
        staff = await phone.get("/v1/deliveries")
    assert [stop["delivery_id"] for stop in day["stops"]] == [str(mine.id)]
    assert day["stops"][0]["allowed"] == ["accepted", "unassigned"]
    assert day["stops"][0]["ship_to"]["line1"] == "14, 3rd Cross"
    assert "public_token" not in day["stops"][0]
    assert other.status_code == 404
    assert (staff.status_code, staff.json()["permission"]) == (403, "delivery.read")


async def test_a_driver_signs_in_with_a_texted_code_once(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    from tandem.kernel.db import Query

    events = Query(
        """
        select payload from kernel.event
         where org_id = :org_id and topic = 'delivery.driver_code_requested.v1'
         order by seq
        """
    )
    phone = crew.driver.phone
    async with visitor(app) as caller:
        unknown = await caller.post("/v1/public/driver-sign-in-codes", json={"phone": "+911111111"})
        asked = await caller.post("/v1/public/driver-sign-in-codes", json={"phone": phone})
        assert (unknown.status_code, asked.status_code) == (202, 202)
        assert unknown.json() == asked.json()
        # Only the worker looks whether anybody has the number: the two are alike until then.
        async with database.transaction(boss) as tx:
            assert await tx.records(events) == []
        for number in ("+911111111", phone):
            await send_sign_in_codes(Work(database, Resources(), INSTALLATION), number)
        async with database.transaction(boss) as tx:
            (told,) = await tx.records(events)
            code = await service.sign_in_code(tx, UUID(told["payload"]["code_id"]))
        assert code not in str(told["payload"])
        tries = [
            {"phone": "+911111111", "code": code},
            {"phone": phone, "code": wrong(code)},
            {"phone": phone, "code": code},
            {"phone": phone, "code": code},
        ]
        answers = [await caller.post("/v1/public/driver-sessions", json=one) for one in tries]
    assert [answer.status_code for answer in answers] == [401, 401, 201, 401]
    assert answers[0].json() == answers[1].json() == answers[3].json()
    async with visitor(app) as caller:
        caller.headers["authorization"] = f"Bearer {answers[2].json()['token']}"
        day = await caller.get("/v1/driver/day")
    assert day.json()["driver"]["id"] == str(crew.driver.id)


async def test_five_wrong_sign_in_codes_use_the_code_up(
    app: Litestar, database: Database, boss: Actor, crew: Crew
) -> None:
    await send_sign_in_codes(Work(database, Resources(), INSTALLATION), crew.driver.phone)
    from tandem.kernel.db import Query

    latest = Query(
        """
        select id from delivery.sign_in_code
         where org_id = :org_id and driver_id = :driver_id
         order by created_at desc limit 1
        """
    )
    async with database.transaction(boss) as tx:
        code_id = await tx.value(latest, driver_id=crew.driver.id)
        code = await service.sign_in_code(tx, code_id)
    async with visitor(app) as caller:
        given = [wrong(code)] * 5 + [code]
        answers = [
            await caller.post(
                "/v1/public/driver-sessions", json={"phone": crew.driver.phone, "code": one}
            )
            for one in given
        ]
    assert [answer.status_code for answer in answers] == [401] * 6


async def test_a_revoked_device_is_unknown_everywhere(
    app: Litestar, client: httpx.AsyncClient, crew: Crew
) -> None:
    path = f"/v1/drivers/{crew.driver.id}/devices"
    made = (await client.post(path, json={"name": "Spare"})).json()
    assert made["token"].startswith("tdd_")
    gone = await client.delete(f"{path}/{made['device']['id']}")
    assert gone.status_code == 204
    basic = base64.b64encode(f"me:{made['token']}".encode()).decode()
    async with visitor(app) as caller:
        bearer = {"authorization": f"Bearer {made['token']}"}
        answers = [
            await caller.get("/v1/driver/day", headers=bearer),
            await caller.get(f"/v1/driver/osmand?id={made['token']}&lat=1&lon=2"),
            await caller.post(
                "/v1/driver/owntracks",
                json={"_type": "location", "lat": 1, "lon": 2, "tst": 1},
                headers={"authorization": f"Basic {basic}"},
            ),
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    listed = (await client.get(path)).json()["items"]
    assert [device["name"] for device in listed] == ["Phone"]
