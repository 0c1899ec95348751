"""A delivery through its whole life, and every way it is refused."""

import asyncio
import itertools
from datetime import date, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from tandem.contracts.delivery import DeliveryCreated, DeliveryStatusChanged
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, IllegalMove, NotFound
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.deliveries import DriverFull, NobodyAvailable, Report
from tandem.scm.delivery.domain.fleet import DriverInactive, UnknownDriver
from tandem.scm.delivery.domain.proofs import ProofKind, ProofMissing
from tandem.scm.delivery.domain.runs import NotTheRunsStops
from tandem.scm.delivery.domain.statuses import NotYours, Status
from tests.delivery.givens import (
    DOOR,
    HUB,
    a_delivery,
    a_driver,
    brought_to,
    ready,
    statuses_of,
    topics_of,
)
from tests.delivery.positions import stand_at
from tests.delivery.traces import at


async def test_opening_twice_makes_one_delivery_with_one_link(
    database: Database, boss: Actor, now: datetime
) -> None:
    event = ready(cod_minor=49_900)
    async with database.transaction(boss) as tx:
        first = await service.open_delivery(tx, event=event, order_number="ORD-1", now=now)
    async with database.transaction(boss) as tx:
        second = await service.open_delivery(tx, event=event, now=now)
        assert second == first
        assert await statuses_of(tx, first.id) == ["unassigned"]
        assert await topics_of(tx, event.order_id) == [
            DeliveryCreated.topic,
            DeliveryStatusChanged.topic,
        ]
    assert len(first.public_token) == 22
    assert (first.order_number, first.shipment_number) == ("ORD-1", event.number)
    assert (first.cod_minor, first.proof_policy) == (49_900, [ProofKind.OTP])


async def test_a_parcel_goes_from_the_hub_into_the_right_hands(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(boss) as tx:
        code = await service.door_code(tx, opened.id)
    later = now + timedelta(minutes=30)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        told = Report(status=Status.DELIVERED, door_code=code)
        done = await service.report(tx, opened.id, told, now=later)
    assert (done.status, done.closed_at) == (Status.DELIVERED, later)
    async with database.transaction(boss) as tx:
        assert await statuses_of(tx, opened.id) == [
            "unassigned",
            "assigned",
            "accepted",
            "at_pickup",
            "picked_up",
            "en_route",
            "arriving",
            "arrived",
            "delivered",
        ]
        topics = await topics_of(tx, opened.order_id)
        assert topics.count("delivery.status_changed.v1") == 9
        assert topics.count("delivery.assigned.v1") == 1
        assert topics.count("delivery.door_code_requested.v1") == 1
        runs = await service.list_runs(tx)
        assert runs.items[0].closed_at == later


async def test_an_illegal_move_changes_nothing_and_tells_nobody(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    before = await brought_to(database, boss.org_id, crew, opened.id, Status.ACCEPTED, now)
    with pytest.raises(IllegalMove) as refusal:
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            await service.report(tx, opened.id, Report(status=Status.EN_ROUTE), now=now)
    assert refusal.value.facts == {
        "from": "accepted",
        "to": "en_route",
        "allowed": ["at_pickup", "cancelled", "failed", "unassigned"],
    }
    async with database.transaction(boss) as tx:
        assert await service.get_delivery(tx, opened.id) == before
        assert await statuses_of(tx, opened.id) == ["unassigned", "assigned", "accepted"]


async def test_a_stop_changes_hands_until_it_is_picked_up(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        ravi, mary = await a_driver(tx, now), await a_driver(tx, now, "Mary D'Souza")
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, ravi, opened.id, Status.AT_PICKUP, now)
    async with database.transaction(boss) as tx:
        given = await service.assign(tx, opened.id, driver_id=mary.driver.id, now=now)
        again = await service.assign(tx, opened.id, driver_id=mary.driver.id, now=now)
    assert (given.status, given.driver_id, again) == (Status.ASSIGNED, mary.driver.id, given)
    with pytest.raises(NotYours):
        async with database.transaction(ravi.actor(boss.org_id)) as tx:
            await service.report(tx, opened.id, Report(status=Status.PICKED_UP), now=now)
    await brought_to(database, boss.org_id, mary, opened.id, Status.PICKED_UP, now)
    with pytest.raises(IllegalMove):
        async with database.transaction(boss) as tx:
            await service.assign(tx, opened.id, driver_id=ravi.driver.id, now=now)
    async with database.transaction(boss) as tx:
        assert (await statuses_of(tx, opened.id))[-6:] == [
            "at_pickup",
            "unassigned",
            "assigned",
            "accepted",
            "at_pickup",
            "picked_up",
        ]


async def test_automatic_assignment_takes_the_nearest_with_room(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        policy, _ = await service.get_policy(tx)
        policy = msgspec.structs.replace(policy, pickup_lat=HUB[0], pickup_lon=HUB[1])
        await service.set_policy(tx, policy, now=now)
        far, near = await a_driver(tx, now, "Far Away"), await a_driver(tx, now, "Near By")
        full = await a_driver(tx, now, "Full Up", stops_max=1)
        off = await a_driver(tx, now, "Off Duty")
        await service.end_shift(tx, off.driver.id, now=now)
        busy = await a_delivery(tx, now)
        await service.assign(tx, busy.id, driver_id=full.driver.id, now=now)
        opened = await a_delivery(tx, now)
        unseen = await a_driver(tx, now, "Un Seen")
    for crew, metres in ((far, 4_000.0), (near, 700.0), (full, 10.0), (off, 5.0)):
        await stand_at(database, boss.org_id, crew, at(*HUB, metres, 0.0), now)
    async with database.transaction(boss) as tx:
        given = await service.assign(tx, opened.id, driver_id=None, now=now)
    assert given.driver_id == near.driver.id
    assert unseen.driver.id != given.driver_id


async def test_nobody_on_shift_refuses_and_leaves_the_delivery_waiting(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        await service.end_shift(tx, crew.driver.id, now=now)
        opened = await a_delivery(tx, now)
    with pytest.raises(NobodyAvailable):
        async with database.transaction(boss) as tx:
            await service.assign(tx, opened.id, driver_id=None, now=now)
    async with database.transaction(boss) as tx:
        assert (await service.get_delivery(tx, opened.id)) == opened


async def test_a_driver_who_is_full_gone_or_unknown_gets_nothing(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now, stops_max=1)
        one, two = await a_delivery(tx, now), await a_delivery(tx, now)
        await service.assign(tx, one.id, driver_id=crew.driver.id, now=now)
    with pytest.raises(DriverFull):
        async with database.transaction(boss) as tx:
            await service.assign(tx, two.id, driver_id=crew.driver.id, now=now)
    with pytest.raises(UnknownDriver):
        async with database.transaction(boss) as tx:
            await service.assign(tx, two.id, driver_id=uuid4(), now=now)
    async with database.transaction(boss) as tx:
        away = msgspec.structs.replace(crew.driver, is_active=False)
        await service.change_driver(tx, away, now=now)
    with pytest.raises(DriverInactive):
        async with database.transaction(boss) as tx:
            await service.assign(tx, two.id, driver_id=crew.driver.id, now=now)


async def test_an_offer_nobody_answers_goes_to_the_next_and_then_back(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        near, far = await a_driver(tx, now, "Near By"), await a_driver(tx, now, "Far Away")
        opened = await a_delivery(tx, now)
    await stand_at(database, boss.org_id, near, at(*DOOR, 300.0, 0.0), now)
    await stand_at(database, boss.org_id, far, at(*DOOR, 3_000.0, 0.0), now)
    async with database.transaction(boss) as tx:
        offered = await service.offer(tx, opened.id, driver_id=None, now=now)
    assert (offered.driver_id, offered.offered_until) == (
        near.driver.id,
        now + timedelta(seconds=60),
    )
    async with database.transaction(boss) as tx:
        assert await service.expire_offers(tx, now=now + timedelta(seconds=59)) == 0
        assert await service.expire_offers(tx, now=now + timedelta(seconds=61)) == 1
        second = await service.get_delivery(tx, opened.id)
    assert (second.status, second.driver_id) == (Status.OFFERED, far.driver.id)
    async with database.transaction(far.actor(boss.org_id)) as tx:
        no = Report(status=Status.UNASSIGNED, reason="flat tyre")
        free = await service.report(tx, opened.id, no, now=now)
    assert (free.status, free.driver_id) == (Status.UNASSIGNED, None)
    async with database.transaction(boss) as tx:
        rows = await service.list_statuses(tx, opened.id)
    assert [(row.status, row.reason) for row in rows][1:] == [
        ("offered", ""),
        ("unassigned", "offer timed out"),
        ("offered", ""),
        ("unassigned", "declined: flat tyre"),
    ]


async def test_an_accepted_offer_is_assigned_and_accepted_in_two_rows(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
        await service.offer(tx, opened.id, driver_id=crew.driver.id, now=now)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        yes = await service.report(tx, opened.id, Report(status=Status.ACCEPTED), now=now)
    assert (yes.status, yes.stop_seq, yes.offered_until) == (Status.ACCEPTED, 1, None)
    async with database.transaction(boss) as tx:
        assert await statuses_of(tx, opened.id) == [
            "unassigned",
            "offered",
            "assigned",
            "accepted",
        ]


async def test_a_failed_attempt_is_tried_again_with_a_new_code(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(boss) as tx:
        old = await service.door_code(tx, opened.id)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        nobody = Report(status=Status.FAILED, reason="customer_absent")
        failed = await service.report(tx, opened.id, nobody, now=now)
    assert failed.reason == "customer_absent"
    tomorrow = date(2026, 11, 23)
    async with database.transaction(boss) as tx:
        planned = await service.schedule_reattempt(tx, opened.id, on=tomorrow, reason="", now=now)
        assert await service.door_code(tx, opened.id) != old
    assert (planned.attempt, planned.next_attempt_on, planned.driver_id) == (2, tomorrow, None)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(boss) as tx:
        topics = await topics_of(tx, opened.order_id)
        assert topics.count("delivery.door_code_requested.v1") == 2


async def test_a_cancelled_shipment_ends_its_delivery_or_calls_the_goods_back(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        early, late = await a_delivery(tx, now), await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, early.id, Status.AT_PICKUP, now)
    await brought_to(database, boss.org_id, crew, late.id, Status.EN_ROUTE, now)
    async with database.transaction(boss) as tx:
        for opened, status in ((early, Status.CANCELLED), (late, Status.RETURNING)):
            ended = await service.cancel_delivery(
                tx, shipment_id=opened.shipment_id, reason="buyer changed mind", now=now
            )
            assert ended is not None
            assert ended.status is status
        assert await service.cancel_delivery(tx, shipment_id=uuid4(), reason="", now=now) is None
        again = await service.cancel_delivery(
            tx, shipment_id=early.shipment_id, reason="again", now=now
        )
        assert again is not None
        assert again.reason == "buyer changed mind"
        back = await service.set_status(
            tx, late.id, status=Status.RETURNED, reason="at the hub", now=now
        )
    assert back.closed_at == now


async def test_stops_are_driven_in_the_order_given_or_the_nearest_next(
    database: Database, boss: Actor, now: datetime
) -> None:
    places = [at(*HUB, metres, 0.0) for metres in (3_000.0, 1_000.0, 2_000.0)]
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        stops = [await a_delivery(tx, now, door=place) for place in places]
        for stop in stops:
            given = await service.assign(tx, stop.id, driver_id=crew.driver.id, now=now)
        assert given.run_id is not None
        run_id = given.run_id
        ids = [stop.id for stop in stops]
        run = await service.get_run(tx, run_id)
        assert [stop.id for stop in run.stops] == ids
    await stand_at(database, boss.org_id, crew, HUB, now)
    async with database.transaction(boss) as tx:
        run = await service.order_stops(tx, run_id, delivery_ids=None, now=now)
        assert [stop.id for stop in run.stops] == [ids[1], ids[2], ids[0]]
        assert [stop.stop_seq for stop in run.stops] == [1, 2, 3]
        run = await service.order_stops(tx, run_id, delivery_ids=ids, now=now)
        assert [stop.id for stop in run.stops] == ids
        with pytest.raises(NotTheRunsStops):
            await service.order_stops(tx, run_id, delivery_ids=ids[:2], now=now)


async def test_two_dispatchers_at_once_give_a_delivery_to_one_driver(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crews = [await a_driver(tx, now, f"Driver {letter}") for letter in "abcd"]
        opened = await a_delivery(tx, now)

    async def give(index: int) -> None:
        async with database.transaction(boss) as tx:
            await service.assign(tx, opened.id, driver_id=crews[index % 4].driver.id, now=now)

    await asyncio.gather(*(give(index) for index in range(16)))
    async with database.transaction(boss) as tx:
        final = await service.get_delivery(tx, opened.id)
        rows = await service.list_statuses(tx, opened.id)
    assert final.status is Status.ASSIGNED
    assert rows[-1].status is Status.ASSIGNED
    for before, after in itertools.pairwise(rows):
        assert (before.status, after.status) in {
            ("unassigned", "assigned"),
            ("assigned", "unassigned"),
        }


async def test_writing_a_status_by_hand_needs_the_same_proofs_and_leaves_an_audit_row(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    with pytest.raises(ProofMissing) as refusal:
        async with database.transaction(boss) as tx:
            await service.set_status(
                tx, opened.id, status=Status.DELIVERED, reason="called her", now=now
            )
    assert refusal.value.facts["missing"] == ["otp"]
    async with database.transaction(boss) as tx:
        await service.set_proof_policy(
            tx, opened.id, kinds=[], reason="her phone is broken", now=now
        )
        done = await service.set_status(
            tx, opened.id, status=Status.DELIVERED, reason="called her", now=now
        )
    assert done.status is Status.DELIVERED


async def test_dispatching_needs_the_permission(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    reader = Actor(org_id=boss.org_id, user_id=uuid4(), grants=frozenset({"delivery.read"}))
    with pytest.raises(Forbidden):
        async with database.transaction(reader) as tx:
            await service.assign(tx, opened.id, driver_id=crew.driver.id, now=now)
    with pytest.raises(Forbidden):
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            await service.get_delivery(tx, opened.id)


async def test_another_companys_delivery_does_not_exist(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    stranger = Actor.system(uuid4())
    with pytest.raises(NotFound):
        async with database.transaction(stranger) as tx:
            await service.get_delivery(tx, opened.id)


async def test_a_driver_with_room_for_one_takes_the_one_that_was_offered(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now, stops_max=1)
        opened = await a_delivery(tx, now)
        await service.offer(tx, opened.id, driver_id=crew.driver.id, now=now)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        yes = await service.report(tx, opened.id, Report(status=Status.ACCEPTED), now=now)
    assert yes.status is Status.ACCEPTED
