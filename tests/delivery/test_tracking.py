"""What a stranger with a link sees, and what a stranger without one does not."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import msgspec
from litestar import Litestar

from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.deliveries import Delivery, Report
from tandem.scm.delivery.domain.eta import Leg, Route
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.delivery.domain.visibility import Tracking
from tandem.scm.delivery.service import etas
from tests.delivery.conftest import Hands
from tests.delivery.givens import (
    DOOR,
    HUB,
    PHONE,
    Crew,
    a_delivery,
    a_driver,
    brought_to,
)
from tests.delivery.positions import stand_at
from tests.delivery.traces import at
from tests.givens import visitor

ALLOWED_FIELDS = {
    "tracking_id",
    "order_number",
    "shipment_number",
    "status",
    "state",
    "sight",
    "steps",
    "vehicle_location",
    "route_polyline_points",
    "route_source",
    "remaining_stop_count",
    "remaining_driving_distance_meters",
    "estimated_arrival_time",
    "estimated_minutes",
    "eta_confidence",
    "warnings",
    "task_outcome",
    "task_outcome_time",
    "planned_location",
    "promised_on",
    "expected_on",
    "driver_first_name",
    "vehicle_kind",
    "vehicle_plate",
    "proofs",
    "needs_code",
    "other_parcels",
    "cash_due_minor",
    "currency",
    "event_id",
}


async def tracked(app: Litestar, token: str) -> httpx.Response:
    async with visitor(app) as caller:
        return await caller.get(f"/v1/public/track/{token}")


def check_live(live: dict[str, Any]) -> None:
    """The vehicle stands at the hub, was heard of just now, and comes here next."""
    assert (live["sight"], live["remaining_stop_count"]) == ("live", 0)
    location = live["vehicle_location"]
    assert (location["latitude"], location["longitude"]) == (round(HUB[0], 5), round(HUB[1], 5))
    assert location["is_stale"] is False
    assert live["estimated_minutes"] == 5
    assert live["warnings"] == []
    assert live["eta_confidence"] == "high"


def check_nothing_private(
    pictures: Iterable[dict[str, Any]], crew: Crew, other_door: tuple[float, float]
) -> None:
    """No field that is not agreed on; no surname, phone or address, and nobody else's either."""
    for picture in pictures:
        assert set(picture) == ALLOWED_FIELDS
        text = json.dumps(picture)
        for secret in ("Venkataraghavan", crew.driver.phone, crew.driver.phone[-10:], PHONE):
            assert secret not in text
        assert f"{other_door[1]:.3f}" not in text
        assert "9899999999" not in text
        assert "3rd Cross" not in text


async def test_a_link_shows_the_vehicle_only_while_it_is_on_its_way_here(
    app: Litestar, database: Database, boss: Actor, hands: Hands
) -> None:
    """AD9: nothing before pick-up, stops away while others are served, live when next, gone in the
    end; never the surname, the phone or another address."""
    now = database.clock.now()
    other_door = at(*HUB, 0.0, 2_000.0)
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now, "Lakshmi Venkataraghavan")
        other = await a_delivery(tx, now, door=other_door, phone="+919899999999")
        mine = await a_delivery(tx, now)
    await stand_at(database, boss.org_id, crew, HUB, now)

    before = (await tracked(app, mine.public_token)).json()
    assert (before["status"], before["sight"], before["state"]) == ("preparing", "nothing", "OPEN")
    assert before["vehicle_location"] is None
    assert before["driver_first_name"] is None

    await brought_to(database, boss.org_id, crew, other.id, Status.EN_ROUTE, now)
    await brought_to(database, boss.org_id, crew, mine.id, Status.PICKED_UP, now)
    waiting = (await tracked(app, mine.public_token)).json()
    assert (waiting["status"], waiting["sight"]) == ("picked_up", "stops_away")
    assert waiting["remaining_stop_count"] == 1
    assert waiting["vehicle_location"] is None
    assert waiting["route_polyline_points"] == []
    assert waiting["driver_first_name"] == "Lakshmi"

    await fail(database, boss, crew, other, now)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        await service.report(tx, mine.id, Report(status=Status.EN_ROUTE), now=now)
    await ask_for_eta(database, boss, crew)
    live = (await tracked(app, mine.public_token)).json()
    check_live(live)

    hands.forward(timedelta(minutes=6))
    stale = (await tracked(app, mine.public_token)).json()
    assert stale["vehicle_location"]["is_stale"] is True
    assert stale["warnings"] == ["stale_driver_location", "low_confidence_eta"]
    assert stale["eta_confidence"] == "low"

    check_nothing_private((before, waiting, live, stale), crew, other_door)

    await hand_over(database, boss, crew, mine)
    done = (await tracked(app, mine.public_token)).json()
    assert (done["state"], done["task_outcome"]) == ("CLOSED", "SUCCEEDED")
    assert [one["needs_code"] for one in (before, waiting, live, done)] == [True, True, True, False]
    assert done["vehicle_location"] is None
    assert done["proofs"] == ["otp"]
    assert [step["status"] for step in done["steps"]] == [
        "preparing",
        "picked_up",
        "en_route",
        "arriving",
        "arrived",
        "delivered",
    ]
    hands.forward(timedelta(hours=23))
    assert (await tracked(app, mine.public_token)).status_code == 200
    hands.forward(timedelta(hours=2))
    gone = await tracked(app, mine.public_token)
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")


def test_the_public_answer_has_no_field_for_what_it_must_not_tell() -> None:
    """AD9: the schema itself."""
    assert set(Tracking.__struct_fields__) == ALLOWED_FIELDS
    _, parts = msgspec.json.schema_components([Tracking])
    fields = {name for part in parts.values() for name in part.get("properties", {})}
    assert {"latitude", "driver_first_name", "status"} <= fields
    for word in ("phone", "surname", "address", "line1", "recipient", "driver_id", "customer"):
        assert [name for name in fields if word in name] == []


async def fail(
    database: Database, boss: Actor, crew: Crew, delivery: Delivery, now: datetime
) -> None:
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        nobody = Report(status=Status.FAILED, reason="customer_absent: rang twice")
        await service.report(tx, delivery.id, nobody, now=now)


async def hand_over(database: Database, boss: Actor, crew: Crew, delivery: Delivery) -> None:
    now = database.clock.now()
    async with database.transaction(boss) as tx:
        code = await service.door_code(tx, delivery.id)
    driver = crew.actor(boss.org_id)
    for told in (
        Report(status=Status.ARRIVING),
        Report(status=Status.ARRIVED),
        Report(status=Status.DELIVERED, door_code=code),
    ):
        async with database.transaction(driver) as tx:
            await service.report(tx, delivery.id, told, now=now)


async def ask_for_eta(database: Database, boss: Actor, crew: Crew) -> None:
    """As the worker's job does it, with a route of 1.4 km in 5 min 10 s."""
    now = database.clock.now()
    async with database.transaction(boss) as tx:
        question = await etas.ask(tx, crew.driver.id, now=now)
        assert question is not None
        line = [Point(*HUB), Point(*at(*HUB, 500.0, 30.0)), Point(*DOOR)]
        route = Route(legs=[Leg(distance_m=1400.0, duration_s=310.0)], points=line, source="city")
        await etas.record(tx, question, route, now=now)


async def test_a_failed_attempt_is_told_in_our_words_without_the_note(
    app: Litestar, database: Database, boss: Actor, crew: Crew
) -> None:
    now = database.clock.now()
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    await fail(database, boss, crew, opened, now)
    picture = (await tracked(app, opened.public_token)).json()
    assert picture["steps"][-1]["reason"] == "Nobody answered at the address"
    assert "rang twice" not in json.dumps(picture)
    assert picture["sight"] == "nothing"


async def test_an_orders_own_link_tracks_its_delivery(
    app: Litestar, database: Database, boss: Actor
) -> None:
    now = database.clock.now()
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
        (known,) = await tokens.issue(tx, kind="order", entity_ids=[opened.order_id])
        unshipped_order = opened.id
        (unshipped,) = await tokens.issue(tx, kind="order", entity_ids=[unshipped_order])
        (invoice,) = await tokens.issue(tx, kind="invoice", entity_ids=[opened.order_id])
    by_order = (await tracked(app, known)).json()
    assert by_order["shipment_number"] == opened.shipment_number
    early = (await tracked(app, unshipped)).json()
    assert (early["status"], early["steps"]) == ("preparing", [])
    assert (await tracked(app, invoice)).status_code == 404


async def test_an_orders_link_shows_the_parcel_on_its_way_and_names_the_others(
    app: Litestar, database: Database, boss: Actor, crew: Crew
) -> None:
    now, order_id = database.clock.now(), uuid4()
    async with database.transaction(boss) as tx:
        first = await a_delivery(tx, now, order_id=order_id)
        second = await a_delivery(tx, now + timedelta(seconds=1), order_id=order_id)
        (token,) = await tokens.issue(tx, kind="order", entity_ids=[order_id])
    assert (await tracked(app, token)).json()["shipment_number"] == second.shipment_number
    await brought_to(database, boss.org_id, crew, first.id, Status.EN_ROUTE, now)
    shown = (await tracked(app, token)).json()
    assert (shown["shipment_number"], shown["status"]) == (first.shipment_number, "en_route")
    assert shown["other_parcels"] == [
        {
            "tracking_id": second.public_token,
            "shipment_number": second.shipment_number,
            "status": "preparing",
        }
    ]
    assert (await tracked(app, first.public_token)).json()["other_parcels"] == []
    await hand_over(database, boss, crew, first)
    after = (await tracked(app, token)).json()
    assert (after["shipment_number"], after["other_parcels"][0]["status"]) == (
        second.shipment_number,
        "delivered",
    )


async def test_a_renewed_link_replaces_the_old_one(
    app: Litestar, client: httpx.AsyncClient, database: Database, boss: Actor
) -> None:
    now = database.clock.now()
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    renewed = (await client.post(f"/v1/deliveries/{opened.id}/tracking-link")).json()
    assert renewed["public_token"] != opened.public_token
    assert (await tracked(app, opened.public_token)).status_code == 404
    assert (await tracked(app, renewed["public_token"])).status_code == 200


async def test_a_number_alone_finds_nothing_and_guessing_ends_in_429(
    app: Litestar, database: Database, boss: Actor
) -> None:
    """AD10: without the phone nothing but one constant 404, and soon 429."""
    now = database.clock.now()
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    bodies: list[dict[str, Any]] = [
        {"number": opened.order_number},
        {"number": opened.shipment_number, "phone": ""},
        {"number": opened.order_number, "phone": "+919800000000"},
        {"number": "ORD-DOES-NOT-EXIST", "phone": PHONE},
        {"number": "%", "phone": "%"},
    ]
    async with visitor(app) as caller:
        path = "/v1/public/track-lookups"
        answers = [await caller.post(path, json=body) for body in bodies]
        found = [
            await caller.post(path, json={"number": number, "phone": phone})
            for number, phone in (
                (opened.order_number, PHONE),
                (opened.shipment_number.lower(), "098123 45678"),
            )
        ]
        tries = [await caller.post(path, json={"number": f"ORD-{n}"}) for n in range(40)]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, answers[0].content)
    }
    assert [answer.json() for answer in found] == [{"token": opened.public_token}] * 2
    assert {answer.status_code for answer in tries} == {404, 429}
    assert tries[-1].status_code == 429
    assert "retry-after" in tries[-1].headers
    assert all(
        answer.content == answers[0].content for answer in tries if answer.status_code == 404
    )


async def test_a_link_that_never_was_is_not_found(app: Litestar) -> None:
    for token in ("x", "A" * 22, "A" * 400, "%00", "tdd_" + "a" * 20):
        assert (await tracked(app, token)).status_code == 404
