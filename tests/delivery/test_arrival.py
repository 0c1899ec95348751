"""Vehicles that come near: arriving, arrived, and no flapping."""

from datetime import datetime, timedelta

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.eta import Leg, Route
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.delivery.service import etas
from tests.delivery.givens import (
    DOOR,
    HUB,
    Crew,
    a_delivery,
    brought_to,
    statuses_of,
    topics_of,
)
from tests.delivery.positions import send
from tests.delivery.traces import at, ping

CROSSINGS = Query(
    """
    select edge, occurred_at from delivery.fence_crossing
     where org_id = :org_id and delivery_id = :delivery_id
     order by occurred_at
    """
)

JOBS = Query(
    "select count(*) from jobs.pgqueuer where entrypoint = :name and :org_id::uuid is not null",
)


EMPTY = Query("delete from jobs.pgqueuer where :org_id::uuid is not null")


async def test_a_vehicle_that_comes_near_is_arriving_and_then_arrived_by_its_own_clock(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    way = [1_000.0, 900.0, 801.0, 790.0, 400.0, 99.0, 60.0, 20.0]
    for index, metres in enumerate(way):
        when = now + timedelta(seconds=30 * index)
        told = ping(when, at(*DOOR, -metres, 0.0), speed_mps=9.0)
        await send(database, boss.org_id, crew, [told], when + timedelta(seconds=4))
        async with database.transaction(boss) as tx:
            status = (await service.get_delivery(tx, opened.id)).status
        expected = "en_route" if index < 3 else "arriving" if index < 6 else "arrived"
        assert status == expected, metres
    async with database.transaction(boss) as tx:
        rows = await service.list_statuses(tx, opened.id)
        arrived = await service.get_delivery(tx, opened.id)
        topics = await topics_of(tx, opened.order_id)
    assert [(row.status, row.actor_kind) for row in rows[-2:]] == [
        ("arriving", "system"),
        ("arrived", "system"),
    ]
    assert arrived.arrived_at == now + timedelta(seconds=30 * 5)
    assert rows[-1].received_at == now + timedelta(seconds=30 * 6 + 4)
    assert topics.count("delivery.door_code_requested.v1") == 1


async def test_ten_minutes_of_zigzag_arrive_once(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD7, through pings: 30 m to and fro around the fence."""
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    for minute in range(10):
        start = now + timedelta(minutes=minute)
        pings = [
            ping(
                start + timedelta(seconds=2 * step),
                at(*DOOR, -100.0 + (30.0 if (step // 3) % 2 else -30.0), 0.0),
                speed_mps=10.0,
            )
            for step in range(30)
        ]
        await send(database, boss.org_id, crew, pings, start + timedelta(minutes=1))
    async with database.transaction(boss) as tx:
        crossings = await tx.records(CROSSINGS, delivery_id=opened.id)
        assert [row["edge"] for row in crossings] == ["enter"]
        assert (await statuses_of(tx, opened.id)).count("arrived") == 1


async def test_a_whole_drive_in_one_late_upload_arrives_at_the_time_it_did(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    pings = [
        ping(
            now + timedelta(seconds=5 * step),
            at(*HUB, min(50.0 * step, 990.0), 0.0),
            speed_mps=9.0 if step < 20 else 0.0,
        )
        for step in range(80)
    ]
    taken = await send(database, boss.org_id, crew, pings, now + timedelta(minutes=30))
    assert len(taken.movements[0].fixes) == 80
    async with database.transaction(boss) as tx:
        assert (await statuses_of(tx, opened.id))[-2:] == ["arriving", "arrived"]
        arrived = await service.get_delivery(tx, opened.id)
    assert arrived.arrived_at == now + timedelta(seconds=5 * 19)


async def test_a_later_stop_is_not_arriving_while_another_comes_first(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        first = await a_delivery(tx, now, door=at(*HUB, 5_000.0, 0.0))
        second = await a_delivery(tx, now, door=at(*HUB, 700.0, 0.0))
    for stop in (first, second):
        await brought_to(database, boss.org_id, crew, stop.id, Status.EN_ROUTE, now)
    for step in range(3):
        when = now + timedelta(seconds=10 * step)
        await send(database, boss.org_id, crew, [ping(when, at(*HUB, 9.0 * step, 0.0))], when)
    async with database.transaction(boss) as tx:
        assert (await service.get_delivery(tx, second.id)).status is Status.EN_ROUTE


async def test_five_minutes_away_is_arriving_whatever_the_distance(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now, door=at(*HUB, 3_000.0, 0.0))
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    await send(database, boss.org_id, crew, [ping(now, HUB)], now)
    for seconds, status in ((301.0, Status.EN_ROUTE), (299.0, Status.ARRIVING)):
        async with database.transaction(boss) as tx:
            question = await etas.ask(tx, crew.driver.id, now=now)
            assert question is not None
            route = Route(
                legs=[Leg(distance_m=3_600.0, duration_s=seconds)],
                points=[Point(*HUB)],
                source="city",
            )
            assert await etas.record(tx, question, route, now=now) == [opened.id]
            assert (await service.get_delivery(tx, opened.id)).status is status


async def test_a_new_eta_is_asked_for_after_a_minute_or_half_a_kilometre(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now, door=at(*HUB, 9_000.0, 0.0))
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)

    async def drive(seconds: int, metres: float) -> int:
        when = now + timedelta(seconds=seconds)
        await send(database, boss.org_id, crew, [ping(when, at(*HUB, metres, 0.0))], when)
        async with database.transaction(boss) as tx:
            waiting = int(await tx.value(JOBS, name="delivery.refresh_eta"))
            await tx.run(EMPTY)
            return waiting

    async with database.transaction(boss) as tx:
        await tx.run(EMPTY)
    assert await drive(0, 0.0) == 1
    async with database.transaction(boss) as tx:
        question = await etas.ask(tx, crew.driver.id, now=now)
        assert question is not None
        route = Route(
            legs=[Leg(distance_m=9_900.0, duration_s=1_500.0)],
            points=[Point(*HUB)],
            source="city",
        )
        await etas.record(tx, question, route, now=now)
    assert await drive(20, 300.0) == 0
    assert await drive(40, 480.0) == 0
    assert await drive(50, 505.0) == 1
    assert await drive(61, 520.0) == 1


async def test_fixes_from_before_it_set_out_arrive_nowhere(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    passing = [ping(now - timedelta(seconds=20 - 5 * step), DOOR) for step in range(4)]
    away = ping(now + timedelta(seconds=60), at(*DOOR, -1_500.0, 0.0))
    await send(database, boss.org_id, crew, [*passing, away], now + timedelta(seconds=61))
    async with database.transaction(boss) as tx:
        assert (await service.get_delivery(tx, opened.id)).status is Status.EN_ROUTE


async def test_the_next_estimate_knows_how_fast_vehicles_were_here(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """25 km by crow in 2,500 s, in two ways: 10 m/s from then on."""
    for number in range(2):
        start = now + timedelta(hours=number)
        async with database.transaction(boss) as tx:
            opened = await a_delivery(tx, start, door=at(*HUB, 12_500.0, 0.0))
        await send(database, boss.org_id, crew, [ping(start, HUB)], start)
        await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, start)
        async with database.transaction(boss) as tx:
            question = await etas.ask(tx, crew.driver.id, now=start)
            assert question is not None
            assert question.crow_mps == 7.5 / 1.4
            for status in (Status.ARRIVING, Status.ARRIVED):
                arrived = start + timedelta(seconds=1_250)
                await service.set_status(tx, opened.id, status=status, reason="seen", now=arrived)
            await service.set_status(
                tx, opened.id, status=Status.FAILED, reason="refused", now=arrived
            )
            await service.set_status(
                tx, opened.id, status=Status.RETURNING, reason="refused", now=arrived
            )
    last = now + timedelta(hours=2)
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, last)
    await send(database, boss.org_id, crew, [ping(last, HUB)], last)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, last)
    async with database.transaction(boss) as tx:
        question = await etas.ask(tx, crew.driver.id, now=last)
    assert question is not None
    assert abs(question.crow_mps - 10.0) < 0.2
